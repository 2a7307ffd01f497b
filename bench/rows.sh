#!/usr/bin/env bash
# The rows of docs/performance.md, started by run.sh with a server beside it.
#
# Each round measures every side once, and every other round in the reverse order, so that what the
# machine does besides falls on both sides of a ratio. A ratio is the median of the rounds' own ratios;
# beside it stands the ratio of processor time, client and server together: on a busy machine it tells
# whether a ratio is ours or the neighbours'.
set -euo pipefail
cd "$BENCH_WORK"

say() { echo "bench: $*" >&2; }

# --- Sides: NAME.log gets a line "seconds processor-seconds peak-KiB server's-processor-seconds" for each.---
measure() { # NAME COMMAND…
  local name=$1
  shift
  sync
  "$BENCH_TOOLS/measure" "$name.log" "$@" > "$name.out" 2>&1 || { cat "$name.out" >&2; return 1; }
  say "$name $(tail -n 1 "$name.log" | awk '{printf "%.2f s, processor %.2f s and the server'"'"'s %.2f s, %d MB", $1, $2, $4, $3 / 1024}')"
}

pgbelay() { # NAME ARGUMENT…
  local name=$1
  shift
  measure "$name" "$BENCH_PGBELAY" "$@" --jobs "${workers:-$BENCH_WORKERS}" --quiet --no-env-file
}

# The group's own database from here on.
work_in() { # DATABASE
  export PGDATABASE=$1
  export DATABASE_URL="postgresql://postgres@/$1?host=$PGHOST&port=$PGPORT"
}

side_limit() { measure limit "$BENCH_TOOLS/copy_limit" "$BENCH_WORKERS"; }
side_archive() {
  rm -rf archive
  pgbelay archive backup --dir archive --formats dump --proof written bench
}
side_fc() { measure fc pg_dump -Fc -f fc.dump; }
side_fd() {
  rm -rf fd
  measure fd pg_dump -Fd -j2 -Z1 -f fd
}
# The programs of PostgreSQL 18, whatever the server is.
pg_dump_18() { measure "$1" "$BENCH_BIN18/pg_dump" "${@:2}"; }
side_fc18() { pg_dump_18 fc18 -Fc --compress=zstd:1 -f fc18.dump; }
side_fd18() {
  rm -rf fd18
  pg_dump_18 fd18 -Fd -j2 --compress=zstd:1 -f fd18
}
side_zstd() {
  rm -rf zstd
  pgbelay zstd backup --dir zstd --formats dump --proof written --compress zstd bench
}
side_fd_zstd() {
  rm -rf fd_zstd
  measure fd_zstd pg_dump -Fd -j2 --compress=zstd:1 -f fd_zstd
}
side_three() {
  rm -rf three
  pgbelay three backup --dir three bench
}
side_scripts() {
  rm -rf scripts
  measure scripts "$BENCH_SOURCE/scripts_way.sh" scripts
}
side_restore() {
  pgbelay restore restore latest --dir archive --to bench_restored --yes
  psql -X -q -c 'drop database bench_restored'
}
pg_restore_with() { # MB of maintenance_work_mem
  PGOPTIONS="-c maintenance_work_mem=$1MB" measure "pg_restore_$1" \
    bash -c 'createdb bench_restored && pg_restore -j2 -d bench_restored archive/latest/full_backup.dump'
  psql -X -q -c 'drop database bench_restored'
}
side_pg_restore_8() { pg_restore_with 8; }
side_pg_restore_64() { pg_restore_with 64; }
side_pg_restore_512() { pg_restore_with 512; }

side_restored() { pgbelay restored verify latest --dir archive --level restored; }
side_proven() { pgbelay proven verify latest --dir archive --level proven; }

# A single dominating table: reading it by one and by several, ours and the bare COPY; restoring it.
side_single_limit1() { measure single_limit1 "$BENCH_TOOLS/copy_limit" 1; }
side_single_limit() { measure single_limit "$BENCH_TOOLS/copy_limit" "$BENCH_WORKERS"; }
side_single_one() {
  rm -rf single
  workers=1 pgbelay single_one backup --dir single --formats dump --proof written bench
}
side_single_all() {
  rm -rf single
  pgbelay single_all backup --dir single --formats dump --proof written bench
}
side_single_restore() {
  pgbelay single_restore restore latest --dir single --to bench_restored --yes
  psql -X -q -c 'drop database bench_restored'
}
side_single_pg_restore() {
  measure single_pg_restore bash -c 'createdb bench_restored && pg_restore -j2 -d bench_restored single/latest/full_backup.dump'
  psql -X -q -c 'drop database bench_restored'
}

