#include "tap/certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "util/error.h"
#include "util/text.h"

namespace tap {

namespace {

constexpr long kDay = 24L * 60 * 60;  // seconds
constexpr long kLifetime = 30 * kDay;
constexpr int kSerialBits = 64;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool done, std::string_view what) {
  if (!done) throw util::Error(util::Kind::Io, util::cat("OpenSSL cannot ", what));
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value), &X509_EXTENSION_free);
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extend a certificate");
}

X509Ptr self_signed(EVP_PKEY* key) {
  X509Ptr made(X509_new(), &X509_free);
  require(made != nullptr, "make a certificate");
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), &BN_free);
  require(serial && BN_rand(serial.get(), kSerialBits, 0, 0) == 1 &&
              BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made.get())) != nullptr,
          "number a certificate");
  X509_set_version(made.get(), 2);                          // v3
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kDay);  // clocks differ
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kLifetime);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const name = X509_get_subject_name(made.get());
  constexpr std::string_view kName = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(kName.data()),
                             static_cast<int>(kName.size()), -1, 0);
  X509_set_issuer_name(made.get(), name);
  add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  // libpq before 15 looks for an address among the names of hosts only.
  add_extension(made.get(), NID_subject_alt_name, "DNS:localhost,DNS:127.0.0.1,IP:127.0.0.1");
  require(X509_sign(made.get(), key, EVP_sha256()) > 0, "sign a certificate");
  return made;
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  require(memory && PEM_write_bio_X509(memory.get(), certificate) == 1, "write a certificate");
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string digest_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  require(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1, "hash a certificate");
  return {digest.begin(), digest.begin() + size};
}

// The socket beneath TLS. OpenSSL's own would end the process by SIGPIPE when the client has gone.
int send_bytes(BIO* bio, const char* bytes, int size) noexcept {
  BIO_clear_retry_flags(bio);
  const auto socket = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const ssize_t put = ::send(socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

int receive_bytes(BIO* bio, char* out, int size) noexcept {
  BIO_clear_retry_flags(bio);
  const auto socket = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const ssize_t got = ::recv(socket, out, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

using Method = std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)>;

const BIO_METHOD* socket_method() {
  static const Method method = [] {
    Method made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tap client"),
                &BIO_meth_free);
    require(made && BIO_meth_set_write(made.get(), send_bytes) == 1 &&
                BIO_meth_set_read(made.get(), receive_bytes) == 1 &&
                BIO_meth_set_ctrl(made.get(), control) == 1,
            "describe a socket");
    return made;
  }();
  return method.get();
}

// libpq of 17 and newer asks for it when it begins with TLS at once (sslnegotiation=direct).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned int in_size, void*) noexcept {
  static constexpr std::array<unsigned char, 11> kOurs{10,  'p', 'o', 's', 't', 'g',
                                                       'r', 'e', 's', 'q', 'l'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs.data(), kOurs.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void FreeTls::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void FreeTls::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

Certificate::Certificate() : context_(SSL_CTX_new(TLS_server_method())) {
  require(context_ != nullptr, "begin TLS");
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  require(key != nullptr, "make a key");
  const X509Ptr certificate = self_signed(key.get());
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context_.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context_.get(), 0);
  SSL_CTX_set_alpn_select_cb(context_.get(), choose_protocol, nullptr);
  require(SSL_CTX_use_certificate(context_.get(), certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1,
          "use its own certificate");
  pem_ = pem_of(certificate.get());
  end_point_ = digest_of(certificate.get());
}

std::unique_ptr<ssl_st, FreeTls> Certificate::serve(int socket) const {
  std::unique_ptr<ssl_st, FreeTls> tls(SSL_new(context_.get()));
  BIO* const bio = BIO_new(socket_method());
  require(tls && bio != nullptr, "begin a TLS connection");
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the number is all that travels
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls.get(), bio, bio);  // belongs to it now
  SSL_set_accept_state(tls.get());
  return tls;
}

}  // namespace tap
