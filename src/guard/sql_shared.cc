#include "guard/sql_shared.h"

namespace guard {
namespace {

constexpr std::string_view kRoles = R"sql(
  select 'role', r.rolname::pg_catalog.text, d.text,
         pg_catalog.format('ALTER ROLE %I %s;', r.rolname, d.text),
         pg_catalog.format('CREATE ROLE %I %s; -- its password and memberships cannot be given back', r.rolname, d.text),
         pg_catalog.format('DROP ROLE %I;', r.rolname)
    from pg_catalog.pg_roles r
   cross join lateral (select pg_catalog.concat_ws(' ',
           case when r.rolsuper then 'SUPERUSER' else 'NOSUPERUSER' end,
           case when r.rolinherit then 'INHERIT' else 'NOINHERIT' end,
           case when r.rolcreaterole then 'CREATEROLE' else 'NOCREATEROLE' end,
           case when r.rolcreatedb then 'CREATEDB' else 'NOCREATEDB' end,
           case when r.rolcanlogin then 'LOGIN' else 'NOLOGIN' end,
           case when r.rolreplication then 'REPLICATION' else 'NOREPLICATION' end,
           case when r.rolbypassrls then 'BYPASSRLS' else 'NOBYPASSRLS' end,
           'CONNECTION LIMIT ' || r.rolconnlimit,
           'VALID UNTIL ' || pg_catalog.quote_literal(coalesce((r.rolvaliduntil at time zone 'UTC')::pg_catalog.text || '+00',
                                                    'infinity'))) as text) d
   where $1::pg_catalog.text is not null and r.rolname not like 'pg\_%')sql";

// Only a superuser sees that a password changed, and nobody the password.
constexpr std::string_view kPasswords = R"sql(
  select 'password', r.rolname::pg_catalog.text, pg_catalog.md5(coalesce(a.rolpassword, '')), '', '', ''
    from pg_catalog.pg_roles r
    join pg_catalog.pg_authid a on a.oid = r.oid
   where $1::pg_catalog.text is not null and r.rolname not like 'pg\_%')sql";
constexpr std::string_view kMayReadPasswords =
    "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select')";

constexpr std::string_view kMemberships = R"sql(
  select 'membership', pg_catalog.format('of %s in %s', m.rolname, g.rolname),
         case when pg_catalog.bool_or(a.admin_option) then 'with admin option' else '' end,
         pg_catalog.format('REVOKE %s%I FROM %I;',
                           case when pg_catalog.bool_or(a.admin_option) then '' else 'ADMIN OPTION FOR ' end, g.rolname, m.rolname)
         || case when pg_catalog.bool_or(a.admin_option)
                 then pg_catalog.format(' GRANT %I TO %I WITH ADMIN OPTION;', g.rolname, m.rolname) else '' end,
         pg_catalog.format('GRANT %I TO %I%s;', g.rolname, m.rolname,
                           case when pg_catalog.bool_or(a.admin_option) then ' WITH ADMIN OPTION' else '' end),
         pg_catalog.format('REVOKE %I FROM %I;', g.rolname, m.rolname)
    from pg_catalog.pg_auth_members a
    join pg_catalog.pg_roles g on g.oid = a.roleid
    join pg_catalog.pg_roles m on m.oid = a.member
   where $1::pg_catalog.text is not null
   group by g.rolname, m.rolname)sql";

// Since 16 a membership has more options, and each grantor's is one of its own. The one whom initdb
// made (OID 10) stands for every superuser. The role comes last: its name is what a statement
// names.
constexpr std::string_view kMembershipsOfGrantors = R"sql(
  select 'membership', pg_catalog.format('%sof %s in %s', case when a.grantor <> 10 then pg_catalog.format('(by %s) ', x.rolname) end,
                                         m.rolname, g.rolname),
         o.options, t.given, t.given, pg_catalog.format('REVOKE %I FROM %I%s;', g.rolname, m.rolname, o.grantor)
    from pg_catalog.pg_auth_members a
    join pg_catalog.pg_roles g on g.oid = a.roleid
    join pg_catalog.pg_roles m on m.oid = a.member
    left join pg_catalog.pg_roles x on x.oid = a.grantor
   cross join lateral (select
           pg_catalog.format('ADMIN %s, INHERIT %s, SET %s', a.admin_option::pg_catalog.text,
                             a.inherit_option::pg_catalog.text, a.set_option::pg_catalog.text) as options,
           case when a.grantor <> 10 then pg_catalog.format(' GRANTED BY %I', x.rolname) else '' end as grantor) o
   cross join lateral (select
           pg_catalog.format('GRANT %I TO %I WITH %s%s;', g.rolname, m.rolname, o.options, o.grantor) as given) t
   where $1::pg_catalog.text is not null)sql";

