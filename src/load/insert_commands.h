// The data of a table as pg_dump --inserts writes them: SQL, cut into texts of whole commands.
//
// Whatever the text is, a cut is made behind a semicolon outside quotes only; the server judges the
// rest. A single command is never cut, however large.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace load {

// Whether a backslash within '…' takes the next character's meaning: standard_conforming_strings is
// off.
enum class Backslash { Plain, Escapes };

class InsertCutter {
 public:
  using Put = std::function<void(std::string commands)>;
  InsertCutter(Backslash backslash, Put put) : backslash_(backslash), put_(std::move(put)) {}

  void add(std::span<const std::byte> bytes);
  void finish();  // what is left

 private:
  void step(char byte);

  const Backslash backslash_;
  Put put_;
  std::string pending_;
  char quote_ = 0;        // that the text is within
  bool escaped_ = false;  // the byte before was a backslash that escapes
};

}  // namespace load
