// The data blocks of an archive into the database: COPY for tables, large objects.
//
// A thread of its own reads and inflates ahead of the server, by a few MB.
#pragma once

#include "archive/custom_file.h"
#include "load/plan.h"
#include "load/restorer.h"

namespace load {

void load_data(Restorer& restorer, const archive::CustomFileReader& archive, const Task& task);

}  // namespace load
