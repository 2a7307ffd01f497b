// The disk is full, of the backups or of the server, at a point of a run: afterwards the run has
// ended in the new state or in the old one, or `undo` brings the old one back once there is room;
// nothing is left. A sample runs with all tests; PGBELAY_FAULTS=all (make test-faults) fills it at
// every point.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "fault_test.h"
#include "pg/ident.h"
#include "util/files.h"

namespace {

using test::BinaryResult;
using util::cat;

// A file system of its own in `folder`, in memory.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, std::string_view size) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, cat("size=", size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const noexcept { return mounted_; }
  void fill() const {
    std::ofstream file(ballast(), std::ios::binary);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() const { std::filesystem::remove(ballast()); }

 private:
  std::filesystem::path ballast() const { return folder_ / "ballast"; }
  std::filesystem::path folder_;
  bool mounted_ = false;
};

class FullDisk : public test::FaultTest {
 protected:
  using FaultTest::FaultTest;
  // At the point the disk is full, until the program has ended.
  BinaryResult run_on_full(const SmallDisk& disk, std::vector<std::string> args) {
    BinaryResult result = stopped_at(GetParam(), std::move(args), {}, [&disk] { disk.fill(); });
    disk.make_room();
    return result;
  }
  void expect_settled(const BinaryResult& result) {
    undo_if_open(result);
    EXPECT_THAT(result.status, testing::AnyOf(0, 1, 3, 4, 5)) << result.err;
    if (result.status != 0) {
      EXPECT_EQ(content(), before_) << result.err;
    }
    expect_nothing_open();
  }
};

class FullRepository : public FullDisk {};
TEST_P(FullRepository, LosesNoRunThatHadBegunItsMigration) {
  const SmallDisk disk(backups(), "24m");
  if (!disk.mounted()) GTEST_SKIP() << "a file system can be mounted by root only";
  const BinaryResult result = run_on_full(disk, test::kFailing);
  const bool before = GetParam().starts_with("backup.") || GetParam().starts_with("proof.") ||
                      GetParam() == "run.gate" || GetParam() == "run.proven";
  EXPECT_EQ(result.status == 3, !before) << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(
    Points, FullRepository,
    testing::ValuesIn(test::all_asked_for()
                          ? test::points({"backup.staged", "backup.data", "backup.before", "proof.",
                                          "run.proven", "run.migrat", "undo."})
                          : std::vector<std::string>{"backup.data", "run.migrating"}),
    test::test_name);

// The follow-up of a hold finds no room: the hold ends, and nothing was changed but by the hook.
class FullFollowUp : public FullDisk {};
TEST_P(FullFollowUp, EndsTheHold) {
  const SmallDisk disk(backups(), "24m");
  if (!disk.mounted()) GTEST_SKIP() << "a file system can be mounted by root only";
  const BinaryResult result =
      run_on_full(disk, {"migrate", "--yes", "--hold", "read-only", "--before-hold",
                         "psql -X -q -d \"$DATABASE_URL\" -c 'update customers set name = name'",
                         "--", "psql", "-X", "-q", "-c", "alter table orders drop column note"});
  EXPECT_EQ(result.status, 5) << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, FullFollowUp,
                         testing::ValuesIn(test::all_or({"hold.marked", "hold.begun"},
                                                        {"hold.begun"})),
                         test::test_name);

// An undo in place keeps the failed state as a backup before it takes it away. Without room for
// that it does not begin, and says how to go on.
class FullFailedState : public FullDisk {};
TEST_P(FullFailedState, IsToldAndTheUndoGoesOnWithRoom) {
  const SmallDisk disk(backups(), "24m");
  if (!disk.mounted()) GTEST_SKIP() << "a file system can be mounted by root only";
  std::vector<std::string> args = test::kFailing;
  args.insert(args.begin() + 1, {"--undo", "replace", "--proof", "read-back"});
  const BinaryResult result = run_on_full(disk, std::move(args));
  EXPECT_EQ(result.status, 4) << result.err;
  EXPECT_NE(result.err.find("--no-failed-backup"), std::string::npos) << result.err;
  EXPECT_EQ(query("select count(*) from pg_attribute where attrelid = 'orders'::regclass"
                  "   and attname = 'note'"),
            "0")
      << "the failed state is still there, and open";
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, FullFailedState, testing::Values("undo.begin"), test::test_name);

// The database and its copy lie in a tablespace that has no room left.
class FullServer : public FullDisk {
 protected:
  void TearDown() override {
    if (disk_ && disk_->mounted()) {
      disk_->make_room();
      pg::Connection maintenance = server().connect();
      for (const std::string& name : sides())
        maintenance.execute(cat("drop database ", pg::quote_ident(name)));
      maintenance.execute(
          cat("alter database ", pg::quote_ident(database().name()), " set tablespace pg_default"));
      maintenance.execute("drop tablespace small");
    }
    FullDisk::TearDown();
  }
  const SmallDisk& disk() const { return *disk_; }
  bool on_small_disk() {
    disk_.emplace(folder() / "space", "60m");
    if (!disk_->mounted()) return false;
    const std::filesystem::path place = folder() / "space" / "tablespace";
    std::filesystem::create_directory(place);
    ::chmod(folder().c_str(), 0755);
    struct stat owner {};
    ::stat(server().server().data_directory().c_str(), &owner);
    if (::chown(place.c_str(), owner.st_uid, owner.st_gid) != 0)
      throw util::io_error("hand over", place, errno);
    pg::Connection maintenance = server().connect();
    maintenance.execute(cat("create tablespace small location '", place.string(), "'"));
    maintenance.execute(
        cat("alter database ", pg::quote_ident(database().name()), " set tablespace small"));
    return true;
  }

 private:
  std::optional<SmallDisk> disk_;
};

TEST_P(FullServer, EndsInTheOldState) {
  if (!on_small_disk()) GTEST_SKIP() << "a file system can be mounted by root only";
  const BinaryResult result = run_on_full(
      disk(), {"migrate", "--yes", "--server-free", "10GB", "--", "psql", "-X", "-q", "-v",
               "ON_ERROR_STOP=1", "-c", "alter table orders drop column note", "-c",
               "create table big as select n, repeat('x', 500) as x from generate_series(1, "
               "500000) n"});
  EXPECT_NE(result.status, 0) << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(
    Points, FullServer,
    testing::ValuesIn(test::all_asked_for()
                          ? test::points({"backup.data", "proof.", "run.gate", "run.migrating"})
                          : std::vector<std::string>{"proof.created", "run.migrating"}),
    test::test_name);

// An undo in place restores inside one transaction: it is rolled back, and begun anew with room.
class FullServerInPlace : public FullServer {};
TEST_P(FullServerInPlace, IsUndoneOnceThereIsRoom) {
  if (!on_small_disk()) GTEST_SKIP() << "a file system can be mounted by root only";
  std::vector<std::string> args = test::kFailing;
  args.insert(args.begin() + 1,
              {"--undo", "replace", "--proof", "read-back", "--server-free", "10GB"});
  const BinaryResult result = run_on_full(disk(), std::move(args));
  EXPECT_EQ(result.status, 4) << result.err;
  EXPECT_NE(result.err.find("53100"), std::string::npos) << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, FullServerInPlace, testing::Values("undo.closed"),
                         test::test_name);

// A server whose write-ahead log lies on a disk of its own.
class SmallLog {
 public:
  SmallLog() {
    if (!disk_.mounted()) return;
    server_.emplace(test::ServerOptions{
        .password = test::scram_password(),
        .settings = {"min_wal_size = 32MB", "max_wal_size = 32MB", "wal_recycle = off"}});
    pg::PrivateServer& server = server_->server();
    server.stop(pg::PrivateServer::Stop::Fast);
    const std::filesystem::path log = server.data_directory() / "pg_wal";
    std::filesystem::copy(log, place_, std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(log);
    std::filesystem::create_directory_symlink(place_, log);
    hand_over(server.data_directory());
    server.start();
  }
  static SmallLog& instance() {
    static SmallLog log;
    return log;
  }
  bool mounted() const noexcept { return disk_.mounted(); }
  const SmallDisk& disk() const noexcept { return disk_; }
  test::TestServer& server() { return server_ ? *server_ : test::scram_server(); }

 private:
  void hand_over(const std::filesystem::path& like) const {
    struct stat owner {};
    ::stat(like.c_str(), &owner);
    ::chmod(folder_.path().c_str(), 0755);
    std::vector<std::filesystem::path> all{place_};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place_))
      all.push_back(entry.path());
    for (const std::filesystem::path& one : all) {
      if (::chown(one.c_str(), owner.st_uid, owner.st_gid) != 0)
        throw util::io_error("hand over", one, errno);
    }
    ::chmod(place_.c_str(), 0700);
  }

  util::TempDir folder_{"pgbelay-test-"};
  std::filesystem::path place_ = folder_.path() / "log";
  SmallDisk disk_{place_, "96m"};
  std::optional<test::TestServer> server_;  // ends before its disk goes
};

// The server cannot write its log any more: it ends all sessions, and itself if it cannot recover.
// Then somebody makes room and starts it, while the program still waits for it.
class FullLog : public FullDisk {
 protected:
  FullLog() : FullDisk([]() -> test::TestServer& { return SmallLog::instance().server(); }) {}

  bool panicked() {
    const std::string log = util::read_text(server().server().log_file());
    return log.find("PANIC", log_read_) != std::string::npos;
  }
  BinaryResult run_on_full_log(const SmallDisk& disk, std::vector<std::string> args) {
    log_read_ = std::filesystem::file_size(server().server().log_file());
    std::jthread operation;
    BinaryResult result = stopped_at(GetParam(), std::move(args), {}, [&] {
      disk.fill();
      operation = std::jthread([&](const std::stop_token& over) {
        while (!panicked() && !over.stop_requested())
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        disk.make_room();
        server().server().stop(pg::PrivateServer::Stop::Immediate);
        server().server().start();
      });
    });
    operation = {};  // asks it to end, and waits
    return result;
  }

 private:
  std::size_t log_read_ = 0;
};

TEST_P(FullLog, EndsInTheOldState) {
  const SmallLog& log = SmallLog::instance();
  if (!log.mounted()) GTEST_SKIP() << "a file system can be mounted by root only";
  const BinaryResult result = run_on_full_log(
      log.disk(),
      {"migrate", "--yes", "--server-free", "10GB", "--on-foreign-writes", "undo", "--", "psql",
       "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "alter table orders drop column note", "-c",
       "create table big as select n, repeat('x', 500) as x from generate_series(1, "
       "300000) n"});
  EXPECT_NE(result.status, 0) << result.err;
  EXPECT_TRUE(panicked()) << "the log was not full";
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, FullLog,
                         testing::ValuesIn(test::all_asked_for()
                                               ? test::points({"backup.data", "proof.", "run.gate",
                                                               "run.migrating"})
                                               : std::vector<std::string>{"run.migrating"}),
                         test::test_name);

}  // namespace
