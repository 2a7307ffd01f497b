// One function per command: settings in, exit code out. What it does is in `ops` and `guard`.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "backup/run.h"
#include "cli/terminal.h"
#include "config/settings.h"
#include "extract/extract.h"
#include "guard/run.h"
#include "ops/named.h"
#include "pg/conninfo.h"

namespace cli {

struct Invocation {
  const config::Settings& settings;
  std::vector<std::string> arguments;
  std::vector<std::string> guarded;
  bool has_separator = false;
  std::stop_token stop;

  bool json() const { return settings.flag("json"); }
  TerminalReporter::Style style(bool json_lines) const;
  // Exactly one positional argument; Kind::Usage naming it otherwise.
  const std::string& argument(std::string_view name) const;
  std::string optional_argument() const;  // none or one
  pg::ConnInfo database() const;          // Kind::Usage if none was named
  std::string database_name_if_given() const;
  std::vector<pg::ConnInfo> replicas() const;
  dump::SchemaFrom schema_from() const;
  backup::Options backup_options() const;  // dump, formats, SQL settings, folder
  int nice() const;
  codec::PieceFormat compress() const;
  guard::OutsideOptions outside_options() const;
};

// What could not be read, and why, on stderr; the exit code.
int print_losses(const ops::Named& from, const std::vector<extract::Loss>& lost);

int run_backup(const Invocation& invocation);
int run_list(const Invocation& invocation);
int run_show(const Invocation& invocation);
int run_verify(const Invocation& invocation);
int run_restore(const Invocation& invocation);
int run_diff(const Invocation& invocation);
int run_drift(const Invocation& invocation);
int run_extract(const Invocation& invocation);
int run_migrate(const Invocation& invocation);
int run_rehearse(const Invocation& invocation);
int run_undo(const Invocation& invocation);
int run_resume(const Invocation& invocation);
int run_close(const Invocation& invocation);
int run_rescue(const Invocation& invocation);
int run_prune(const Invocation& invocation);
int run_runs(const Invocation& invocation);
int run_status(const Invocation& invocation);
int run_doctor(const Invocation& invocation);
int run_demo(const Invocation& invocation);

}  // namespace cli
