// Partitions in archives of pg_dump 13 and older.
#pragma once

#include "archive/toc.h"

namespace archive {

// Whether a partition's own definition attaches it to `parent`: before 14 pg_dump has no entry for
// that (TABLE ATTACH).
bool attaches_to(const TocEntry& partition, const TocEntry& parent);

// The contents as pg_dump writes them from 14 on: what attaches a partition is an entry of its own
// behind it, so that each of the two can be left out. Newer contents are returned as they are.
Toc with_attachments(const Toc& toc);

}  // namespace archive
