// The text of a migration file, cut into statements.
#include <string>

#include "fuzz/fuzz.h"
#include "migrate/files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::accepted([&] {
    const migrate::File file = migrate::parse_file("001.sql", std::string(text));
    fuzz::require(!file.statements.empty(), "a file that is accepted has statements");
    for (const migrate::Statement& statement : file.statements) {
      fuzz::require(text.find(statement.text) != std::string_view::npos,
                    "a statement stands in the file as it is");
      fuzz::require(migrate::split_statements(statement.text).size() == 1,
                    "a statement is one statement");
    }
  });
  return 0;
}
