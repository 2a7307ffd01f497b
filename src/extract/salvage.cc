#include "extract/salvage.h"

#include <utility>

#include "extract/archive_source.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {

using util::cat;

struct SalvageReader::State {
  ArchiveSource source;
  const archive::Manifest* manifest;
  util::Mutex mutex;
  std::vector<Loss> lost PGBELAY_GUARDED_BY(mutex);
  std::vector<std::string> notes PGBELAY_GUARDED_BY(mutex);
};

SalvageReader::SalvageReader(const Source& source)
    : state_(new State{.source = ArchiveSource(source),
                       .manifest = source.manifest,
                       .mutex = {},
                       .lost = {},
                       .notes = {}}) {
  if (state_->source.archive() != nullptr) return;
  throw util::Error(util::Kind::Damage,
                    cat("nothing says how tables are made: ", *state_->source.note()),
                    {.hint = "Their rows: pgbelay extract. All of it, if the SQL file is whole: "
                             "unpack it and give it to psql.",
                     .sqlstate = {}});
}
SalvageReader::~SalvageReader() = default;

const archive::Toc& SalvageReader::toc() const noexcept { return state_->source.toc(); }

std::map<int, std::uint64_t> SalvageReader::data_bytes() const {
  return state_->source.archive()->data_bytes();
}

void SalvageReader::keep(std::optional<Loss> loss, std::optional<std::string> note) const {
  const util::Lock lock(state_->mutex);
  if (loss) state_->lost.push_back(*std::move(loss));
  if (note) state_->notes.push_back(*std::move(note));
}

void SalvageReader::read_table(const archive::TocEntry& entry, const codec::ByteSink& sink) const {
  if (!entry.copy) return state_->source.archive()->read_table(entry, sink);
  const Table table = table_of(entry, state_->manifest);
  const std::unique_ptr<Batches> batches = state_->source.batches(table);
  BatchMemory memory;
  while (std::optional<Batch> batch = batches->take(memory)) {
    if (!batch->rows.empty()) sink(std::as_bytes(std::span(batch->rows)));
    keep(std::move(batch->loss), std::move(batch->note));
  }
  sink(std::as_bytes(std::span(archive::kEndOfData)));
}

void SalvageReader::read_large_objects(const archive::TocEntry& entry,
                                       const LargeObjectSink& sink) const {
  std::uint32_t oid = 0;
  bool open = false;
  const auto lose = [&](std::string_view what, const util::Error& failure) {
    keep(Loss{.table = {},
              .piece = std::nullopt,
              .rows = std::nullopt,
              .text = cat(what, ": ", failure.message())},
         std::nullopt);
  };
  try {
    state_->source.archive()->read_large_objects(
        entry, {.begin =
                    [&](std::uint32_t begun) {
                      oid = begun;
                      open = true;
                      sink.begin(oid);
                    },
                .bytes = sink.bytes,
                .end =
                    [&] {
                      open = false;
                      sink.end();
                    },
                .damaged =
                    [&](const util::Error& failure) {
                      lose(cat("large object ", oid, ", of which there is the beginning at most"),
                           failure);
                    }});
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    if (open) sink.end();  // what there is of it
    lose(cat("large objects", oid == 0 ? "" : cat(", of ", oid, " a part and those after it")),
         failure);
  }
}

std::vector<Loss> SalvageReader::lost() const {
  const util::Lock lock(state_->mutex);
  return state_->lost;
}

std::vector<std::string> SalvageReader::notes() const {
  const util::Lock lock(state_->mutex);
  return state_->notes;
}

}  // namespace extract
