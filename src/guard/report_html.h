// report.html: one file that shows everything about a rehearsal, with nothing from elsewhere: no
// scripts, no fonts, no pictures. Readable in light and dark, on a phone and on paper.
//
// Guarantee: every name and text of the database stands in it as text, never as markup.
#pragma once

#include <string>
#include <string_view>

#include "guard/rehearsal_report.h"

namespace guard {

std::string report_html(const RehearsalReport& report);

std::string html_escaped(std::string_view text);

}  // namespace guard
