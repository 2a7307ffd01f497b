#include "backup/sql_globals.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "util/text.h"

namespace backup::sql {
namespace {

// Objects of pinned roles, the bootstrap superuser's above all, are not in pg_shdepend: their
// owners are asked for.
constexpr std::string_view kReferred = R"sql(
  with recursive db as (
    select oid, datdba from pg_catalog.pg_database where datname = pg_catalog.current_database()),
  referred (oid) as (
    select d.refobjid
      from pg_catalog.pg_shdepend d join db on d.dbid = db.oid
        or (d.dbid = 0 and d.classid = 'pg_catalog.pg_database'::pg_catalog.regclass and d.objid = db.oid)
     where d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    union select datdba from db
    union select s.setrole from pg_catalog.pg_db_role_setting s join db on s.setdatabase = db.oid where s.setrole <> 0
    union select nspowner from pg_catalog.pg_namespace where oid >= 16384
    union select c.relowner from pg_catalog.pg_class c where c.oid >= 16384 and c.relnamespace <> 99
    union select proowner from pg_catalog.pg_proc where oid >= 16384
    union select typowner from pg_catalog.pg_type where oid >= 16384
    union select lomowner from pg_catalog.pg_largeobject_metadata),
  wanted (oid) as (
    select oid from referred
    union
    select x.oid from wanted join pg_catalog.pg_auth_members m on m.member = wanted.oid
      cross join lateral (values (m.roleid), (m.grantor)) x(oid)
     where x.oid = m.roleid or $GRANTORS and x.oid <> 10)
  select r.rolname::pg_catalog.text, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
         r.rolreplication, r.rolbypassrls, r.rolconnlimit,
         case when r.rolvaliduntil is not null then r.rolvaliduntil::pg_catalog.text end,
         coalesce(pg_catalog.shobj_description(r.oid, 'pg_authid'), ''), r.oid
    from pg_catalog.pg_roles r join wanted on wanted.oid = r.oid
   where r.rolname !~ '^pg_'
   order by r.rolname collate "C")sql";

constexpr std::string_view kSettings = R"sql(
  select pg_catalog.split_part(line, '=', 1), pg_catalog.substr(line, pg_catalog.strpos(line, '=') + 1)
    from pg_catalog.pg_db_role_setting s cross join lateral pg_catalog.unnest(s.setconfig) as line
   where s.setdatabase = 0 and s.setrole = $1::pg_catalog.oid)sql";

constexpr int kManyGrantors = 16;  // since then it says who gave what

constexpr std::string_view kMembershipsOfGrantors = R"sql(
  select role.rolname::pg_catalog.text, member.rolname::pg_catalog.text, m.admin_option, m.inherit_option, m.set_option,
         case when m.grantor <> 10 then grantor.rolname::pg_catalog.text else '' end
    from pg_catalog.pg_auth_members m
    join pg_catalog.pg_roles role on role.oid = m.roleid
    join pg_catalog.pg_roles member on member.oid = m.member
    left join pg_catalog.pg_roles grantor on grantor.oid = m.grantor
   order by role.rolname collate "C", member.rolname collate "C", grantor.rolname collate "C")sql";

constexpr std::string_view kMemberships = R"sql(
  select role.rolname::pg_catalog.text, member.rolname::pg_catalog.text, pg_catalog.bool_or(m.admin_option)
    from pg_catalog.pg_auth_members m
    join pg_catalog.pg_roles role on role.oid = m.roleid
    join pg_catalog.pg_roles member on member.oid = m.member
   group by role.rolname, member.rolname
   order by role.rolname collate "C", member.rolname collate "C")sql";

// The right to grant a role comes before what was granted with it.
std::vector<Membership> in_order_of_grants(std::vector<Membership> waiting) {
  std::vector<Membership> ordered;
  const auto can_be_granted = [&ordered](const Membership& one) {
    return !one.grant || one.grant->grantor.empty() ||
           std::any_of(ordered.begin(), ordered.end(), [&one](const Membership& before) {
             return before.admin && before.role == one.role && before.member == one.grant->grantor;
           });
  };
  while (!waiting.empty()) {
    const auto ready = std::stable_partition(waiting.begin(), waiting.end(), can_be_granted);
    // What is left has a grantor who may not grant any more: the server will say so.
    const auto end = ready == waiting.begin() ? waiting.end() : ready;
    std::move(waiting.begin(), end, std::back_inserter(ordered));
    waiting.erase(waiting.begin(), end);
  }
  return ordered;
}

}  // namespace

std::vector<Role> referred_roles(pg::Connection& connection) {
  const pg::Result rows = connection.query(
      util::replace_all(std::string(kReferred), "$GRANTORS",
                        connection.server_major() >= kManyGrantors ? "true" : "false"));
  std::vector<Role> roles;
  for (int row = 0; row < rows.row_count(); ++row) {
    Role role{.name = rows.str(row, 0),
              .superuser = rows.boolean(row, 1),
              .inherit = rows.boolean(row, 2),
              .createrole = rows.boolean(row, 3),
              .createdb = rows.boolean(row, 4),
              .login = rows.boolean(row, 5),
              .replication = rows.boolean(row, 6),
              .bypass_rls = rows.boolean(row, 7),
              .connection_limit = rows.i64(row, 8),
              .comment = rows.str(row, 10)};
    if (rows.text(row, 9)) role.valid_until = rows.str(row, 9);
    const pg::Result settings = connection.query(kSettings, {rows.str(row, 11)});
    for (int n = 0; n < settings.row_count(); ++n)
      role.settings.emplace_back(settings.str(n, 0), settings.str(n, 1));
    roles.push_back(std::move(role));
  }
  return roles;
}

std::vector<Membership> memberships(pg::Connection& connection, const std::vector<Role>& roles) {
  const auto known = [&roles](const std::string& name) {
    return std::any_of(roles.begin(), roles.end(),
                       [&name](const Role& role) { return role.name == name; });
  };
  const bool of_grantors = connection.server_major() >= kManyGrantors;
  const pg::Result rows = connection.query(of_grantors ? kMembershipsOfGrantors : kMemberships);
  std::vector<Membership> memberships;
  for (int row = 0; row < rows.row_count(); ++row) {
    Membership membership{rows.str(row, 0), rows.str(row, 1), rows.boolean(row, 2)};
    if (of_grantors)
      membership.grant = {rows.boolean(row, 3), rows.boolean(row, 4),
                          std::string(rows.text(row, 5).value_or(""))};
    const bool of_server = membership.role.starts_with("pg_");
    if (known(membership.member) && (of_server || known(membership.role)))
      memberships.push_back(std::move(membership));
  }
  return in_order_of_grants(std::move(memberships));
}

bool is_list_parameter(const std::string& name) {
  constexpr std::array<std::string_view, 6> kLists{
      "local_preload_libraries",  "search_path",      "session_preload_libraries",
      "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"};
  return std::find(kLists.begin(), kLists.end(), util::lower(name)) != kLists.end();
}

}  // namespace backup::sql
