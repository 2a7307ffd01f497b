#!/usr/bin/env bash
# The folder in which servers.sh keeps servers of other versions: PGBELAY_MATRIX_DIR, else build/matrix, or
# /var/tmp/pgbelay-matrix where the servers could not reach that or have been put there already.
set -euo pipefail
dir=$(realpath -m "${PGBELAY_MATRIX_DIR:-$(dirname "$0")/../../build/matrix}")
if [[ -z ${PGBELAY_MATRIX_DIR:-} ]]; then
  if [[ ! -e $dir && -e /var/tmp/pgbelay-matrix ]]; then dir=/var/tmp/pgbelay-matrix; fi
  mkdir -p "$dir"
  # Started as root, the servers run as postgres.
  if [[ $(id -u) == 0 ]] && ! su postgres -s /bin/sh -c "test -x '$dir'"; then dir=/var/tmp/pgbelay-matrix; fi
fi
mkdir -p "$dir"
echo "$dir"
