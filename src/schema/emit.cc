#include "schema/emit.h"

#include "schema/damage.h"
#include "schema/emit_draft.h"
#include "schema/emit_sql.h"
#include "util/error.h"
#include "util/text.h"

namespace schema {
namespace {

constexpr int kNewestKnown = 18;

void require_known_version(const pg::Connection& connection) {
  if (connection.server_major() <= kNewestKnown) return;
  throw util::Error(
      util::Kind::Backup,
      util::cat("the catalogues of PostgreSQL ", connection.server_major(),
                " are not known to this version of pgbelay, only those up to ", kNewestKnown),
      {.hint = "Install pg_dump of the server's version.", .sqlstate = {}});
}

void tie_to_extensions(pg::Connection& connection, emit_detail::Drafts& drafts) {
  const pg::Result rows = connection.query(sql::extension_ties());
  for (int row = 0; row < rows.row_count(); ++row) {
    const Address address{static_cast<std::uint32_t>(rows.u64(row, 0)),
                          static_cast<std::uint32_t>(rows.u64(row, 1))};
    if (drafts.of_extension(address)) continue;
    const std::optional<std::size_t> entry = drafts.entry_of(address);
    if (!entry) {
      emit_detail::require_left_out(connection, drafts, address, "a tie to an extension");
      continue;
    }
    Emitted& tied = drafts.entries[*entry];
    // The index of a key is part of the key, a partition's trigger of its parent's.
    const std::string phrase = rows.text(row, 3) ? rows.str(row, 3) : tied.phrase;
    tied.definition +=
        util::cat("\nALTER ", phrase, " DEPENDS ON EXTENSION ", rows.str(row, 2), ";\n");
  }
}

// Entries in order, and behind each what is said about it; the rest at the end.
std::vector<Emitted> together(emit_detail::Drafts& drafts, const std::vector<std::size_t>& order,
                              std::vector<Emitted> said) {
  std::multimap<std::size_t, Emitted*> notes;
  const std::size_t nowhere = drafts.entries.size();
  for (Emitted& note : said) {
    const bool follows = note.part == Part::None && !note.depends_on.empty();
    notes.emplace(follows ? note.depends_on.front() : nowhere, &note);
  }
  std::vector<Emitted> all;
  std::map<std::size_t, std::size_t> position;
  const auto add = [&](Emitted entry) {
    std::vector<std::size_t> needs;
    for (const std::size_t need : entry.depends_on) {
      if (const auto found = position.find(need); found != position.end())
        needs.push_back(found->second);
    }
    entry.depends_on = std::move(needs);
    all.push_back(std::move(entry));
  };
  for (const std::size_t n : order) {
    position[n] = all.size();
    add(std::move(drafts.entries[n]));
    const auto [first, last] = notes.equal_range(n);
    for (auto note = first; note != last; ++note) add(std::move(*note->second));
  }
  const auto [first, last] = notes.equal_range(nowhere);
  for (auto note = first; note != last; ++note) add(std::move(*note->second));
  return all;
}

std::vector<Emitted> emit_all(pg::Connection& connection) {
  emit_detail::Drafts drafts;
  emit_detail::read_drafts(connection, drafts);
  const emit_detail::TableTexts tables(connection, drafts);
  emit_detail::require_coverage(connection, drafts);
  tie_to_extensions(connection, drafts);
  const std::vector<std::size_t> order = emit_detail::in_order(drafts, tables);
  std::vector<Emitted> said = emit_detail::said_about(connection, drafts);
  return together(drafts, order, std::move(said));
}

}  // namespace

std::vector<Emitted> emit(pg::Connection& connection) {
  require_known_version(connection);
  std::vector<Emitted> all;
  naming_damage(connection, util::Kind::Backup, [&] { all = emit_all(connection); });
  return all;
}

}  // namespace schema
