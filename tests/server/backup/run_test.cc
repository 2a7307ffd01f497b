// A backup of a real database as a set: when it becomes visible, what is there then, and what is
// left when it does not come to that.
#include "backup/run.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <mutex>

#include "backup/files.h"
#include "codec/sha256.h"
#include "support/server.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// Calls `at_work` whenever the dump or the reading back tells of its progress: the backup is being
// made then.
class Watching : public util::QuietReporter {
 public:
  explicit Watching(std::function<void()> at_work) : at_work_(std::move(at_work)) {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {
    const std::lock_guard hold(mutex_);
    ++calls_;
    at_work_();
  }
  int calls() const { return calls_; }

 private:
  std::function<void()> at_work_;
  std::mutex mutex_;
  int calls_ = 0;
};

// In the middle of the rows.
void flip_byte(const fs::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
  const int byte = file.seekg(middle).get();
  file.seekp(middle).put(static_cast<char>(byte ^ 1));
}

class BackupRun : public test::ServerTest {
 protected:
  void SetUp() override {
    test::ServerTest::SetUp();
    if (IsSkipped()) return;
    database_.emplace(test::make_database("backup"));
    database_->connect().execute(
        "create table members (id int primary key, name text);"
        "insert into members select n, md5(n::text) from generate_series(1, 5000) n;"
        "create table \"odd name\" (); select lo_from_bytea(0, 'large')");
  }
  Options options() const {
    Options options;
    options.dump.source = database_->conninfo();
    options.dump.application_name = "backup-test";
    options.dir = dir();
    options.label = "Test";
    options.now = [] { return util::parse_rfc3339("2026-11-20T14:30:52Z").value(); };
    return options;
  }
  util::Error failure_of(const Options& options, util::Reporter& reporter,
                         std::stop_token stop = {}) {
    try {
      run(options, reporter, std::move(stop));
    } catch (const util::Error& failure) {
      return failure;
    }
    return {util::Kind::Bug, "nothing was thrown"};
  }
  fs::path dir() const { return scratch_.path() / "backups"; }
  std::vector<std::string> names(const fs::path& of) const {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(of))
      names.push_back(entry.path().filename());
    return names;
  }
  std::vector<std::string> listed() const {
    std::vector<std::string> names;
    for (const Entry& entry : list(dir())) names.push_back(entry.name);
    return names;
  }

  util::TempDir scratch_{"backup-test-"};
  std::optional<test::TestDatabase> database_;
  util::QuietReporter quiet_;
};

// Whoever lists while it is made sees nothing; whoever sees it sees all of it.
TEST_F(BackupRun, IsInvisibleUntilItIsWholeAndReadBack) {
  std::vector<std::string> seen;
  Watching watching([&] {
    for (const std::string& name : listed()) seen.push_back(name);
    if (fs::exists(dir() / kLatestName)) seen.emplace_back(kLatestName);
  });
  const Backup made = run(options(), watching, {});
  EXPECT_GT(watching.calls(), 0) << "nobody looked: this test proves nothing";
  EXPECT_THAT(seen, IsEmpty());

  EXPECT_EQ(made.path, dir() / "2026-11-20_143052_test");
  EXPECT_EQ(made.level(), archive::Level::ReadBack);
  EXPECT_THAT(listed(), ElementsAre("2026-11-20_143052_test"));
  EXPECT_THAT(names(dir()), UnorderedElementsAre("2026-11-20_143052_test", kLatestName));
  EXPECT_THAT(
      names(made.path),
      UnorderedElementsAre("schema.json", kArchiveName, "full_backup.sql.gz", "csv", kGlobalsName,
                           kManifestName, kManifestTextName, kSumsName, kProofName));
  EXPECT_EQ(find(dir(), "latest", database_->name()).path, made.path);
}

TEST_F(BackupRun, IsForItsOwnerOnly) {
  const Backup made = run(options(), quiet_, {});
  std::vector<std::string> open_to_others;
  const auto look = [&](const fs::path& path) {
    if ((fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all)) !=
        fs::perms::none)
      open_to_others.push_back(path.string());
  };
  // What is below a folder that nobody else can enter is as closed as it.
  look(dir());
  look(made.path);
  EXPECT_THAT(open_to_others, IsEmpty());
}

