#!/usr/bin/env bash
# How long it takes to read the schema of databases with many tables (docs/schema-model.md):
#
#   DATABASE_URL=postgresql://… bench/schema.sh [TABLES…]      100 1000 10000
#
# DATABASE_URL: a database of a server whose role may make others. Its max_locks_per_transaction must do for
# a backup of that many tables (1024 for 10 000). Each row: reading both models of `diff --schema` of the
# database with itself, and `backup --schema-from catalog` of the empty tables, which reads the model too, emits
# the schema, and dumps.
set -euo pipefail
binary=$(cd "$(dirname "$0")/.." && pwd)/build/release/pgbelay
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"; psql -X -q -d "$DATABASE_URL" -c "drop database if exists pgbelay_many_tables"' EXIT
[[ $# -gt 0 ]] || set -- 100 1000 10000

# The same URL with another database.
url=$(sed -E 's#^([a-z]+://[^/?]*)/?[^?]*#\1/pgbelay_many_tables#' <<<"$DATABASE_URL")

fill() { # TABLES, of nine columns, a sequence, three indexes and two checks
  psql -X -q -d "$DATABASE_URL" -c 'drop database if exists pgbelay_many_tables' \
    -c 'create database pgbelay_many_tables template template0'
  psql -X -q -d "$url" -v ON_ERROR_STOP=1 <<SQL
create procedure fill(n int) language plpgsql as \$\$
begin
  for i in 1 .. n loop
    execute format('create table t_%s (id serial primary key, a int not null default 0, b text,
      c varchar(50) check (c in (''x'', ''y'')), d numeric(10,2) default 1.5, e timestamptz default now(), f date,
      g jsonb, h int check (h > 0))', i);
    execute format('create index on t_%s (b); create index on t_%s (lower(c)) where a > 0', i, i);
    if i % 100 = 0 then commit; end if;
  end loop;
end \$\$;
call fill($1);
drop procedure fill;
vacuum analyze;
SQL
}

seconds() { # COMMAND…
  local begin=$EPOCHREALTIME
  "$@" >"$scratch/out" 2>"$scratch/err" || { cat "$scratch/err" >&2; return 1; }
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'
}

printf '%8s %22s %22s\n' tables 'diff --schema (s)' 'backup (s)'
for tables in "$@"; do
  fill "$tables"
  printf '%8d %22s %22s\n' "$tables" "$(seconds "$binary" diff "$url" "$url" --schema)" \
    "$(seconds "$binary" backup --database "$url" --dir "$scratch/backups" --formats dump --proof written \
      --schema-from catalog)"
  rm -rf "$scratch/backups"
done
