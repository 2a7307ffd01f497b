-- Text search.
create schema ts; set search_path = ts;
create text search template own_template (init = dsimple_init, lexize = dsimple_lexize); create text search template no_init (lexize = dsimple_lexize);
create text search parser own_parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline);
create text search parser no_headline (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search dictionary words (template = simple, accept = false, stopwords = english);
create text search dictionary own_words (template = own_template); create text search dictionary snowball_de (template = snowball, language = german);
create text search configuration search (parser = own_parser); create text search configuration copied (copy = english); create text search configuration "Empty One" (parser = default);
alter text search configuration search add mapping for asciiword, word with words, english_stem, own_words; alter text search configuration search add mapping for int with simple;
comment on text search template own_template is 'a template'; comment on text search parser own_parser is 'a parser'; comment on text search dictionary words is 'a dictionary'; comment on text search configuration search is 'a configuration';
alter text search dictionary words owner to kinds_owner; alter text search configuration search owner to kinds_owner;
create table documents (t text, v tsvector generated always as (to_tsvector('ts.search'::regconfig, t)) stored); create index on documents using gin (v); create index on documents using gin (to_tsvector('ts.copied', t));