// K11: what is read again later is what was returned, and everything in it is summed.
TEST_F(BackupRun, ExplainsItselfWhenItIsOpenedLater) {
  const Backup made = run(options(), quiet_, {});
  const Backup again = open(made.path);
  EXPECT_EQ(archive::to_json(again.manifest), archive::to_json(made.manifest));
  EXPECT_EQ(again.sums_sha256, made.sums_sha256);
  EXPECT_EQ(again.level(), archive::Level::ReadBack);
  EXPECT_EQ(again.manifest.database, database_->name());
  EXPECT_THAT(again.manifest.formats, UnorderedElementsAre("dump", "sql", "csv"));
  EXPECT_THAT(check_written(again, quiet_, {}), IsEmpty());
  EXPECT_THAT(read_back(again, 2, quiet_, {}), IsEmpty());
  const std::string sums = util::read_text(made.path / kSumsName);
  for (const archive::FileRecord& file : again.manifest.files) {
    EXPECT_THAT(sums, HasSubstr(util::cat(file.sha256, "  ", file.name)));
    EXPECT_EQ(codec::sha256_of_file(made.path / file.name), file.sha256);
  }
}

TEST_F(BackupRun, ClaimsNoMoreThanWasDone) {
  Options unread = options();
  unread.read_back = ReadBack::No;
  EXPECT_EQ(open(run(unread, quiet_, {}).path).level(), archive::Level::Written);
}

TEST_F(BackupRun, OfTheSameSecondGetsANameOfItsOwn) {
  const Backup first = run(options(), quiet_, {});
  const std::string sums = util::read_text(first.path / kSumsName);
  const Backup second = run(options(), quiet_, {});
  EXPECT_THAT(listed(), ElementsAre("2026-11-20_143052_test", "2026-11-20_143052_test-2"));
  EXPECT_EQ(second.manifest.name, "2026-11-20_143052_test-2");
  EXPECT_EQ(util::read_text(first.path / kSumsName), sums);
  EXPECT_EQ(find(dir(), "latest").path, second.path);
}

// The name was free when it began.
TEST_F(BackupRun, DoesNotReplaceOneThatGotItsNameMeanwhile) {
  const fs::path theirs = dir() / "2026-11-20_143052_test";
  Watching watching([&] {
    if (fs::exists(theirs)) return;
    fs::create_directory(theirs);
    std::ofstream(theirs / "theirs") << "x";
  });
  EXPECT_EQ(failure_of(options(), watching).kind(), util::Kind::Busy);
  EXPECT_THAT(names(dir()), ElementsAre("2026-11-20_143052_test"));
  EXPECT_THAT(names(theirs), ElementsAre("theirs"));
}

TEST_F(BackupRun, LeavesNothingWhenItIsStoppedInTheMiddle) {
  run(options(), quiet_, {});
  std::stop_source stop;
  Watching watching([&] { stop.request_stop(); });
  EXPECT_EQ(failure_of(options(), watching, stop.get_token()).kind(), util::Kind::Interrupted);
  EXPECT_GT(watching.calls(), 0) << "it was not stopped in the middle";
  EXPECT_THAT(names(dir()), UnorderedElementsAre("2026-11-20_143052_test", kLatestName));
  EXPECT_EQ(find(dir(), "latest").manifest.name, "2026-11-20_143052_test");
}

TEST_F(BackupRun, LeavesNothingWhenTheServerEndsItsSessions) {
  Options ended = options();
  ended.dump.on_session = [&](int pid) {
    if (pid != 0) database_->connect().query("select pg_terminate_backend($1)", {util::cat(pid)});
  };
  EXPECT_EQ(failure_of(ended, quiet_).kind(), util::Kind::Connect);
  EXPECT_THAT(names(dir()), IsEmpty());
}

// What is read is not what was written: nothing gets a name, and the file is told.
TEST_F(BackupRun, IsNotPublishedWhenTheDiskGivesBackSomethingElse) {
  bool changed = false;
  Watching watching([&] {
    for (const fs::directory_entry& stage : fs::directory_iterator(dir())) {
      if (changed || !fs::exists(stage.path() / kSumsName)) continue;  // not before it is all there
      flip_byte(stage.path() / kArchiveName);
      changed = true;
    }
  });
  const util::Error failure = failure_of(options(), watching);
  EXPECT_TRUE(changed) << "nothing was damaged: this test proves nothing";
  EXPECT_EQ(failure.kind(), util::Kind::Backup) << failure.text();
  EXPECT_THAT(failure.text(), HasSubstr(std::string(kArchiveName)));
  EXPECT_THAT(names(dir()), IsEmpty());
}

TEST_F(BackupRun, IsRefusedWhereThereIsClearlyNoRoom) {
  Options nowhere = options();
  nowhere.dir = "/proc";  // a folder on a file system without a single free byte
  const util::Error failure = failure_of(nowhere, quiet_);
  EXPECT_EQ(failure.kind(), util::Kind::Space) << failure.text();
  EXPECT_THAT(failure.text(), HasSubstr("/proc"));
}

}  // namespace
}  // namespace backup
