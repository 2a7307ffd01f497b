-- The database of which the archives in this folder are dumps: pg_dump_15.dump is what pg_dump 15 -Fc made of it;
-- pg_dump_13.dump: 13 -Fc, from a server 13; pg_dump_17_zstd.dump: 17 -Fc -Zzstd:9; pg_dump_18_lz4.dump: 18 -Fc -Zlz4;
-- pg_dump_15_gzip: 15 -Fd -Z9; pg_dump_18_zstd: 18 -Fd -Zzstd:9; all but the first from a server 15.
CREATE SCHEMA club;
CREATE TYPE club.level AS ENUM ('guest', 'member', 'board');
CREATE DOMAIN club.cents AS bigint CHECK (VALUE >= 0);
CREATE FUNCTION club.touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.seen := now(); RETURN NEW; END$$;
CREATE TABLE club.people (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  level club.level DEFAULT 'guest',
  paid club.cents,
  seen timestamptz,
  shout text GENERATED ALWAYS AS (upper(name)) STORED
);
CREATE TABLE club."odd ""table""
name" ("column ü" int, note text);
CREATE TABLE club.nothing ();
CREATE TABLE club.empty (a int);
CREATE TABLE club.visits (person bigint REFERENCES club.people, day date) PARTITION BY RANGE (day);
CREATE TABLE club.visits_2025 PARTITION OF club.visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TRIGGER touch BEFORE UPDATE ON club.people FOR EACH ROW EXECUTE FUNCTION club.touch();
CREATE INDEX people_name ON club.people (lower(name));
CREATE VIEW club.board AS SELECT id, name FROM club.people WHERE level = 'board';
CREATE MATERIALIZED VIEW club.totals AS SELECT level, count(*) FROM club.people GROUP BY level;
COMMENT ON TABLE club.people IS 'who comes';
GRANT SELECT ON club.board TO PUBLIC;
INSERT INTO club.people (name, level, paid, seen)
  SELECT 'person ' || n, CASE WHEN n % 50 = 0 THEN 'board' ELSE 'member' END::club.level, NULLIF(n % 7, 0) * 100,
         timestamptz '2025-06-01 12:00:00+00' + n * interval '1 hour' FROM generate_series(1, 300) n;
INSERT INTO club."odd ""table""
name" VALUES (1, E'tab\tnewline\nbackslash\\ \\N \\.'), (NULL, ''), (2, NULL);
INSERT INTO club.nothing DEFAULT VALUES;
INSERT INTO club.nothing DEFAULT VALUES;
INSERT INTO club.visits SELECT id, date '2025-03-01' + (id % 200)::int FROM club.people;
SELECT lo_from_bytea(3000000001, 'a large object with a large number'), lo_from_bytea(42, ''), lo_from_bytea(43, decode(repeat('00ff10', 3000), 'hex'));
REFRESH MATERIALIZED VIEW club.totals;
