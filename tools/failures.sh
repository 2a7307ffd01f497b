#!/usr/bin/env bash
# What the last run of the tests found, in short and without what passed. Ends with 1, for after a
# failed ctest.
set -uo pipefail
cd "$(dirname "$0")/.."
echo
echo "The failures again:"
grep -a -h -A 12 -E '^(/.*: Failure|.*ERROR: (Address|Thread|Leak)Sanitizer|.*: runtime error:)|^\[  FAILED  \].*\([0-9]+ ms\)' \
  build/dev/Testing/Temporary/LastTest.log | grep -a -v -E '^\[( RUN|       OK)' | head -150
exit 1
