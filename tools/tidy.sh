#!/usr/bin/env bash
# clang-tidy over our sources, with the checks of .clang-tidy; any finding fails. The clang preset
# must have been configured.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'src/*.cc' | xargs -P "$(nproc)" -n 4 clang-tidy -p build/clang --quiet --warnings-as-errors='*' 2> >(grep -v 'warnings generated' >&2)
