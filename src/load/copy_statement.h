// The COPY statement of a data entry, as it is sent.
#pragma once

#include <string>

#include "archive/identifiers.h"

namespace load {

enum class Freeze { No, Yes };
std::string copy_sql(const archive::CopyStatement& copy, Freeze freeze);

}  // namespace load
