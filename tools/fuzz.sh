#!/usr/bin/env bash
# Runs every fuzz target for the given seconds, as many at once as there are cores. New inputs are kept
# in build/fuzz/corpus; an input that fails is kept in build/fuzz/failures and named.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for folder in tests/fuzz/corpus/*; do targets+=("${folder##*/}"); done
fi
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"

one() {
  local corpus=build/fuzz/corpus/$1
  mkdir -p "$corpus" build/fuzz/failures
  build/fuzz/tests/fuzz_"$1" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=20 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/failures/$1-" "$corpus" "tests/fuzz/corpus/$1" \
    > "build/fuzz/$1.log" 2>&1 || { tail -n 40 "build/fuzz/$1.log" >&2; echo "$1: FAILED" >&2; return 1; }
  echo "$1: $(awk '/number_of_executed_units/ {print $2}' "build/fuzz/$1.log") inputs in $seconds s, none failed"
}
export -f one
export seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'one {}'
