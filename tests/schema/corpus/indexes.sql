-- Indexes and extended statistics.
create schema x; set search_path = x;
create table t (a int primary key, b text, c varchar, d int[], e tsvector, f text, g jsonb, p point, r int4range, gone int); alter table t drop column gone;
create index plain on t (b); create unique index "Odd ""index" on t (b, c); create index sorted on t (a desc, b asc nulls first, c desc nulls last);
create index on t (lower(b) text_pattern_ops desc nulls last, (a % 10)) include (c, f) with (fillfactor = 70, deduplicate_items = off) where c in ('open', 'other');
create index collated on t (b collate "C", f collate "POSIX" varchar_pattern_ops); create index on t using gin (d) with (fastupdate = off, gin_pending_list_limit = 128); create index on t using gin (e); create index on t using gin (g jsonb_path_ops);
create index on t using gist (p) with (buffering = off); create index on t using gist (r range_ops); create index on t using gist (e tsvector_ops (siglen = 100)); create index on t using spgist (b); create index on t using brin (a int4_minmax_ops) with (pages_per_range = 4, autosummarize = on); create index on t using hash (f);
create index expression_stats on t ((b || f), a, (a + 1)); alter index expression_stats alter column 1 set statistics 500; alter index expression_stats alter column 3 set statistics 0;
create index partial_bool on t (a) where b is not null and c = 'x' or a between 1 and 5; create index whole_row on t ((t is not null)); 
alter table t cluster on plain; comment on index plain is 'an index'; comment on index t_pkey is 'of the key';
\if :since14
create index on t using brin (a int4_bloom_ops (n_distinct_per_range = 10)); create index on t using spgist (b) include (a); create index on t using brin (a int4_minmax_multi_ops);
\endif
\if :since15
create unique index on t (c, a) nulls not distinct; create unique index on t (f) nulls not distinct where f > '';
\endif
create statistics plain_stats on a, c from t; create statistics "Odd ""stats" (ndistinct, mcv) on a, b, c from t; create statistics all_kinds (ndistinct, dependencies, mcv) on b, f from t; alter statistics plain_stats set statistics 33;
\if :since14
create statistics on_expression on (lower(b)) from t; create statistics mixed (mcv) on (a % 3), c, (b || f) from t;
\endif
comment on statistics plain_stats is 'statistics'; alter statistics plain_stats owner to kinds_owner;
create schema other; create statistics other.elsewhere on a, b from t;
create materialized view mv as select a, b from t; create index on mv (b); create unique index mv_a on mv (a); alter materialized view mv cluster on mv_a;
