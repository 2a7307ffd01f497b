#!/usr/bin/env bash
# Every source has the format of .clang-format; `tools/format.sh --fix` gives it to them.
set -euo pipefail
cd "$(dirname "$0")/.."
how=(--dry-run --Werror)
[ "${1:-}" != --fix ] || how=(-i)
git ls-files '*.cc' '*.h' | xargs clang-format "${how[@]}"
