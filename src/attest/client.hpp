// The client's half: a TLS channel to the server, and the whole exchange with this machine's TPM.
#pragma once

#include "attest/message.hpp"
#include "attest/tls.hpp"
#include "measure/sealed_file.hpp"
#include "tpm/connection.hpp"
#include "tpm/secret.hpp"

#include <chrono>
#include <string>

namespace bulkhead::attest {

// Blocks at most until the deadline, from connect to the end.
class Channel {
public:
    // `host` is a name or an address.
    static Result<Channel> connect(const std::string& host, std::uint16_t port, const TlsContext& tls,
                                   std::chrono::milliseconds deadline);
    Status send(const Message& message);
    Result<Message> receive();
    [[nodiscard]] Result<std::string> exported() const { return stream_.exported(); }

private:
    explicit Channel(TlsStream stream) : stream_(std::move(stream)) {}
    Status wait(TlsStream::Io io);

    TlsStream stream_;
    std::string in_;
    std::chrono::steady_clock::time_point end_;
};

struct ClientOptions {
    std::string host;
    std::uint16_t port = 0;
    std::string machine; // the name that it is enrolled by
    std::chrono::milliseconds deadline{60'000};
};

// Quotes the PCRs that the server asks for and sends the quote with `log`. A refusal is an error with the server's
// words.
Result<tpm::Secret> attest(const ClientOptions& options, const TlsContext& tls, tpm::Connection& connection,
                           const measure::TpmBlob& key, const std::string& log);

// The middle of it: what this machine answers to a challenge.
Result<Evidence> make_evidence(tpm::Connection& connection, const measure::TpmBlob& key, const std::string& machine,
                               const Challenge& challenge, const std::string& exported, const std::string& log);

} // namespace bulkhead::attest
