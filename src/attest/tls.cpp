#include "attest/tls.hpp"

#include "base/file.hpp"

#include <array>
#include <cstring>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace bulkhead::attest {
namespace {

constexpr std::string_view exporter_label = "EXPORTER-bulkhead-attestation";

std::string last_error() {
    const unsigned long code = ERR_get_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "no reason given" : reason;
}

// Pinning instead of a chain: exactly this certificate, whoever signed it and whatever name it has.
int is_pinned(X509_STORE_CTX* store, void* pinned) {
    const X509* shown = X509_STORE_CTX_get0_cert(store);
    const bool same = shown != nullptr && X509_cmp(shown, static_cast<const X509*>(pinned)) == 0;
    X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return same ? 1 : 0;
}

} // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}
void TlsContext::Free::operator()(x509_st* certificate) const {
    X509_free(certificate);
}
void TlsStream::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

Result<TlsContext> TlsContext::make(bool server) {
    TlsContext made;
    made.context_.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    if (!made.context_ || SSL_CTX_set_min_proto_version(made.get(), TLS1_3_VERSION) != 1)
        return fail("OpenSSL has no TLS 1.3: " + last_error());
    SSL_CTX_set_num_tickets(made.get(), 0);
    SSL_CTX_set_session_cache_mode(made.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return made;
}

Status TlsContext::use(const std::string& certificate, const std::string& key) {
    if (SSL_CTX_use_certificate_chain_file(get(), certificate.c_str()) != 1)
        return fail(certificate + ": no certificate in PEM: " + last_error());
    if (SSL_CTX_use_PrivateKey_file(get(), key.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(get()) != 1)
        return fail(key + ": no private key in PEM that fits " + certificate + ": " + last_error());
    return {};
}

Result<TlsContext> TlsContext::server(const std::string& certificate, const std::string& key,
                                      const std::string& client_authority) {
    TlsContext made = TRY(make(true));
    TRY(made.use(certificate, key));
    if (client_authority.empty()) return made;
    if (SSL_CTX_load_verify_file(made.get(), client_authority.c_str()) != 1)
        return fail(client_authority + ": no certificates in PEM: " + last_error());
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return made;
}

Result<TlsContext> TlsContext::client(const std::string& pinned, const std::string& certificate,
                                      const std::string& key) {
    TlsContext made = TRY(make(false));
    const std::string text = TRY(read_file(pinned, 64 << 10));
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                         BIO_free);
    made.pinned_.reset(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!made.pinned_) return fail(pinned + ": no certificate in PEM: " + last_error());
    SSL_CTX_set_verify(made.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(made.get(), is_pinned, made.pinned_.get());
    if (!certificate.empty()) TRY(made.use(certificate, key));
    return made;
}

Result<TlsStream> TlsStream::make(const TlsContext& context, Fd socket, bool server) {
    TlsStream stream;
    stream.ssl_.reset(SSL_new(context.get()));
    if (!stream.ssl_ || SSL_set_fd(stream.ssl_.get(), socket.get()) != 1) return fail("TLS: " + last_error());
    stream.socket_ = std::move(socket);
    if (server)
        SSL_set_accept_state(stream.ssl_.get());
    else
        SSL_set_connect_state(stream.ssl_.get());
    return stream;
}

TlsStream::Io TlsStream::outcome(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
        return Io::done;
    case SSL_ERROR_WANT_READ:
        return Io::want_read;
    case SSL_ERROR_WANT_WRITE:
        return Io::want_write;
    case SSL_ERROR_ZERO_RETURN:
        return Io::closed;
    default:
        error_ = last_error();
        return Io::failed;
    }
}

TlsStream::Io TlsStream::handshake() {
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_.get()));
}

TlsStream::Io TlsStream::read(std::string& bytes) {
    std::array<char, 16384> part{}; // a TLS record holds no more
    ERR_clear_error();
    std::size_t got = 0;
    const Io io = outcome(SSL_read_ex(ssl_.get(), part.data(), part.size(), &got));
    if (io == Io::done) bytes.append(part.data(), got);
    ::explicit_bzero(part.data(), part.size());
    return io;
}

TlsStream::Io TlsStream::write(std::string_view bytes, std::size_t& written) {
    ERR_clear_error();
    written = 0;
    return outcome(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written));
}

void TlsStream::shutdown() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
}

Result<std::string> TlsStream::exported() const {
    std::string value(32, '\0');
    if (SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(value.data()), value.size(),
                                   exporter_label.data(), exporter_label.size(), nullptr, 0, 0) != 1)
        return fail("TLS exports no value: " + last_error());
    return value;
}

} // namespace bulkhead::attest
