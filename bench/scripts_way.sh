#!/usr/bin/env bash
# scripts_way.sh FOLDER: a backup of $PGDATABASE in three formats as careful shell scripts make it, one
# reading of the database after the other.
set -euo pipefail
folder=$1
mkdir -p "$folder/csv"

pg_dump -Fc -f "$folder/full_backup.dump"
pg_dump | gzip > "$folder/full_backup.sql.gz"
psql -X -A -t -c "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1" |
  while read -r table; do
    psql -X -q -c "\\copy $table to '$folder/csv/$table.csv' csv header" < /dev/null
  done
(cd "$folder" && find . -type f ! -name SHA256SUMS -exec sha256sum {} + > SHA256SUMS)
pg_restore --list "$folder/full_backup.dump" > "$folder/list.txt"
