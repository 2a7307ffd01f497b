#include "pg/sql_database.h"

#include "util/text.h"

namespace pg::sql {

std::string database_row(int server_major) {
  const std::string_view provider =
      server_major >= 15 ? "d.datlocprovider::pg_catalog.text" : "'c'";
  const std::string_view locale = server_major >= 17   ? "d.datlocale"
                                  : server_major >= 15 ? "d.daticulocale"
                                                       : "null::pg_catalog.text";
  const std::string_view rules = server_major >= 16 ? "d.daticurules" : "null::pg_catalog.text";
  return util::cat(
      "select pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text,"
      " pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text, ",
      provider, ", d.datcollate::pg_catalog.text, d.datctype::pg_catalog.text, ", locale, ", ",
      rules,
      R"sql(, t.spcname::pg_catalog.text, d.datconnlimit, d.datistemplate,
           pg_catalog.shobj_description(d.oid, 'pg_database')
      from pg_catalog.pg_database d
      join pg_catalog.pg_tablespace t on t.oid operator(pg_catalog.=) d.dattablespace
     where d.datname operator(pg_catalog.=) $1)sql");
}

std::vector<DatabaseGrant> database_grants(Connection& connection, const std::string& name,
                                           Acl which) {
  const std::string_view acl = which == Acl::Effective
                                   ? "coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))"
                                   : "pg_catalog.acldefault('d', d.datdba)";
  const std::string grants = util::cat(R"sql(
    select pg_catalog.pg_get_userbyid(g.grantor)::pg_catalog.text collate "C",
           case when g.grantee operator(pg_catalog.=) 0::pg_catalog.oid then ''
                else pg_catalog.pg_get_userbyid(g.grantee)::pg_catalog.text end collate "C",
           g.privilege_type collate "C", g.is_grantable
      from pg_catalog.pg_database d, pg_catalog.aclexplode()sql",
                                       acl, R"sql() g
     where d.datname operator(pg_catalog.=) $1
     order by 1, 2, 3, 4)sql");
  const Result result = connection.query(grants, {name});
  std::vector<DatabaseGrant> rows;
  for (int row = 0; row < result.row_count(); ++row) {
    rows.push_back({.grantor = result.str(row, 0),
                    .grantee = result.str(row, 1),
                    .privilege = result.str(row, 2),
                    .grantable = result.boolean(row, 3)});
  }
  return rows;
}

std::string_view database_settings() {
  return R"sql(
    select case when s.setrole operator(pg_catalog.=) 0::pg_catalog.oid then ''
                else pg_catalog.pg_get_userbyid(s.setrole)::pg_catalog.text end collate "C",
           line collate "C"
      from pg_catalog.pg_db_role_setting s
      join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) s.setdatabase
     cross join pg_catalog.unnest(s.setconfig) as line
     where d.datname operator(pg_catalog.=) $1
       and (s.setrole operator(pg_catalog.=) 0::pg_catalog.oid
            or exists (select from pg_catalog.pg_roles r where r.oid operator(pg_catalog.=) s.setrole))
     order by 1, 2)sql";
}

std::string_view database_security_labels() {
  return R"sql(
    select l.provider collate "C", l.label
      from pg_catalog.pg_shseclabel l
      join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) l.objoid
     where l.classoid operator(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass
       and d.datname operator(pg_catalog.=) $1
     order by 1)sql";
}

}  // namespace pg::sql
