// TLS 1.3 by OpenSSL on a non-blocking socket. Nothing older, no session resumption, no early data.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace bulkhead::attest {

// Files are PEM.
class TlsContext {
public:
    // `client_authority`: certificates that sign those of clients; empty: clients need none.
    static Result<TlsContext> server(const std::string& certificate, const std::string& key,
                                     const std::string& client_authority);
    // The server must show exactly the certificate in `pinned`. `certificate` and `key` may be empty.
    static Result<TlsContext> client(const std::string& pinned, const std::string& certificate, const std::string& key);

    [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }

private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
        void operator()(x509_st* certificate) const;
    };
    static Result<TlsContext> make(bool server);
    Status use(const std::string& certificate, const std::string& key);

    std::unique_ptr<ssl_ctx_st, Free> context_;
    std::unique_ptr<x509_st, Free> pinned_; // on the heap: the context points there
};

// One connection. Every call returns at once.
class TlsStream {
public:
    enum class Io { done, want_read, want_write, closed, failed };

    // `socket`: connected or accepted, non-blocking. The context outlives the stream.
    static Result<TlsStream> make(const TlsContext& context, Fd socket, bool server);

    Io handshake();
    Io read(std::string& bytes);                            // appends what is there
    Io write(std::string_view bytes, std::size_t& written); // sets how many were taken
    void shutdown();                                        // says goodbye, without waiting for an answer
    [[nodiscard]] Result<std::string> exported() const;     // 32 bytes that only the two ends know
    [[nodiscard]] int fd() const { return socket_.get(); }
    [[nodiscard]] const std::string& error() const { return error_; } // after `failed`

private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    Io outcome(int result);

    Fd socket_;
    std::unique_ptr<ssl_st, Free> ssl_;
    std::string error_;
};

} // namespace bulkhead::attest
