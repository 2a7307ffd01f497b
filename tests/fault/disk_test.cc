// The disk is full, of the backups or of the server, at a point of a run: afterwards the run has
// ended in the new state or in the old one, or `undo` brings the old one back once there is room;
// nothing is left. A sample runs with all tests; PGBELAY_FAULTS=all (make test-faults) fills it at
// every point.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

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

}  // namespace
