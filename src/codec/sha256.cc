#include "codec/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace codec {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;
constexpr std::size_t kDigestBytes = 32;

void require(int openssl_ok) {
  if (openssl_ok != 1) throw util::Error(util::Kind::Bug, "OpenSSL refuses to compute a SHA-256");
}

}  // namespace

void Sha256::Deleter::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr ? 1 : 0);
  require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  PGBELAY_ASSERT(context_ != nullptr);
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256::finish() {
  PGBELAY_ASSERT(context_ != nullptr);
  std::array<unsigned char, kDigestBytes> digest{};
  require(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
  context_.reset();
  return util::hex(std::as_bytes(std::span(digest)));
}

std::string sha256_of(std::string_view text) {
  Sha256 sum;
  sum.update(text);
  return sum.finish();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  const util::ReadFile file(path);
  Sha256 sum;
  std::vector<std::byte> buffer(kReadBytes);
  std::uint64_t offset = 0;
  while (const std::size_t got = file.read_some(offset, buffer)) {
    sum.update(std::span(buffer).first(got));
    offset += got;
  }
  return sum.finish();
}

}  // namespace codec