# Twenty at once, since one is too short to measure.
side_start() { measure start bash -c 'for n in {1..20}; do "$BENCH_PGBELAY" --version; done'; }
side_list() { measure list bash -c 'for n in {1..20}; do "$BENCH_PGBELAY" list --dir many --no-env-file; done'; }

rounds() { # NAME…: the sides of one group of rows
  local round at
  local -a order
  for ((round = 1; round <= BENCH_PAIRS; round++)); do
    order=()
    for at in "$@"; do
      if ((round % 2)); then order+=("$at"); else order=("$at" "${order[@]}"); fi
    done
    for at in "${order[@]}"; do "side_$at"; done
  done
}

# --- Results -------------------------------------------------------------------------------------------
median() { sort -g | awk '{v[NR] = $1} END {if (NR % 2) print v[(NR + 1) / 2]; else print (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
seconds() { awk '{print $1}' "$1.log"; }
list_of() { seconds "$1" | paste -s -d, | sed 's/,/, /g'; }

verdict() { # VALUE at-most|at-least TARGET
  awk -v value="$1" -v how="$2" -v target="$3" \
    'BEGIN {print (how == "at-most" ? value <= target : value >= target) ? "met" : "missed"}'
}

result() { # ID TEXT VALUE UNIT at-most|at-least TARGET [OURS OTHER PROCESSOR-RATIO]
  local met ours=- other=- processor=${9:--} seconds_json=
  met=$(verdict "$3" "$5" "$6")
  if [ $# -gt 6 ]; then
    ours=$(seconds "$7" | median) other=$(seconds "$8" | median)
    seconds_json=", \"processor\": $9, \"ours_s\": [$(list_of "$7")], \"other_s\": [$(list_of "$8")]"
  fi
  if [ "$BENCH_FORMAT" = json ]; then
    echo "{\"id\": \"$1\", \"text\": \"$2\", \"value\": $3, \"unit\": \"$4\", \"target\": \"${5/-/ } $6\", \"verdict\": \"$met\"$seconds_json}"
  else
    printf "$line\n" "$2" "$(short "$ours")" "$(short "$other")" "$(short "$3") $4" "$(short "$processor")" "${5/-/ } $6" "$met"
  fi >> "$BENCH_RESULTS"
}
skip() { # ID TEXT REASON
  say "skipped: $2: $3"
  if [ "$BENCH_FORMAT" = json ]; then
    echo "{\"id\": \"$1\", \"text\": \"$2\", \"verdict\": \"skipped\", \"reason\": \"$3\"}"
  else
    printf "$line\n" "$2" - - - - - "skipped: $3"
  fi >> "$BENCH_RESULTS"
}
line='%-64s %7s %7s %9s %9s %13s  %s'
short() { if [ "$1" = - ]; then echo -; else printf '%.2f' "$1"; fi; }

# Of OURS to OTHER, from their columns of FIELDS (an awk expression); the inverse for at-least.
quotient() { # OURS OTHER HOW FIELDS
  paste <(awk "{print $4}" "$1.log") <(awk "{print $4}" "$2.log") |
    awk -v how="$3" '{print how == "at-most" ? $1 / $2 : $2 / $1}' | median
}

# How long OURS takes against OTHER (at most), or how many times as fast it is (at least).
ratio() { # ID TEXT OURS OTHER at-most|at-least TARGET
  result "$1" "$2" "$(quotient "$3" "$4" "$5" '$1')" x "$5" "$6" "$3" "$4" "$(quotient "$3" "$4" "$5" '$2 + $4')"
}

bytes() { find "$@" -type f -printf '%s\n' | awk '{sum += $1} END {print sum}'; }
size() { # ID TEXT OURS OTHER TARGET
  result "$1" "$2" "$(awk -v a="$(bytes "$3")" -v b="$(bytes "$4")" 'BEGIN {print a / b}')" x at-most "$5"
}
memory() { # ID TEXT SIDE TARGET
  result "$1" "$2" "$(awk '$3 > most {most = $3} END {print most / 1024}' "$3.log")" MB at-most "$4"
}

# A point of a curve: a line "PLOT SERIES X VALUE UNIT", for plots and for JSON.
point() { # PLOT SERIES X VALUE UNIT
  echo "$@" >> points
}
points_json() {
  [ ! -e points ] || awk '{printf "%s  {\"plot\": \"%s\", \"series\": \"%s\", \"x\": %s, \"value\": %s, \"unit\": \"%s\"}",
    (NR > 1 ? ",\n" : ""), $1, $2, $3, $4, $5} END {print ""}' points
}
plot() { # NAME TITLE X-AXIS: the points of that name as an SVG
  grep "^$1 " points | awk -v title="$2" -v axis="$3" -f "$BENCH_SOURCE/plot.awk" > "$BENCH_PLOTS/$1.svg"
  say "wrote $BENCH_PLOTS/$1.svg"
}

print_results() {
  local load
  load=$(cut -d' ' -f1-3 /proc/loadavg)
  if [ "$BENCH_FORMAT" = json ]; then
    echo "{\"version\": 1, \"data\": \"mixed\", \"scale\": $BENCH_SCALE, \"pairs\": $BENCH_PAIRS, \"workers\": $BENCH_WORKERS,"
    echo " \"cores\": $(nproc), \"load_before\": \"$load_before\", \"load_after\": \"$load\", \"rows\": ["
    sed '$!s/$/,/; s/^/  /' "$BENCH_RESULTS"
    echo " ], \"points\": ["
    points_json
    echo "]}"
  else
    echo "mixed, scale $BENCH_SCALE; $BENCH_PAIRS pairs; $BENCH_WORKERS workers, $(nproc) cores; load before $load_before, after $load"
    printf "$line\n" "what (medians)" "ours s" "other s" "value" "processor" "target" ""
    cat "$BENCH_RESULTS"
  fi
}

# --- Groups of rows ------------------------------------------------------------------------------------
readonly no_18="PostgreSQL 18 is neither in $BENCH_MATRIX nor can it be fetched"
rows_archive() {
  local stock18=()
  [ -z "$BENCH_BIN18" ] || stock18=(fc18 fd18)
  rounds limit archive fd fc "${stock18[@]}"
  ratio archive-limit "archive alone: time of the COPY limit" archive limit at-most 1.15
  ratio archive-fc "archive alone: times as fast as pg_dump -Fc" archive fc at-least 4.5
  size archive-fc-size "archive alone: size of pg_dump -Fc's" archive/latest/full_backup.dump fc.dump 1.12
  ratio archive-fd "archive alone: times as fast as pg_dump -Fd -j2 -Z1" archive fd at-least 1.15
  size archive-fd-size "archive alone: size of pg_dump -Fd -j2 -Z1's" archive/latest/full_backup.dump fd 1.00
  memory archive-memory "archive alone: peak memory" archive 256
  if [ -n "$BENCH_BIN18" ]; then
    ratio archive-fc18 "archive alone: times as fast as pg_dump 18 -Fc zstd:1" archive fc18 at-least 1.2
    ratio archive-fd18 "archive alone: times as fast as pg_dump 18 -Fd -j2 zstd:1" archive fd18 at-least 1.0
  else
    skip archive-fc18 "archive alone: times as fast as pg_dump 18 -Fc zstd:1" "$no_18"
    skip archive-fd18 "archive alone: times as fast as pg_dump 18 -Fd -j2 zstd:1" "$no_18"
  fi
}
# Servers from 16 on only, with a pg_dump of theirs: beside an older one a second server, an 18, is started.
rows_zstd() {
  if [ "$(psql -X -At -c 'show server_version_num')" -ge 160000 ]; then
    rows_zstd_here
  elif [ -n "$BENCH_BIN18" ]; then
    mkdir -p "$BENCH_WORK/../18/work"
    PATH=$BENCH_BIN18:$PATH BENCH_WORK=$(realpath "$BENCH_WORK/../18/work") BENCH_ROWS=zstd_here BENCH_SECOND=yes \
      "$BENCH_TOOLS/with_server" "$(realpath "$BENCH_WORK/../18")" bench "$BENCH_SOURCE/rows.sh"
    rm -rf "$BENCH_WORK/../18"
  else
    skip zstd-fd "archive in zstd" "$no_18"
  fi
}
rows_zstd_here() {
  rounds zstd fd_zstd archive
  ratio zstd-fd "archive in zstd: times as fast as pg_dump -Fd -j2 zstd:1" zstd fd_zstd at-least 1.0
  size zstd-fd-size "archive in zstd: size of pg_dump -Fd -j2 zstd:1's" zstd/latest/full_backup.dump fd_zstd 1.00
  ratio zstd-archive "archive in zstd: time of the one in gzip" zstd archive at-most 1.15
  size zstd-archive-size "archive in zstd: size of the one in gzip" zstd/latest/full_backup.dump archive/latest/full_backup.dump 1.00
  memory zstd-memory "archive in zstd: peak memory" zstd 256
}
rows_three() {
  rounds three scripts
  ratio three-scripts "three formats, read back: times as fast as the scripts' way" three scripts at-least 7
  memory three-memory "three formats: peak memory" three 256
}
rows_restore() {
  local mb best=512
  [ -e archive/latest ] || side_archive
  psql -X -q -c "alter system set maintenance_work_mem = '512MB'" -c 'select pg_reload_conf()' > /dev/null
  rounds restore pg_restore_512 pg_restore_64 pg_restore_8
  psql -X -q -c 'alter system reset maintenance_work_mem' -c 'select pg_reload_conf()' > /dev/null
  for mb in 64 8; do
    awk -v a="$(seconds "pg_restore_$mb" | median)" -v b="$(seconds "pg_restore_$best" | median)" 'BEGIN {exit a >= b}' && best=$mb
  done
  ratio restore "restore with its proof: times as fast as pg_restore -j2, 512 MB" restore pg_restore_512 at-least 1.2
  ratio restore-best "restore with its proof: ... with its best memory setting, $best MB" restore "pg_restore_$best" at-least 1.0
  memory restore-memory "restore with its proof: peak memory" restore 256
}

# Two tables of two rows of 192 MB each, so that both readers come upon one at the same time.
side_wide() {
  rm -rf wide
  pgbelay wide backup --dir wide --formats dump --proof written bench
}
side_wide_three() {
  rm -rf wide
  pgbelay wide_three backup --dir wide bench
}
of_a_row() { # ID TEXT SIDE
  result "$1" "$2" "$(awk '$3 > most {most = $3} END {print most / 1024 / 192}' "$3.log")" x at-most 2.5
}
rows_wide() {
  createdb bench_wide
  work_in bench_wide
  psql -X -q -c "create table a as select n, (select string_agg(md5((k * n)::text), '') from generate_series(1, 6 << 20) k)
      from generate_series(1, 2) n" -c 'create table b as table a' >&2
  side_wide
  side_wide_three
  of_a_row wide-memory "rows of 192 MB, archive alone: peak memory, times a row" wide
  of_a_row wide-three-memory "rows of 192 MB, three formats: the same" wide_three
  rm -rf wide
  work_in bench
  dropdb bench_wide
}
# What was measured in OURS / what in OTHER, each the quotient of two sides' medians.
rows_single() {
  say "making the data with a single table"
  createdb bench_single
  work_in bench_single
  psql -X -q -v scale="$BENCH_SCALE" -f "$BENCH_SOURCE/data_single.sql" >&2
  "$BENCH_TOOLS/copy_limit" "$BENCH_WORKERS" >&2
  rounds single_limit1 single_limit single_one single_all
  result single-speedup "single table: gain of $BENCH_WORKERS workers over one, against the bare COPY's" \
    "$(awk -v l1="$(seconds single_limit1 | median)" -v ln="$(seconds single_limit | median)" \
      -v o1="$(seconds single_one | median)" -v on="$(seconds single_all | median)" \
      'BEGIN {print (o1 / on) / (l1 / ln)}')" x at-least 0.9
  rounds single_restore single_pg_restore
  ratio single-restore "single table, restore with its proof: times as fast as pg_restore -j2" \
    single_restore single_pg_restore at-least 1.3
  memory single-memory "single table: peak memory of the backup" single_all 256
  work_in bench
  dropdb bench_single
}

rows_proof() {
  [ -e archive/latest ] || side_archive
  rounds restored proven
  ratio proof "proof (restore and compare): time of the restore alone" proven restored at-most 1.2
}

# A migration that changes something and fails, on 17 MB and on the whole of the data: the seconds
# that taking it back took, from the run's own report.
undo_seconds() { # DATABASE ROUND
  work_in "$1"
  "$BENCH_PGBELAY" migrate --yes --dir undo --formats dump --no-env-file -- \
    psql -X -q -c 'create table left_behind ()' -c 'select nonsense' -v ON_ERROR_STOP=1 > undo.out 2>&1 || true
  awk '$1 == "undo" && $2 == "ok" {print $3, 0, 0, 0}' undo.out > undo.now
  [ -s undo.now ] || { cat undo.out >&2; return 1; }
  cat undo.now >> "undo_$1.log"
  say "undo of $1: $(awk '{print $1}' undo.now) s"
  work_in postgres
  psql -X -At -c "select format('drop database %I', datname) from pg_database where datname ~ '^$1__'" |
    psql -X -q
}
rows_undo() {
  local round
  createdb bench_undo_small
  psql -X -q -d bench_undo_small -c 'create table t as select i, md5(i::text) from generate_series(1, 250000) i'
  createdb --template bench bench_undo_large
  for ((round = 1; round <= BENCH_PAIRS; round++)); do
    undo_seconds bench_undo_small
    undo_seconds bench_undo_large
  done
  result undo-small "undo by swap, 17 MB" "$(seconds undo_bench_undo_small | median)" s at-most 0.2
  result undo-large "undo by swap, the whole data set" "$(seconds undo_bench_undo_large | median)" s at-most 0.2
  dropdb bench_undo_small
  dropdb bench_undo_large
  rm -rf undo
  work_in bench
}

# The guarded command's way to the server against the straight one, both over TCP: COPY of 1 GB (at
# scale 1) out and in. Through the tap the same bytes must arrive; the client writes to a file, which
# lies in memory if BENCH_WORK does.
tap_url() { echo "postgresql://postgres@127.0.0.1:$PGPORT/$PGDATABASE"; }
through_tap() { DATABASE_URL=$(tap_url) "$BENCH_TOOLS/through_tap" "$@"; }
copy_out() { measure "$@" psql -X -q -d "$PGDATABASE" -c '\copy tap_rows to tap.copy'; }
copy_in() {
  psql -X -q -c 'truncate tap_loaded'
  measure "$@" psql -X -q -d "$PGDATABASE" -c '\copy tap_loaded from tap.copy'
}
side_tap_out() { DATABASE_URL=$(tap_url) copy_out tap_out "$BENCH_TOOLS/through_tap"; }
side_straight_out() { PGHOST=127.0.0.1 copy_out straight_out env; }
side_tap_in() { DATABASE_URL=$(tap_url) copy_in tap_in "$BENCH_TOOLS/through_tap"; }
side_straight_in() { PGHOST=127.0.0.1 copy_in straight_in env; }
rows_tap() {
  local sum
  say "making the data for the tap"
  psql -X -q -v rows="$(awk -v s="$BENCH_SCALE" 'BEGIN {printf "%d", 5000000 * s}')" <<< "
    create unlogged table tap_rows as
      select n, repeat(md5(n::text), 6) as filler from generate_series(1, :rows) n;
    create unlogged table tap_loaded (like tap_rows);
    vacuum tap_rows" >&2
  psql -X -q -c '\copy tap_rows to tap.copy'
  sum=$(md5sum < tap.copy)
  rm tap.copy
  through_tap psql -X -q -d "$PGDATABASE" -c '\copy tap_rows to tap.copy' -c '\copy tap_loaded from tap.copy'
  [ "$(md5sum < tap.copy)" = "$sum" ] || { say "other bytes came out of the tap"; return 1; }
  [ "$(psql -X -q -c 'copy tap_loaded to stdout' | md5sum)" = "$sum" ] || { say "other bytes went in"; return 1; }
  rounds tap_out straight_out
  ratio tap-out "COPY out through the tap: time without it" tap_out straight_out at-most 1.1
  rounds tap_in straight_in
  ratio tap-in "COPY in through the tap: time without it" tap_in straight_in at-most 1.1
  psql -X -q -c 'drop table tap_rows, tap_loaded'
  rm tap.copy
}

# How cost grows: with the size of the data, and with the workers. Two samples of each point.
grow() { # PLOT SERIES X NAME ARGUMENT…
  local plot=$1 series=$2 x=$3 name=$4
  for _ in 1 2; do
    rm -rf growth
    pgbelay "$name" backup --dir growth --formats dump --proof written bench
  done
  grown "$plot" "$series" "$x" "$name"
}
grown() { # PLOT SERIES X NAME: the medians
  point "$1" "$2" "$3" "$(seconds "$4" | median)" s
  point "$1" "$2" "$3" "$(awk '{print $3 / 1024}' "$4.log" | median)" MB
}
grow_at() { # SHARE of the data in $PGDATABASE
  local megabytes
  megabytes=$(psql -X -At -c 'select round(pg_database_size(current_database()) / 1e6)')
  grow growth-size archive "$megabytes" "growth_$1"
  for _ in 1 2; do
    pgbelay "growth_restore_$1" restore latest --dir growth --to bench_restored --yes
    psql -X -q -c 'drop database bench_restored'
  done
  grown growth-size restore "$megabytes" "growth_restore_$1"
}
steady() { # ID TEXT NAME: the peak at the full size against that at a tenth
  result "$1" "$2" "$(awk '{print $3}' "$3_1.log" | median | awk -v tenth="$(awk '{print $3}' "$3_0.1.log" | median)" '{print $1 / tenth}')" \
    x at-most 1.25
}
rows_growth() {
  local size workers
  for size in 0.01 0.1 0.3; do
    createdb bench_growth
    work_in bench_growth
    psql -X -q -v scale="$(awk -v a="$size" -v b="$BENCH_SCALE" 'BEGIN {print a * b}')" -f "$BENCH_SOURCE/data.sql" >&2
    grow_at "$size"
    work_in bench
    dropdb bench_growth
  done
  grow_at 1
  for workers in 1 2 4; do grow growth-workers archive "$workers" "workers_$workers"; done
  rm -rf growth
  plot growth-size "archive alone, restore with its proof: size of the data" "MB in PostgreSQL"
  plot growth-workers "archive alone: workers" "workers"
  steady growth-memory "archive alone: peak memory of that with a tenth of the data" growth
  steady growth-restore-memory "restore with its proof: peak memory of that with a tenth" growth_restore
}

# The server is further away: through a forwarder that delays and does not limit bandwidth.
far() { # NAME MILLISECONDS COMMAND…
  measure "$1" "$BENCH_TOOLS/with_latency" "${@:2}"
}
far_archive() { # MILLISECONDS WORKERS
  rm -rf far
  far "far_$1_$2" "$1" "$BENCH_PGBELAY" backup --dir far --formats dump --proof written --jobs "$2" --quiet \
    --no-env-file bench
  point latency "archive,$1ms" "$2" "$(seconds "far_$1_$2" | tail -n 1)" s
}
far_pg_dump() { # MILLISECONDS
  rm -rf far
  far "far_$1_fd" "$1" pg_dump -Fd -j2 -Z1 -f far
  point latency "pg_dump,$1ms" 2 "$(seconds "far_$1_fd" | tail -n 1)" s
}
rows_latency() {
  local milliseconds workers
  for milliseconds in 0 1 10; do
    far_pg_dump "$milliseconds"
    for workers in 1 2 4 8; do far_archive "$milliseconds" "$workers"; done
    ratio "latency-$milliseconds" "archive alone, $milliseconds ms away: times as fast as pg_dump -Fd -j2 -Z1" \
      "far_${milliseconds}_2" "far_${milliseconds}_fd" at-least 1.0
  done
  rm -rf far
  plot latency "archive alone and pg_dump -Fd -j2 -Z1: workers, by the time of a round trip" "workers"
}

rows_start() {
  local n
  createdb bench_empty
  for n in {1..100}; do
    DATABASE_URL="postgresql://postgres@/bench_empty?host=$PGHOST&port=$PGPORT" "$BENCH_PGBELAY" \
      backup --dir many --formats dump --proof written --quiet --no-env-file "n$n" > /dev/null
  done
  dropdb bench_empty
  rounds start list
  result list "list, 100 backups" "$(seconds list | median | awk '{print $1 * 1000 / 20}')" ms at-most 50
  result start "start-up (--version)" "$(seconds start | median | awk '{print $1 * 1000 / 20}')" ms at-most 20
}

load_before=$(cut -d' ' -f1-3 /proc/loadavg)
say "making the data at scale $BENCH_SCALE"
psql -X -q -v scale="$BENCH_SCALE" -f "$BENCH_SOURCE/data.sql" >&2
"$BENCH_TOOLS/copy_limit" "$BENCH_WORKERS" >&2 # so that everybody finds the same in memory
for group in ${BENCH_ROWS//,/ }; do "rows_$group"; done
[ -n "${BENCH_SECOND:-}" ] || print_results
