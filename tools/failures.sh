#!/usr/bin/env bash
# What tests found, in short and without what passed. Ends with 1, for after a failed run.
#
#   tools/failures.sh [LOG…]      the last ctest's
set -uo pipefail
cd "$(dirname "$0")/.."
[[ $# -gt 0 ]] || set -- build/dev/Testing/Temporary/LastTest.log
echo
echo "The failures again:"
grep -a -h -A 12 -E '^(.*: Failure$|.*ERROR: (Address|Thread|Leak)Sanitizer|.*: runtime error:)|^\[  FAILED  \].*\([0-9]+ ms\)' \
  "$@" | grep -a -v -E '^\[( RUN|       OK)' | head -150
exit 1
