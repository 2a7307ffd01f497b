#!/usr/bin/env bash
# The tests that need a server, once for each server version (docs/versions.md):
#
#   tests/matrix/run.sh [--sample] [VERSION…]      all of 13 14 16 17 18; 15 is what `make test` runs on
#
# --sample: the oldest and the newest, without the demo, and of the tests those that depend most on the version, but
# not on the size of a field: minutes, so that each change can pass it. The newest is one that the system's pg_dump
# is too old for.
# PGBELAY_MATRIX_DIR: where the servers are kept (build/matrix). MATRIX_TESTS: a regular expression of ctest.
set -euo pipefail
cd "$(dirname "$0")/../.."

versions=()
tests='^(server|e2e|fault)\.'
export PGBELAY_CORPUS=all # make test takes a sample
left_out='npm_tools|server\.tap' # they say nothing about the version
demo=yes
if [[ ${1:-} == --sample ]]; then
  shift
  versions=(13 18)
  demo=no
  tests='^e2e\.(round_trip|versions|newer_server)_test$'
  export GTEST_FILTER='-*VeryLongFields*:*Gigabyte*'
fi
[[ $# -gt 0 ]] && versions=("$@")
[[ ${#versions[@]} -gt 0 ]] || versions=(13 14 16 17 18)
tests=${MATRIX_TESTS:-$tests}

dir=$(tests/matrix/folder.sh)
tests/matrix/servers.sh "$dir" "${versions[@]}"

attribute() { # NAME FILES…: the sum of an attribute of the outermost elements
  local name=$1
  shift
  grep -ho "^<testsuites [^>]*" "$@" | grep -o " $name=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'
}

one_version() { # VERSION: runs the tests; the row of the table
  local bin=$dir/pg$1/bin results=$dir/results/$1 begin=$SECONDS status=ok cases failed skipped
  rm -rf "$results"
  mkdir -p "$results"
  export PATH=$bin:$path PGBELAY_TEST_PG_BINDIRS=$bin GTEST_OUTPUT=xml:$results/
  echo "=== PostgreSQL $("$bin/postgres" --version | grep -o '[0-9.]*$'), clients $("$bin/pg_dump" --version | awk '{ print $3 }')"
  if [[ $demo == yes ]]; then
    build/release/pgbelay demo >"$results/demo.log" 2>&1 || { status=FAILED; tail -n 20 "$results/demo.log"; }
  fi
  ctest --test-dir build/dev --output-on-failure -j "$(nproc)" -R "$tests" -E "$left_out" ${CTEST_ARGS:-} || status=FAILED
  cases=$(attribute tests "$results"/*.xml)
  failed=$(attribute failures "$results"/*.xml)
  skipped=$(cat "$results"/*.xml | grep -c '<skipped ' || true) # none is no failure
  [[ $status == ok ]] || result=1
  printf '%-8s %-9s %6d %7d %7d %6d s  %s\n' "$("$bin/postgres" --version | grep -o '[0-9.]*$')" \
    "$("$bin/pg_dump" --version | awk '{ print $3 }')" $((cases - failed - skipped)) "$failed" "$skipped" \
    $((SECONDS - begin)) "$status" >>"$dir/results/table"
}

path=$PATH
result=0
mkdir -p "$dir/results"
: >"$dir/results/table"
for version in "${versions[@]}"; do
  if [[ -x $dir/pg$version/bin/postgres ]]; then
    one_version "$version"
  else
    printf '%-8s skipped: its server could not be had (above)\n' "$version" >>"$dir/results/table"
  fi
done
printf '\n%-8s %-9s %6s %7s %7s %8s  %s\n' server clients passed failed skipped time ''
cat "$dir/results/table"
of_this_run=("${versions[@]/#/$dir/results/}")
if grep -rqs '<skipped ' "${of_this_run[@]}"; then
  echo
  echo "why tests were skipped:"
  grep -rhos '<skipped message="[^"]*' "${of_this_run[@]}" | sed 's/.*&#x0A;//; s/<skipped message="/  /' | sort | uniq -c
fi
exit "$result"
