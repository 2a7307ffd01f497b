// The SQL that restores one entry of an archive.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/toc.h"
#include "load/load.h"

namespace load {

// Settings, definition and owner of `entry`, as one text: sent as one simple query they are one
// transaction. Empty if there is nothing to do.
std::string restoring_sql(const archive::Toc& toc, const archive::TocEntry& entry,
                          const Options& options);

// The version that the source has of the extension; nothing if `options` do not say.
std::optional<std::string> wanted_version(const std::string& extension, const Options& options);
// CREATE EXTENSION … VERSION 'x';
std::string with_version(std::string_view definition, const std::string& version);

// The constraint as NOT VALID; nothing if the text is not a constraint that can be.
std::optional<std::string> not_valid(const archive::TocEntry& foreign_key);

// The extension that a COMMENT entry is about.
std::optional<std::string> commented_extension(const archive::TocEntry& entry);
// Whether the COMMENT statement says what is there already.
bool same_comment(std::string_view definition, std::string_view existing);

}  // namespace load
