// The pieces of report.html that have a file of their own.
#pragma once

#include <string>
#include <string_view>

#include "guard/rehearsal_report.h"

namespace guard {

// What stands in <style>.
std::string_view report_style();

// Statements and locks over time, as one SVG whose bars follow the width of the page and whose
// texts do not. Empty without statements and locks.
std::string report_timeline(const RehearsalReport& report);

// As util::show_duration, in milliseconds where that is more readable: 0.4 ms, 15 ms, 0.4 s.
std::string time_text(util::Seconds time);

// The class that gives a lock its colour.
std::string_view lock_class(LockMode mode);

}  // namespace guard
