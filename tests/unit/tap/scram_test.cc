// S9: whoever does not know the one-time password does not get in. A client of its own, written
// from RFC 5802; libpq's is used in the server tests.
#include "tap/scram.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>

#include "util/error.h"
#include "util/text.h"

namespace tap::scram {
namespace {

using util::cat;

std::string hmac(const std::string& key, const std::string& text) {
  std::string out(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

std::string sha256(const std::string& text) {
  std::string out(32, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

struct Client {
  std::string password;
  std::string gs2 = "n,,";
  std::string bare = "n=,r=nonce";
  std::string salted;
  std::string auth;

  std::string first() const { return gs2 + bare; }
  std::string final(const std::string& server_first, std::string_view without_proof = {}) {
    const auto parts = util::split(server_first, ',');
    const std::string salt = unbase64(parts.at(1).substr(2)).value();
    salted.assign(32, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                      reinterpret_cast<const unsigned char*>(salt.data()),
                      static_cast<int>(salt.size()),
                      static_cast<int>(util::parse_u64(parts.at(2).substr(2)).value()),
                      EVP_sha256(), 32, reinterpret_cast<unsigned char*>(salted.data()));
    const std::string mine = without_proof.empty() ? cat("c=", base64(gs2), ',', parts.at(0))
                                                   : std::string(without_proof);
    auth = cat(bare, ',', server_first, ',', mine);
    const std::string key = hmac(salted, "Client Key");
    const std::string signature = hmac(sha256(key), auth);
    std::string proof(32, '\0');
    std::ranges::transform(key, signature, proof.begin(),
                           [](char a, char b) { return static_cast<char>(a ^ b); });
    return cat(mine, ",p=", base64(proof));
  }
  std::string server_final() const {
    return cat("v=", base64(hmac(hmac(salted, "Server Key"), auth)));
  }
};

class Scram : public testing::Test {
 protected:
  const Verifier verifier_{util::Secret("0123456789abcdef")};
  Exchange exchange_{verifier_};
  Client client_{.password = "0123456789abcdef"};
};

TEST_F(Scram, LetsInAClientThatKnowsThePasswordAndProvesItself) {
  for (const char* const gs2 : {"n,,", "y,,"}) {
    client_.gs2 = gs2;
    Exchange exchange(verifier_);
    const std::string reply = exchange.first(client_.first());
    const std::optional<std::string> end = exchange.final(client_.final(reply));
    ASSERT_TRUE(end);
    EXPECT_EQ(*end, client_.server_final());
  }
}

TEST_F(Scram, RefusesAWrongPassword) {
  client_.password = "0123456789abcdeF";
  EXPECT_FALSE(exchange_.final(client_.final(exchange_.first(client_.first()))));
}

TEST_F(Scram, RefusesAReplay) {
  const std::string old = client_.final(exchange_.first(client_.first()));
  Exchange again(verifier_);
  again.first(client_.first());
  EXPECT_THROW(again.final(old), util::Error);  // another nonce
}

TEST_F(Scram, RefusesAChangedBinding) {
  const std::string reply = exchange_.first(client_.first());
  const std::string nonce(util::split(reply, ',').front());
  EXPECT_THROW(exchange_.final(client_.final(reply, cat("c=", base64("y,,"), ',', nonce))),
               util::Error);
}

TEST_F(Scram, RefusesMalformedMessages) {
  for (const char* const text : {"", "n,,", "p=tls-server-end-point,,n=,r=x", "n,a=other,n=,r=x",
                                 "n,,n=x", "n,,n=,r=", "n,,r=x,n="}) {
    EXPECT_THROW(Exchange(verifier_).first(text), util::Error) << text;
  }
  EXPECT_THROW(Exchange(verifier_).final("c=biws,r=x,p=AA=="), util::Error);
  const std::string nonce(util::split(exchange_.first(client_.first()), ',').front());
  for (const std::string& text :
       {std::string(), cat("c=biws,", nonce), cat("c=biws,", nonce, ",p=AAAA"),
        cat("c=biws,", nonce, ",p=?!?!"), std::string("c=biws,r=other,p=AAAA")}) {
    EXPECT_THROW(exchange_.final(text), util::Error) << text;
  }
}

TEST(Base64, GoesThereAndBack) {
  for (const std::string& text :
       {std::string("a"), std::string("ab"), std::string("abc"), std::string(1, '\0')}) {
    EXPECT_EQ(unbase64(base64(text)), text);
  }
  EXPECT_EQ(base64(""), "");
  EXPECT_FALSE(unbase64("abc"));
}

}  // namespace
}  // namespace tap::scram
