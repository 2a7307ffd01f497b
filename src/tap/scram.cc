#include "tap/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <vector>

#include "util/error.h"
#include "util/text.h"

namespace tap::scram {

namespace {

constexpr int kIterations =
    4096;  // PostgreSQL's own; the password is random, so more would gain nothing
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kNonceBytes = 18;
constexpr std::string_view kUnbound = "n,,";
constexpr std::string_view kCouldBind = "y,,";
constexpr std::string_view kBound = "p=tls-server-end-point,,";

util::Error malformed(std::string_view what) {
  return {util::Kind::Connect, util::cat("malformed SCRAM message: ", what), {.sqlstate = "08P01"}};
}

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string random_bytes(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  if (RAND_bytes(bytes.data(), static_cast<int>(count)) != 1) {
    throw util::Error(util::Kind::Io, "OpenSSL has no random bytes");
  }
  return {bytes.begin(), bytes.end()};
}

Digest hmac(const Digest& key, std::string_view text) {
  Digest out{};
  unsigned int size = 0;
  const unsigned char* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                   octets(text), text.size(), out.data(), &size);
  PGBELAY_ASSERT(done != nullptr && size == out.size());
  return out;
}

Digest sha256(const Digest& input) {
  Digest out{};
  SHA256(input.data(), input.size(), out.data());
  return out;
}

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// The value of "x=value" up to the next comma, which is taken away with it.
std::string_view attribute(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') {
    throw malformed(util::cat("attribute ", name, " expected"));
  }
  const std::size_t end = std::min(rest.find(','), rest.size());
  const std::string_view value = rest.substr(2, end - 2);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return value;
}

}  // namespace

Verifier::Verifier(const util::Secret& password) : salt_(random_bytes(kSaltBytes)) {
  Digest salted{};
  const std::string& text = password.reveal();  // the reason for being here
  const int done = PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), octets(salt_),
                                     static_cast<int>(salt_.size()), kIterations, EVP_sha256(),
                                     static_cast<int>(salted.size()), salted.data());
  PGBELAY_ASSERT(done == 1);
  stored_key_ = sha256(hmac(salted, "Client Key"));
  server_key_ = hmac(salted, "Server Key");
  OPENSSL_cleanse(salted.data(), salted.size());
}

std::string Exchange::first(std::string_view client_first) {
  // gs2-header: channel binding flag, authorisation identity (none), then the message itself. "y"
  // is a client that could bind channels but was not offered it: if it was, somebody stands
  // between.
  const std::string_view wanted = binding_.end_point.empty() ? kUnbound : kBound;
  const bool could = !binding_.offered && client_first.starts_with(kCouldBind);
  if (!could && !client_first.starts_with(wanted))
    throw malformed("another channel binding or identity was asked for");
  gs2_header_ = could ? kCouldBind : wanted;
  const std::string_view bare = client_first.substr(gs2_header_.size());
  std::string_view rest = bare;
  attribute(rest, 'n');  // the name is that of the startup packet
  const std::string_view client_nonce = attribute(rest, 'r');
  if (client_nonce.empty()) throw malformed("no nonce");
  nonce_ = util::cat(client_nonce, base64(random_bytes(kNonceBytes)));
  std::string reply = util::cat("r=", nonce_, ",s=", base64(verifier_.salt_), ",i=", kIterations);
  auth_message_ = util::cat(bare, ',', reply, ',');
  return reply;
}

std::optional<std::string> Exchange::final(std::string_view client_final) {
  if (auth_message_.empty()) throw malformed("there was no first message");
  std::string_view rest = client_final;
  if (attribute(rest, 'c') != base64(gs2_header_ + binding_.end_point))
    throw malformed("the channel binding has changed");
  if (attribute(rest, 'r') != nonce_) throw malformed("the nonce has changed");
  const std::size_t proof_at = client_final.rfind(",p=");
  if (proof_at == std::string_view::npos) throw malformed("no proof");
  const std::optional<std::string> proof = unbase64(client_final.substr(proof_at + 3));
  if (!proof || proof->size() != Digest{}.size()) throw malformed("the proof has another length");

  auth_message_ += client_final.substr(0, proof_at);
  const Digest signature = hmac(verifier_.stored_key_, auth_message_);
  Digest client_key{};
  for (std::size_t n = 0; n < client_key.size(); ++n) {
    client_key[n] =
        static_cast<unsigned char>(static_cast<unsigned char>((*proof)[n]) ^ signature[n]);
  }
  const Digest candidate = sha256(client_key);
  if (CRYPTO_memcmp(candidate.data(), verifier_.stored_key_.data(), candidate.size()) != 0)
    return std::nullopt;
  return util::cat("v=", base64(as_text(hmac(verifier_.server_key_, auth_message_))));
}

std::string base64(std::string_view bytes) {
  std::vector<unsigned char> out(4 * ((bytes.size() + 2) / 3) + 1);
  const int size = EVP_EncodeBlock(out.data(), octets(bytes), static_cast<int>(bytes.size()));
  return {out.begin(), out.begin() + size};
}

std::optional<std::string> unbase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> out(text.size() / 4 * 3);
  if (EVP_DecodeBlock(out.data(), octets(text), static_cast<int>(text.size())) < 0)
    return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  return std::string(out.begin(), out.end() - static_cast<std::ptrdiff_t>(padding));
}

}  // namespace tap::scram
