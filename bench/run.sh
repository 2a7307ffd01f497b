#!/usr/bin/env bash
# Measures pgbelay against stock tools on a PostgreSQL of its own; see docs/performance.md.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)

usage() {
  cat <<'TEXT'
usage: bench/run.sh [OPTIONS]        (make bench BENCH_ARGS='…')
  --quick          scale 0.1, two pairs: ends within five minutes
  --scale N        size of the data set: 1 is 1.7 GB (default)
  --pairs N        how often both sides of each row are measured in turn (default 3)
  --rows LIST      which rows: archive, zstd, three, restore, proof, single, wide, undo, start, tap, growth,
                   latency (default: all, comma separated)
  --plots DIR      where growth and latency write their plots (default: build/bench)
  --workers N      connections of ours and of the COPY limit (default: 2)
  --folder DIR     where server and backups live meanwhile (default: below $TMPDIR or /tmp)
  --json           stdout is one JSON document
PGBELAY_MATRIX_DIR: where PostgreSQL 18 is kept for the rows that need it, or fetched to (tests/matrix/servers.sh).
TEXT
}

scale=1 pairs=3 rows=archive,zstd,three,restore,proof,single,wide,undo,start,tap,growth,latency
workers=2 parent=${TMPDIR:-/tmp} format=table plots=$source_dir/build/bench
while [ $# -gt 0 ]; do
  case $1 in
    --quick) scale=0.1 pairs=2 ;;
    --json) format=json ;;
    --scale) scale=$2; shift ;;
    --pairs) pairs=$2; shift ;;
    --rows) rows=$2; shift ;;
    --workers) workers=$2; shift ;;
    --plots) plots=$2; shift ;;
    --folder) parent=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

# build/release is what `make build` made; BENCH_BUILD names another release build.
build=${BENCH_BUILD:-$source_dir/build/release}
cmake "$build" -DPGBELAY_BENCH=ON > /dev/null
cmake --build "$build" --target pgbelay bench_tools >&2

# Its pg_dump is measured on the server of the bench, and its server for what an older one has not.
matrix=$("$source_dir/tests/matrix/folder.sh") bin18=
if [[ ,$rows, == *,archive,* || ,$rows, == *,zstd,* ]]; then
  [ -x "$matrix/pg18/bin/pg_dump" ] || "$source_dir/tests/matrix/servers.sh" "$matrix" 18 >&2
  [ ! -x "$matrix/pg18/bin/pg_dump" ] || bin18=$matrix/pg18/bin
fi

folder=$(mktemp -d "$parent/pgbelay-bench-XXXXXX")
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/work"

export BENCH_SOURCE=$source_dir/bench BENCH_TOOLS=$build/bench BENCH_PGBELAY=$build/pgbelay
export BENCH_WORK=$folder/work BENCH_SCALE=$scale BENCH_PAIRS=$pairs BENCH_ROWS=$rows
mkdir -p "$plots"
export BENCH_MATRIX=$matrix BENCH_BIN18=$bin18 BENCH_RESULTS=$folder/results
export BENCH_WORKERS=$workers BENCH_FORMAT=$format BENCH_PLOTS=$(cd "$plots" && pwd)
"$build/bench/with_server" "$folder" bench "$source_dir/bench/rows.sh"
