#include "guard/sequences.h"

#include <algorithm>
#include <chrono>

#include "guard/sql_guard.h"
#include "guard/sql_replace.h"
#include "pg/session.h"
#include "scan/table.h"
#include "schema/read.h"
#include "swap/sessions.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kSessionPatience = 10s;
constexpr std::string_view kFact = "sequences";
constexpr std::string_view kAdvanced = "advanced";  // sequences of the copy
constexpr std::string_view kExact = "exact";

bool further(const scan::Sequence& now, const archive::SequenceRecord& was,
             std::int64_t increment) {
  if (now.last_value == was.last_value) return now.is_called && !was.is_called;
  return increment > 0 ? now.last_value > was.last_value : now.last_value < was.last_value;
}

const schema::Element* sequence_of(const schema::Model& model, const pg::QualifiedName& name) {
  const auto found =
      std::find_if(model.elements.begin(), model.elements.end(), [&](const schema::Element& one) {
        return one.kind == schema::Kind::Sequence && one.schema == name.schema &&
               one.name == name.name;
      });
  return found == model.elements.end() ? nullptr : &*found;
}

// Only who is connected to the database can end one, so it is said while it is open.
void require_no_prepared(const RunContext& context, const std::string& live) {
  const std::vector<std::string> lines = swap::prepared_lines(context.maintenance, live);
  if (lines.empty()) return;
  throw util::Error(
      util::Kind::NotUndone,
      cat("database ", util::printable(live),
          " cannot be swapped with its copy: ", util::join(lines, "; ")),
      {.hint = "COMMIT or ROLLBACK PREPARED what is listed, then run it again.", .sqlstate = {}});
}

void tell_exact(const RunContext& context, const std::vector<SequenceStep>& steps) {
  for (const SequenceStep& step : steps) {
    context.reporter.note(cat("sequence ", step.name.display(), " is back at ", step.was,
                              " (--sequences exact; it had come to ", step.last_value,
                              "): numbers that others may have drawn are given out again"));
  }
}

// Of the copy, which an earlier attempt may have advanced.
void put_back(pg::Connection& copy, const backup::Backup& backup) {
  for (const archive::SequenceRecord& record : backup.manifest.sequences)
    sql::set_position(copy, {record.schema, record.name}, record.last_value, record.is_called);
}

}  // namespace

void journal_sequences(Journal& journal, std::string_view step, Sequences chosen) {
  journal.fact(step, kFact,
               {{"positions", chosen == Sequences::Exact ? std::string(kExact) : "further"}});
}

Sequences chosen_sequences(const RunRecord& record) {
  const Event* const fact = record.last_fact(kFact);
  return fact != nullptr && fact->get("positions") == kExact ? Sequences::Exact
                                                             : Sequences::Further;
}

std::vector<SequenceStep> further_positions(pg::Connection& failed, const backup::Backup& backup) {
  const std::map<pg::QualifiedName, std::int64_t> increments = sql::sequence_increments(failed);
  std::vector<SequenceStep> steps;
  for (const scan::Sequence& sequence : scan::list_sequences(failed)) {
    const auto record =
        std::find_if(backup.manifest.sequences.begin(), backup.manifest.sequences.end(),
                     [&](const archive::SequenceRecord& one) {
                       return one.schema == sequence.name.schema && one.name == sequence.name.name;
                     });
    const auto increment = increments.find(sequence.name);
    if (record == backup.manifest.sequences.end() || increment == increments.end() ||
        !further(sequence, *record, increment->second))
      continue;
    steps.push_back({.name = sequence.name,
                     .was = record->last_value,
                     .last_value = sequence.last_value,
                     .is_called = sequence.is_called});
  }
  if (steps.empty()) return steps;  // the schema, which takes longer, need not be read
  const std::optional<schema::Model> before = verify::recorded_model(backup);
  if (!before) return {};
  const schema::Model now = schema::read(failed);
  std::erase_if(steps, [&](const SequenceStep& step) {
    const schema::Element* const was = sequence_of(*before, step.name);
    const schema::Element* const is = sequence_of(now, step.name);
    return was == nullptr || is == nullptr || was->facts != is->facts;
  });
  return steps;
}

void advance(const RunContext& context, pg::Connection& old,
             const std::vector<SequenceStep>& steps) {
  if (chosen_sequences(read_run(context.names.folder)) == Sequences::Exact)
    return tell_exact(context, steps);
  for (const SequenceStep& step : steps) {
    sql::set_position(old, step.name, step.last_value, step.is_called);
    context.reporter.note(cat("sequence ", step.name.display(), " goes on from ", step.last_value,
                              " (", step.was, " in the backup): others may have drawn numbers"));
  }
}

namespace {

// Of the live database, which others can no longer reach. A migration may have damaged its
// catalogue, which must not keep the old state from coming back.
std::vector<SequenceStep> close_and_compare(const RunContext& context,
                                            const backup::Backup& backup) {
  pg::Connection failed = pg::Connection::open(context.database, context.names.application);
  pg::pin_settings(failed, backup.manifest.encoding);
  swap::close_to_others(context.maintenance, context.database.database(), failed.backend_pid(),
                        kSessionPatience);
  try {
    return further_positions(failed, backup);
  } catch (const util::Error& error) {
    if (error.kind() != util::Kind::Query) throw;
    context.reporter.warning(
        cat("sequences stay where the backup found them, so numbers that others "
            "drew may be given out again: ",
            error.message()));
    return {};
  }
}

void advance_copy(const RunContext& context, const backup::Backup& backup) {
  const std::vector<SequenceStep> steps = close_and_compare(context, backup);
  const RunRecord record = read_run(context.names.folder);
  const bool exact = chosen_sequences(record) == Sequences::Exact;
  if (exact) tell_exact(context, steps);
  if (exact ? record.last_fact(kAdvanced) == nullptr : steps.empty()) return;
  context.journal.fact("undo", kAdvanced, {{"sequences", cat(steps.size())}});
  swap::reopen(context.maintenance, context.names.copy);
  {
    pg::Connection copy = pg::Connection::open(context.database.with_database(context.names.copy),
                                               context.names.application);
    if (exact) {
      put_back(copy, backup);
    } else {
      advance(context, copy, steps);
    }
  }
  swap::seal(context.maintenance, context.names.copy);
  context.journal.fact("undo", "seal",
                       seal_fields(swap::seal_record(context.maintenance, context.names.copy)));
}

// The failed state is served on where the undo cannot go on.
void open_again(const RunContext& context) {
  try {
    swap::reopen(context.maintenance, context.database.database());
  } catch (const util::Error& error) {
    context.reporter.warning(
        cat("database ", context.database.database(), " refuses connections: ", error.message()));
  }
}

}  // namespace

void advance_sequences_of_copy(const RunContext& context, const backup::Backup& backup) {
  const std::string& live = context.database.database();
  if (database_oid(context.maintenance, live) == 0) return;
  swap::reopen(context.maintenance, live);  // an earlier attempt may have closed it
  require_no_prepared(context, live);
  try {
    advance_copy(context, backup);
  } catch (const std::exception&) {
    open_again(context);
    throw;
  }
}

}  // namespace guard
