#include "tap/wire.h"

#include <gtest/gtest.h>

namespace tap {
namespace {

std::string startup(std::uint32_t version, std::string_view pairs) {
  std::string packet;
  for (int shift = 24; shift >= 0; shift -= 8)
    packet += static_cast<char>((version >> shift) & 0xFF);
  return packet.append(pairs);
}

using namespace std::string_view_literals;

TEST(Wire, WritesTypeAndLength) {
  EXPECT_EQ(Message('Z').byte('I').bytes(), std::string("Z\0\0\0\5I", 6));
  EXPECT_EQ(Message('K').int32(0x01020304).text("a").bytes(),
            std::string("K\0\0\0\12\1\2\3\4a\0", 11));
}

TEST(Wire, ReadsAStartupPacket) {
  const FirstPacket packet = parse_first_packet(
      startup(0x30000, "user\0bob\0database\0a b\0_pq_.x\0001\0search_path\0\0\0"sv));
  const auto& found = std::get<Startup>(packet);
  EXPECT_EQ(found.parameters, (std::map<std::string, std::string>{
                                  {"user", "bob"}, {"database", "a b"}, {"search_path", ""}}));
  EXPECT_EQ(found.extensions, std::vector<std::string>{"_pq_.x"});
}

TEST(Wire, TellsTheOtherFirstPacketsApart) {
  EXPECT_TRUE(std::holds_alternative<SslRequest>(parse_first_packet(startup(80'877'103, ""))));
  EXPECT_TRUE(std::holds_alternative<GssRequest>(parse_first_packet(startup(80'877'104, ""))));
  const FirstPacket cancel = parse_first_packet(startup(80'877'102, "\0\0\0\7\xff\0\0\1"sv));
  EXPECT_EQ(std::get<CancelKey>(cancel).pid, 7U);
  EXPECT_EQ(std::get<CancelKey>(cancel).key, 0xFF000001U);
}

TEST(Wire, RefusesWhatIsNoStartupPacket) {
  for (const std::string& packet :
       {std::string("ab"), startup(0x30000, "user\0bob"sv), startup(0x30000, "user\0bob\0"sv),
        startup(0x30000, ""), startup(0x20000, "user\0bob\0\0"sv),
        startup(80'877'102, "\0\0\0\7"sv), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    EXPECT_THROW(parse_first_packet(packet), util::Error);
  }
}

TEST(Wire, ReadsErrorFieldsEvenWhenCut) {
  const auto whole = parse_error_fields("SFEHLER\0VERROR\0C42P01\0Mno table\0\0"sv);
  EXPECT_EQ(whole.at('V'), "ERROR");
  EXPECT_EQ(whole.at('M'), "no table");
  EXPECT_EQ(parse_error_fields("C42P01\0Mno ta"sv).at('M'), "no ta");
  EXPECT_TRUE(parse_error_fields("").empty());
}

TEST(Wire, TellsAClientWhyItIsRefused) {
  const std::string bytes =
      fatal_response({util::Kind::Connect, "no", {.hint = "do", .sqlstate = "28P01"}});
  EXPECT_EQ(bytes[0], 'E');
  const auto fields = parse_error_fields(std::string_view(bytes).substr(kFrameHeaderBytes));
  EXPECT_EQ(fields, (std::map<char, std::string>{
                        {'S', "FATAL"}, {'V', "FATAL"}, {'C', "28P01"}, {'M', "no"}, {'H', "do"}}));
}

}  // namespace
}  // namespace tap
