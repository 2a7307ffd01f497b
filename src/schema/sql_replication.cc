// Publications with what they publish, subscriptions, event triggers.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string publications(const Server& server) {
  return cat(R"sql(
  select 'publication' as kind, p.oid, 0 as sub, null as schema, p.pubname as name,
         pg_catalog.quote_ident(p.pubname) as identity, '' as of, null as of_oid,
         )sql",
             role("p.pubowner"), R"sql( as "owner",
         case when p.puballtables then 'yes' end as "all tables",
         pg_catalog.array_remove(array[case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
           case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end], null) as "publish[]",
         case when p.pubviaroot then 'yes' end as "via root")sql",
             server.major >= 18
                 ? ", case p.pubgencols when 's' then 'stored' end as \"generated columns\""
                 : "",
             R"sql(
    from pg_catalog.pg_publication p)sql");
}

std::string publication_tables(const Server& server) {
  const std::string facts = server.major < 15 ? "" : R"sql(,
         case when r.prattrs is not null then array(
           select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
            where a.attrelid = r.prrelid and a.attnum = any (r.prattrs) order by a.attnum) end as "columns[]",
         pg_catalog.pg_get_expr(r.prqual, r.prrelid) as "filter~")sql";
  return cat(R"sql(
  select 'published table' as kind, r.oid, 0 as sub, n.nspname as schema, c.relname as name,
         )sql",
             qualified("c.relname"),
             R"sql( || ' in ' || pg_catalog.quote_ident(p.pubname) as identity,
         )sql",
             qualified("c.relname"), R"sql( as of, c.oid as of_oid,
         pg_catalog.quote_ident(p.pubname) as "publication")sql",
             facts, R"sql(
    from pg_catalog.pg_publication_rel r
    join pg_catalog.pg_publication p on p.oid = r.prpubid
    join pg_catalog.pg_class c on c.oid = r.prrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace)sql");
}

std::string publication_schemas(const Server& server) {
  if (server.major < 15) return {};
  return R"sql(
  select 'published schema' as kind, r.oid, 0 as sub, null as schema, n.nspname as name,
         pg_catalog.quote_ident(n.nspname) || ' in ' || pg_catalog.quote_ident(p.pubname) as identity,
         '' as of, null as of_oid,
         pg_catalog.quote_ident(p.pubname) as "publication", pg_catalog.quote_ident(n.nspname) as "schema"
    from pg_catalog.pg_publication_namespace r
    join pg_catalog.pg_publication p on p.oid = r.pnpubid
    join pg_catalog.pg_namespace n on n.oid = r.pnnspid)sql";
}

namespace {

// Where a subscription gets its rows from holds a password, and is shown to superusers only; before
// 15 other roles see only a few columns.
std::string subscription_facts(const Server& server) {
  std::string facts;
  const auto flag = [&](int since, std::string_view column, std::string_view name) {
    if (server.major < since) return;
    facts += cat(", case when s.", column, " then 'yes' end as \"", name, "\"");
  };
  const auto text = [&](int since, std::string_view expression, std::string_view name) {
    if (server.major >= since) facts += cat(", ", expression, " as \"", name, "\"");
  };
  if (!server.superuser && server.major < 15) return {};
  text(13, "s.subslotname", "slot");
  text(13, "s.subsynccommit", "synchronous commit");
  text(13, sorted("s.subpublications"), "publications[]");
  flag(14, "subbinary", "binary");
  text(14,
       server.major >= 16 ? "case s.substream when 't' then 'on' when 'p' then 'parallel' end"
                          : "case when s.substream then 'on' end",
       "streaming");
  text(15, "case when s.subtwophasestate <> 'd' then 'yes' end", "two phase");
  flag(15, "subdisableonerr", "disable on error");
  text(16, "case when not s.subpasswordrequired then 'no' end", "password required");
  flag(16, "subrunasowner", "run as owner");
  text(16, "case when s.suborigin <> 'any' then s.suborigin end", "origin");
  flag(17, "subfailover", "failover");
  if (server.superuser) text(13, "s.subconninfo", "connection!");
  return facts;
}

}  // namespace

std::string subscriptions(const Server& server) {
  const std::string_view oid = server.superuser || server.major >= 15 ? "s.oid" : "0";
  return cat("\n  select 'subscription' as kind, ", oid,
             R"sql( as oid, 0 as sub, null as schema, s.subname as name,
         pg_catalog.quote_ident(s.subname) as identity, '' as of, null as of_oid,
         )sql",
             role("s.subowner"), R"sql( as "owner",
         case when not s.subenabled then 'no' end as "enabled")sql",
             subscription_facts(server), R"sql(
    from pg_catalog.pg_subscription s
    join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = pg_catalog.current_database())sql");
}

std::string event_triggers(const Server&) {
  return cat(R"sql(
  select 'event trigger' as kind, e.oid, 0 as sub, null as schema, e.evtname as name,
         pg_catalog.quote_ident(e.evtname) as identity, '' as of, null as of_oid,
         )sql",
             role("e.evtowner"), R"sql( as "owner", e.evtevent as "event",
         )sql",
             sorted("e.evttags"), R"sql( as "tags[]",
         e.evtfoid::pg_catalog.regproc::pg_catalog.text as "function",
         case e.evtenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as "enabled"
    from pg_catalog.pg_event_trigger e)sql");
}

}  // namespace schema::sql