// Settings of the guarded database, of roles in it too, travel with the swap. A list (search_path)
// must be given back as one: its value stands as it was written.
constexpr std::string_view kSettings = R"sql(
  select 'setting', pg_catalog.concat_ws(' ', e.name, 'of', w.place), e.value,
         pg_catalog.format('ALTER %s SET %s TO %s;', w.target, e.name, e.shown),
         pg_catalog.format('ALTER %s SET %s TO %s;', w.target, e.name, e.shown),
         pg_catalog.format('ALTER %s RESET %s;', w.target, e.name)
    from pg_catalog.pg_db_role_setting s
    left join pg_catalog.pg_database d on d.oid = s.setdatabase
    left join pg_catalog.pg_roles r on r.oid = s.setrole
   cross join lateral (select
           case when s.setrole = 0 then 'database ' || d.datname
                when s.setdatabase = 0 then 'role ' || r.rolname
                else 'role ' || r.rolname || ' in database ' || d.datname end as place,
           case when s.setrole = 0 then pg_catalog.format('DATABASE %I', d.datname)
                when s.setdatabase = 0 then pg_catalog.format('ROLE %I', r.rolname)
                else pg_catalog.format('ROLE %I IN DATABASE %I', r.rolname, d.datname) end as target) w
   cross join lateral (select pg_catalog.split_part(c, '=', 1) as name,
                              pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) as value,
                              case when pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) in
                                     ('search_path', 'datestyle', 'session_preload_libraries',
                                      'local_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
                                   then pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)
                                   else pg_catalog.quote_literal(
                                          pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)) end as shown
                         from pg_catalog.unnest(s.setconfig) c) e
   where d.datname is distinct from $1
     and coalesce(d.datname, '') !~ '__(proof|rehearsal|failed|replaced|probe|held)_[0-9]+$')sql";

constexpr std::string_view kDatabases = R"sql(
  select 'database', d.datname::pg_catalog.text,
         pg_catalog.concat_ws(' ', 'owner', r.rolname, 'limit', d.datconnlimit, d.datallowconn, d.datistemplate,
                              'privileges', d.datacl::pg_catalog.text),
         pg_catalog.format('ALTER DATABASE %I OWNER TO %I; -- its privileges were %s', d.datname, r.rolname,
                           coalesce(d.datacl::pg_catalog.text, 'the defaults')),
         '', ''
    from pg_catalog.pg_database d
    left join pg_catalog.pg_roles r on r.oid = d.datdba
   where d.datname <> $1 and d.datname !~ '__(proof|rehearsal|failed|replaced|probe|held)_[0-9]+$')sql";

constexpr std::string_view kTablespaces = R"sql(
  select 'tablespace', t.spcname::pg_catalog.text,
         pg_catalog.concat_ws(' ', 'owner', r.rolname, t.spcoptions::pg_catalog.text, t.spcacl::pg_catalog.text),
         pg_catalog.format('ALTER TABLESPACE %I OWNER TO %I; -- its privileges were %s', t.spcname, r.rolname,
                           coalesce(t.spcacl::pg_catalog.text, 'the defaults')),
         '', pg_catalog.format('DROP TABLESPACE %I;', t.spcname)
    from pg_catalog.pg_tablespace t
    left join pg_catalog.pg_roles r on r.oid = t.spcowner
   where $1::pg_catalog.text is not null)sql";

constexpr std::string_view kParameters = R"sql(
  select 'parameter', p.parname::pg_catalog.text, coalesce(p.paracl::pg_catalog.text, ''), '', '', ''
    from pg_catalog.pg_parameter_acl p
   where $1::pg_catalog.text is not null)sql";

// Where a slot is moves by itself: only what it is counts. The database of a logical one may get
// another name by a swap. None can be made again, the log that it kept is gone.
constexpr std::string_view kSlots = R"sql(
  select 'replication slot', s.slot_name::pg_catalog.text, pg_catalog.concat_ws(' ', s.slot_type, s.plugin::pg_catalog.text), '', '',
         pg_catalog.concat(
           pg_catalog.format('SELECT pg_catalog.pg_drop_replication_slot(%L);', s.slot_name),
           ' -- until then the server keeps WAL from ' || s.restart_lsn::pg_catalog.text || ' on',
           ', its consumer is at ' || s.confirmed_flush_lsn::pg_catalog.text,
           ', and it hangs on database ' || pg_catalog.regexp_replace(s.database::pg_catalog.text, '[[:cntrl:]]', '?', 'g'))
    from pg_catalog.pg_replication_slots s
   where $1::pg_catalog.text is not null and not s.temporary)sql";

// Without the connection, which only a superuser sees and which holds a password. A statement that
// takes one away would take its slot on the publisher with it (F8): none is given.
constexpr std::string_view kSubscriptions = R"sql(
  select 'subscription',
         pg_catalog.concat(s.subname, case when d.datname <> $1 and d.datname !~ '__(proof|rehearsal|failed|replaced|probe|held)_[0-9]+$'
                                           then ' of database ' || d.datname::pg_catalog.text end),
         pg_catalog.concat_ws(' ', 'owner', r.rolname, case when s.subenabled then 'enabled' else 'disabled' end,
                              'slot ' || s.subslotname::pg_catalog.text,
                              'publications', pg_catalog.array_to_string(s.subpublications, ', ')), '', '', ''
    from pg_catalog.pg_subscription s
    join pg_catalog.pg_database d on d.oid = s.subdbid
    left join pg_catalog.pg_roles r on r.oid = s.subowner)sql";

}  // namespace

std::vector<std::string_view> shared_statements(int server_major) {
  constexpr int kManyGrantors = 16;
  std::vector<std::string_view> out{
      kRoles,        server_major >= kManyGrantors ? kMembershipsOfGrantors : kMemberships,
      kSettings,     kDatabases,
      kTablespaces,  kSlots,
      kSubscriptions};
  if (server_major >= 15) out.push_back(kParameters);
  return out;
}
std::string_view password_statement() { return kPasswords; }
std::string_view may_read_passwords() { return kMayReadPasswords; }

}  // namespace guard
