// Comments, security labels and privileges: of entries, and of what is part of one.
#include <algorithm>

#include "pg/ident.h"
#include "schema/emit_draft.h"
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::emit_detail {
namespace {

using util::cat;

struct Named {
  std::string phrase, tag;
};

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

// "TABLE t" for a table t: without its schema, which has a field of its own.
std::string tag_of(const Emitted& entry) {
  const bool with_arguments =
      entry.tag.find('(') != std::string::npos || entry.tag.starts_with(entry.kind);
  if (entry.tag.starts_with(entry.kind)) return entry.tag;
  return cat(entry.kind, " ", with_arguments ? entry.tag : pg::quote_ident(entry.tag));
}

class About {
 public:
  About(pg::Connection& connection, const Drafts& drafts)
      : connection_(connection), drafts_(drafts) {
    const pg::Result rows = connection.query(sql::parts());
    for (int row = 0; row < rows.row_count(); ++row) {
      parts_[{Address{oid_at(rows, row, 0), oid_at(rows, row, 1)}, rows.i64(row, 2)}] = {
          rows.str(row, 3), rows.str(row, 4)};
    }
  }

  std::vector<Emitted> all() {
    const sql::Subscriptions subscriptions =
        drafts_.subscriptions_read ? sql::Subscriptions::Read : sql::Subscriptions::Leave;
    notes(sql::comments(subscriptions), "COMMENT");
    notes(sql::security_labels(subscriptions), "SECURITY LABEL");
    privileges(sql::privileges(connection_.server_major()), "ACL");
    privileges(sql::default_privileges(), "DEFAULT ACL");
    return std::move(said_);
  }

 private:
  void notes(const std::string& statement, const std::string& kind) {
    const pg::Result rows = connection_.query(statement);
    for (int row = 0; row < rows.row_count(); ++row) {
      const Address address{oid_at(rows, row, 0), oid_at(rows, row, 1)};
      constexpr std::uint32_t kLargeObjects = 2613;
      if (drafts_.of_extension(address) || address.class_oid == kLargeObjects) continue;
      const std::optional<std::size_t> owner = drafts_.entry_of(address);
      if (!owner) {
        require_left_out(connection_, drafts_, address, cat("a ", util::lower(kind)));
        continue;
      }
      const Emitted& entry = drafts_.entries[*owner];
      Named named{entry.phrase, tag_of(entry)};
      const auto part = parts_.find({address, rows.i64(row, 2)});
      if (part != parts_.end()) {
        named = part->second;
      } else if (entry.address != address || rows.i64(row, 2) != 0) {
        refuse(entry.phrase, cat("it has a ", util::lower(kind), " on a part that is not known"));
      }
      Emitted note = about(entry, kind, named.tag);
      note.definition = kind == "COMMENT"
                            ? cat("COMMENT ON ", named.phrase, " IS ", rows.str(row, 3), ";\n")
                            : cat("SECURITY LABEL FOR ", rows.str(row, 3), " ON ", named.phrase,
                                  " IS ", rows.str(row, 4), ";\n");
      note.depends_on = {*owner};
      said_.push_back(std::move(note));
    }
  }

  static Emitted about(const Emitted& entry, const std::string& kind, const std::string& tag) {
    Emitted note;
    note.kind = kind;
    note.tag = tag;
    note.schema = entry.schema;
    note.owner = entry.owner;
    return note;
  }

  struct Item {
    std::string grantor, grantee;
    bool is_public = false;
    std::set<std::string> plain, grantable;
    bool operator==(const Item&) const = default;
  };
  struct List {
    Address address;
    std::string phrase, tag, prefix, columns, owner;
    std::optional<std::string> schema;
    std::vector<Item> base, now;
  };

  static void add_item(std::vector<Item>& items, const pg::Result& rows, int row) {
    const Item item{rows.str(row, 10), rows.str(row, 11), rows.boolean(row, 12), {}, {}};
    const auto same = [&](const Item& other) {
      return other.grantor == item.grantor && other.grantee == item.grantee &&
             other.is_public == item.is_public;
    };
    auto found = std::find_if(items.begin(), items.end(), same);
    if (found == items.end()) found = items.insert(items.end(), item);
    (rows.boolean(row, 14) ? found->grantable : found->plain).insert(rows.str(row, 13));
  }

  void privileges(const std::string& statement, const std::string& kind) {
    const pg::Result rows = connection_.query(statement);
    List list;
    std::int64_t column = 0;
    for (int row = 0; row < rows.row_count(); ++row) {
      const Address address{oid_at(rows, row, 0), oid_at(rows, row, 1)};
      if (address != list.address || rows.i64(row, 2) != column) {
        flush(list, kind);
        list = List{address,
                    rows.str(row, 3),
                    rows.str(row, 4),
                    rows.str(row, 6),
                    rows.str(row, 7),
                    rows.str(row, 8),
                    {},
                    {},
                    {}};
        if (rows.text(row, 5)) list.schema = rows.str(row, 5);
        column = rows.i64(row, 2);
      }
      if (!rows.text(row, 9)) continue;  // an empty list
      if (rows.boolean(row, 9)) {
        add_item(list.base, rows, row);
      } else {
        add_item(list.now, rows, row);
      }
    }
    flush(list, kind);
  }

  void flush(const List& list, const std::string& kind) {
    if (list.address.oid == 0) return;
    // Those of the system and of extensions have no entry: they are there when this is run.
    const std::optional<std::size_t> owner = drafts_.of_extension(list.address)
                                                 ? extension_of(list.address)
                                                 : drafts_.entry_of(list.address);
    constexpr std::uint32_t kFirstOfUsers = 16384;
    if (!owner && list.address.oid >= kFirstOfUsers && kind == "ACL")
      return require_left_out(connection_, drafts_, list.address, "privileges");
    Emitted entry;
    entry.address = kind == "ACL" ? Address{} : list.address;
    entry.kind = kind;
    entry.tag = list.tag;
    entry.schema = list.schema;
    entry.owner = list.owner;
    entry.part = kind == "ACL" ? Part::None : Part::AfterData;
    entry.definition = grants(list);
    if (owner) entry.depends_on = {*owner};
    if (!entry.definition.empty()) said_.push_back(std::move(entry));
  }

  std::optional<std::size_t> extension_of(const Address& address) const {
    const auto member = drafts_.members.find(address);
    if (member == drafts_.members.end()) return std::nullopt;
    return drafts_.entry_of({kExtensions, member->second});
  }

  static std::string grantee(const Item& item) {
    return item.is_public ? "PUBLIC" : pg::quote_ident(item.grantee);
  }

  // What pg_get_userbyid() writes of a role that was removed without a DROP.
  static void require_roles(const List& list, const Item& item) {
    constexpr std::string_view kUnknown = "unknown (OID=";
    if (item.grantor.starts_with(kUnknown) || item.grantee.starts_with(kUnknown))
      refuse(list.phrase, "a role in its privileges does not exist any more");
  }

  static std::string grants(const List& list) {
    std::string text;
    const std::string on = cat(" ON ", list.phrase);
    for (const Item& item : list.base) {
      if (std::find(list.now.begin(), list.now.end(), item) != list.now.end()) continue;
      text += cat(list.prefix, "REVOKE ALL", list.columns, on, " FROM ", grantee(item), ";\n");
    }
    for (const Item& item : list.now) {
      if (std::find(list.base.begin(), list.base.end(), item) != list.base.end()) continue;
      require_roles(list, item);
      const bool other = item.grantor != list.owner;
      // As the one who granted it: only so is it his to take back.
      if (other) text += cat("SET SESSION AUTHORIZATION ", pg::quote_ident(item.grantor), ";\n");
      for (const auto& [privileges, option] :
           {std::pair{&item.plain, ""}, std::pair{&item.grantable, " WITH GRANT OPTION"}}) {
        std::vector<std::string> names;
        for (const std::string& privilege : *privileges)
          names.push_back(cat(privilege, list.columns));
        if (!names.empty())
          text += cat(list.prefix, "GRANT ", util::join(names, ", "), on, " TO ", grantee(item),
                      option, ";\n");
      }
      if (other) text += "RESET SESSION AUTHORIZATION;\n";
    }
    return text;
  }

  pg::Connection& connection_;
  const Drafts& drafts_;
  std::map<std::pair<Address, std::int64_t>, Named> parts_;
  std::vector<Emitted> said_;
};

}  // namespace

std::vector<Emitted> said_about(pg::Connection& connection, const Drafts& drafts) {
  return About(connection, drafts).all();
}

}  // namespace schema::emit_detail
