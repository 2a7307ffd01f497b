// One worker of a dump: its own session in the shared snapshot, reading tasks until none is left.
//
// Threads: one each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "codec/piece_format.h"
#include "dump/work.h"
#include "pg/connection.h"

namespace dump {

struct ReaderOptions {
  pg::ConnInfo source;
  std::string application_name;
  bool csv = true;
  bool raw_large_objects = true;  // for the SQL file
  codec::PieceFormat compress;    // of all but CSV
  std::function<void(int backend_pid)> on_session;
};

class Reader {
 public:
  // Connects and imports the snapshot.
  Reader(const ReaderOptions& options, Work& work, std::stop_token stop);
  ~Reader();
  void run();

 private:
  class Session;
  pg::Connection& connection() noexcept;
  void perform(const Task& task);
  void with_table(const Task& task, const std::string& copy, const pg::CopySink& sink,
                  const pg::GrowingRow& on_growing = {});
  bool read_here(const std::string& lock, const std::string& copy, const pg::CopySink& sink,
                 const pg::GrowingRow& on_growing = {});
  void read_rows(const Task& task);
  void read_generated(const Task& task);
  void read_view(std::size_t number);
  void sum_row(codec::Fingerprint& sum, std::span<const std::byte> row,
               std::optional<std::size_t> table);
  void pause_for(std::uint64_t bytes, std::optional<std::size_t> table);
  void take_row(const Task& task, std::span<const std::byte> row);
  void await_turn(const Task& task, std::uint64_t seen_bytes);
  void take_huge_row(const Task& task, std::span<const std::byte> row);
  void push_ready(const Task& task);
  void push_piece(const Task& task);
  void renew_session();
  void read_large_objects(const Task& task);
  void take_large_object_piece(const Task& task, const pg::LargeObjectPiece& piece, Part& part);

  const ReaderOptions& options_;
  Work& work_;
  std::stop_token stop_;
  std::unique_ptr<Session> session_;
  codec::PiecePacker text_;
  codec::PieceEncoder csv_;
  std::string csv_row_;
  std::uint64_t piece_rows_ = 0;
  std::uint64_t summed_bytes_ = 0;  // of rows that are only looked at, since the last pause
};

}  // namespace dump
