// What a client's startup packet becomes on its way to the server.
#include "tap/upstream.h"

#include <gtest/gtest.h>

namespace tap {
namespace {

using Parameters = std::map<std::string, std::string>;

Options options() {
  return {.server =
              pg::ConnInfo::parse("host=db.example port=6432 user=app dbname=shop password=hidden "
                                  "sslmode=verify-full application_name=own options='-c a=b'"),
          .application_name = "pgbelay-1",
          .startup_settings = {"default_transaction_read_only=off"}};
}

TEST(LoginKeywords, TakesTheServerFromTheRunAndTheSessionFromTheClient) {
  const Parameters out = login_keywords(options(), {{"user", "app"},
                                                    {"database", "other"},
                                                    {"application_name", "migrate"},
                                                    {"client_encoding", "UTF8"},
                                                    {"options", "-c x=1"},
                                                    {"DateStyle", "ISO, \\DMY"}});
  EXPECT_EQ(out.at("host"), "db.example");
  EXPECT_EQ(out.at("port"), "6432");
  EXPECT_EQ(out.at("sslmode"), "verify-full");
  EXPECT_EQ(out.at("user"), "app");
  EXPECT_EQ(out.at("password"), "hidden");
  EXPECT_EQ(out.at("dbname"), "other");
  EXPECT_EQ(out.at("application_name"), "migrate");
  EXPECT_EQ(out.at("client_encoding"), "UTF8");
  EXPECT_EQ(out.at("options"),
            "-c x=1 -c DateStyle=ISO,\\ \\\\DMY -c default_transaction_read_only=off");
}

TEST(LoginKeywords, FillsInWhatTheClientDoesNotSay) {
  Options plain = options();
  plain.startup_settings.clear();
  const Parameters out = login_keywords(plain, {{"user", "app"}});
  EXPECT_EQ(out.at("dbname"), "app");  // as the protocol says, not the run's
  EXPECT_EQ(out.at("application_name"), "pgbelay-1");
  EXPECT_EQ(out.at("options"), " ");  // not PGOPTIONS
}

// S9: the credentials belong to one user.
TEST(LoginKeywords, GivesThePasswordToNoOtherUser) {
  EXPECT_FALSE(login_keywords(options(), {{"user", "postgres"}}).contains("password"));
}

// F4: the forced setting is the last word, whatever the client's text ends with.
TEST(LoginKeywords, KeepsTheForcedSettingApartFromTheClientsOptions) {
  const std::string forced = " -c default_transaction_read_only=off";
  EXPECT_EQ(login_keywords(options(), {{"user", "app"}, {"options", "-c a=b\\"}}).at("options"),
            "-c a=b" + forced);
  EXPECT_EQ(login_keywords(options(), {{"user", "app"}, {"options", "-c a=b\\\\"}}).at("options"),
            "-c a=b\\\\" + forced);
  EXPECT_EQ(login_keywords(options(), {{"user", "app"}, {"options", "\\"}}).at("options"),
            "-c" + forced.substr(3));
}

}  // namespace
}  // namespace tap
