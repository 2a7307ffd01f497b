#!/usr/bin/env bash
# Every case of every fault test (make test takes a sample), against a binary with fault points and without sanitizers:
#
#   tools/faults.sh [TEST…]      matrix kill strategy network disk
#
# FAULT_JOBS: how many at once (twice the processors). FAULT_FILTER: a filter of gtest. Logs: build/faults/logs.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $# -gt 0 ]] || set -- matrix kill strategy network disk
jobs=${FAULT_JOBS:-$((2 * $(nproc)))}
export PGBELAY_FAULTS=all PGBELAY_FAULT_BINARY=$PWD/build/faults/pgbelay
export GTEST_TOTAL_SHARDS=$((4 * jobs)) GTEST_FILTER=${FAULT_FILTER:-*} LOGS=build/faults/logs
rm -rf "$LOGS"
mkdir -p "$LOGS"

# Many short shards, so that none is the last one for long.
for ((shard = 0; shard < GTEST_TOTAL_SHARDS; ++shard)); do
  for test in "$@"; do echo "$test $shard"; done
done | xargs -P "$jobs" -L 1 bash -c 'GTEST_SHARD_INDEX=$1 build/dev/tests/fault_$0_test \
  >"$LOGS/$0.$1" 2>&1 || echo "$0: shard $1 found something" >>"$LOGS/failed"'

printf '%-10s %7s %7s %8s\n' test passed failed skipped
for test in "$@"; do
  count() { cat "$LOGS/$test".* | grep -a -c -E "^\\[ *$1 *\\].* \\([0-9]+ ms\\)" || true; }
  printf '%-10s %7d %7d %8d\n' "$test" "$(count OK)" "$(count FAILED)" "$(count SKIPPED)"
done
echo "$((SECONDS / 60)) minutes, $jobs at once"
[[ ! -e $LOGS/failed ]] || { tools/failures.sh "$LOGS"/*; exit 1; }
