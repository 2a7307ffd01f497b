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
  measure "$name" "$BENCH_PGBELAY" "$@" --jobs "$BENCH_WORKERS" --quiet --no-env-file
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
side_pg_restore() {
  measure pg_restore bash -c 'createdb bench_restored && pg_restore -j2 -d bench_restored archive/latest/full_backup.dump'
  psql -X -q -c 'drop database bench_restored'
}

# Twenty starts at once, since one is too short to measure.
side_start() { measure start bash -c 'for n in {1..20}; do "$BENCH_PGBELAY" --version; done'; }

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
    results+=("{\"id\": \"$1\", \"text\": \"$2\", \"value\": $3, \"unit\": \"$4\", \"target\": \"${5/-/ } $6\", \"verdict\": \"$met\"$seconds_json}")
  else
    results+=("$(printf "$line" "$2" "$(short "$ours")" "$(short "$other")" "$(short "$3") $4" \
      "$(short "$processor")" "${5/-/ } $6" "$met")")
  fi
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

print_results() {
  local load
  load=$(cut -d' ' -f1-3 /proc/loadavg)
  if [ "$BENCH_FORMAT" = json ]; then
    echo "{\"version\": 1, \"data\": \"mixed\", \"scale\": $BENCH_SCALE, \"pairs\": $BENCH_PAIRS, \"workers\": $BENCH_WORKERS,"
    echo " \"cores\": $(nproc), \"load_before\": \"$load_before\", \"load_after\": \"$load\", \"rows\": ["
    printf '%s\n' "${results[@]}" | sed '$!s/$/,/; s/^/  /'
    echo "]}"
  else
    echo "mixed, scale $BENCH_SCALE; $BENCH_PAIRS pairs; $BENCH_WORKERS workers, $(nproc) cores; load before $load_before, after $load"
    printf "$line\n" "what (medians)" "ours s" "other s" "value" "processor" "target" ""
    printf '%s\n' "${results[@]}"
  fi
}

# --- Groups of rows ------------------------------------------------------------------------------------
rows_archive() {
  rounds limit archive fd fc
  ratio archive-limit "archive alone: time of the COPY limit" archive limit at-most 1.15
  ratio archive-fc "archive alone: times as fast as pg_dump -Fc" archive fc at-least 4.5
  size archive-fc-size "archive alone: size of pg_dump -Fc's" archive/latest/full_backup.dump fc.dump 1.12
  ratio archive-fd "archive alone: times as fast as pg_dump -Fd -j2 -Z1" archive fd at-least 1.15
  size archive-fd-size "archive alone: size of pg_dump -Fd -j2 -Z1's" archive/latest/full_backup.dump fd 1.00
  memory archive-memory "archive alone: peak memory" archive 256
}
rows_three() {
  rounds three scripts
  ratio three-scripts "three formats, read back: times as fast as the scripts' way" three scripts at-least 7
  memory three-memory "three formats: peak memory" three 256
}
rows_restore() {
  [ -e archive/latest ] || side_archive
  rounds restore pg_restore
  ratio restore "restore with its proof: times as fast as pg_restore -j2" restore pg_restore at-least 1.2
  memory restore-memory "restore with its proof: peak memory" restore 256
}
rows_start() {
  rounds start
  result start "start-up (--version)" "$(seconds start | median | awk '{print $1 * 1000 / 20}')" ms at-most 20
}

load_before=$(cut -d' ' -f1-3 /proc/loadavg)
results=()
say "making the data at scale $BENCH_SCALE"
psql -X -q -v scale="$BENCH_SCALE" -f "$BENCH_SOURCE/data.sql" >&2
"$BENCH_TOOLS/copy_limit" "$BENCH_WORKERS" >&2 # so that everybody finds the same in memory
for group in ${BENCH_ROWS//,/ }; do "rows_$group"; done
print_results
