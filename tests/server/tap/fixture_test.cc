#include "server/tap/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "util/error.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace tap::testing_tap {

namespace {

// Makes the certificate beside the server's data, of which it must be the owner, and turns TLS on.
std::filesystem::path turn_tls_on() {
  test::TestServer& server = test::scram_server();
  const std::filesystem::path folder = server.server().data_directory();
  const std::filesystem::path certificate = folder / "server.crt";
  const std::filesystem::path key = folder / "server.key";
  const util::Captured made = util::capture(
      {.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key.string(),
                "-out", certificate.string()}});
  if (made.ended.status != 0) throw util::Error(util::Kind::Io, util::cat("openssl: ", made.err));
  struct stat owner {};
  ::stat(folder.c_str(), &owner);
  for (const auto& file : {certificate, key}) {
    if (::chown(file.c_str(), owner.st_uid, owner.st_gid) != 0 ||
        ::chmod(file.c_str(), 0600) != 0) {
      throw util::io_error("hand over", file, errno);
    }
  }
  pg::Connection connection = server.connect();
  connection.execute("ALTER SYSTEM SET ssl = on");
  connection.execute("SELECT pg_reload_conf()");
  return certificate;
}

}  // namespace

std::filesystem::path certificate_of_scram_server() {
  static const std::filesystem::path certificate = turn_tls_on();
  return certificate;
}

void TapTest::SetUp() {
  test::ServerTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  database_ = std::make_unique<test::TestDatabase>(test::scram_server(), "tapped");
}

void TapTest::start(Options options, Towards towards) {
  options.server = server();
  if (towards == Towards::Tls) {
    options.server = options.server.with_option("sslmode", "verify-full")
                         .with_option("sslrootcert", certificate_of_scram_server().string());
  }
  options.application_name = "pgbelay-key";
  tap_ = std::make_unique<Tap>(std::move(options));
}

pg::ConnInfo TapTest::client() const {
  return pg::ConnInfo::parse(server()
                                 .redirected(tap_->host(), tap_->port(), tap_->password())
                                 .reveal());  // a client needs it
}

RawClient TapTest::raw(const std::vector<std::pair<std::string, std::string>>& changed) const {
  std::map<std::string, std::string> keywords{{"host", tap_->host()},
                                              {"port", tap_->port()},
                                              {"user", "postgres"},
                                              {"dbname", database_->name()},
                                              {"password", tap_->password().reveal()},
                                              {"sslmode", "disable"}};
  for (const auto& [name, value] : changed) keywords[name] = value;
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return {PQconnectdbParams(names.data(), values.data(), 0), &PQfinish};
}

util::UniqueFd TapTest::dial() const {
  util::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(util::parse_u64(tap_->port()).value()));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw util::io_error("connect to", "the tap", errno);
  }
  return socket;
}

RawResult TapTest::exec(const RawClient& connection, const std::string& sql) const {
  return {PQexec(connection.get(), sql.c_str()), &PQclear};
}

std::vector<RawResult> TapTest::pipelined(const RawClient& connection,
                                          const std::vector<std::string>& statements) {
  PGconn* const client = connection.get();
  EXPECT_EQ(PQenterPipelineMode(client), 1);
  for (const std::string& sql : statements) {
    EXPECT_EQ(PQsendQueryParams(client, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
  }
  EXPECT_EQ(PQpipelineSync(client), 1);
  std::vector<RawResult> out;
  while (PQstatus(client) == CONNECTION_OK) {
    RawResult result(PQgetResult(client), &PQclear);
    if (!result) continue;  // between two statements
    if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) break;
    out.push_back(std::move(result));
  }
  EXPECT_EQ(PQexitPipelineMode(client), 1) << PQerrorMessage(client);
  return out;
}

}  // namespace tap::testing_tap
