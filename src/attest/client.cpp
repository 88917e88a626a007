#include "attest/client.hpp"

#include "base/text.hpp"
#include "measure/pcr_selection.hpp"
#include "tpm/attestation_key.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace bulkhead::attest {
namespace {

using Clock = std::chrono::steady_clock;
using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Status wait_for(int fd, short events, Clock::time_point end) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd one{fd, events, 0};
        const int ready = left <= 0 ? 0 : ::poll(&one, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready == 0) return fail("the server does not answer in time");
        if (errno != EINTR) return fail_errno("waiting for the server");
    }
}

Result<Fd> connect_to(const addrinfo& address, Clock::time_point end) {
    Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno("a socket");
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
    if (errno != EINPROGRESS) return fail_errno("connecting");
    TRY(wait_for(socket.get(), POLLOUT, end));
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) return fail_errno("connecting", code);
    return socket;
}

} // namespace

Result<Channel> Channel::connect(const std::string& host, std::uint16_t port, const TlsContext& tls,
                                 std::chrono::milliseconds deadline) {
    const Clock::time_point end = Clock::now() + deadline;
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); code != 0)
        return fail(host + ": " + ::gai_strerror(code));
    const Addresses addresses(found, ::freeaddrinfo);
    Result<Fd> socket = fail(host + " has no address");
    for (const addrinfo* each = found; each != nullptr && !socket; each = each->ai_next)
        socket = connect_to(*each, end);
    if (!socket) return fail(host + " port " + std::to_string(port) + ": " + socket.error().message);
    Channel channel(TRY(TlsStream::make(tls, std::move(*socket), false)));
    channel.end_ = end;
    for (;;) {
        const TlsStream::Io io = channel.stream_.handshake();
        if (io == TlsStream::Io::done) return channel;
        TRY(context(channel.wait(io), "TLS with " + host));
    }
}

Status Channel::wait(TlsStream::Io io) {
    if (io == TlsStream::Io::want_read) return wait_for(stream_.fd(), POLLIN, end_);
    if (io == TlsStream::Io::want_write) return wait_for(stream_.fd(), POLLOUT, end_);
    if (io == TlsStream::Io::closed) return fail("the server ended the connection");
    return fail("the connection failed: " + stream_.error());
}

Status Channel::send(const Message& message) {
    const std::string bytes = encode(message);
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        std::size_t written = 0;
        const TlsStream::Io io = stream_.write(std::string_view(bytes).substr(sent), written);
        sent += written;
        if (io != TlsStream::Io::done) TRY(wait(io));
    }
    return {};
}

Result<Message> Channel::receive() {
    in_.reserve(answer_limit + 4); // it does not move: what held a secret is wiped
    for (;;) {
        auto decoded = TRY(context(decode(in_, answer_limit), "the server's answer"));
        if (decoded) {
            ::explicit_bzero(in_.data(), in_.size());
            in_.clear();
            return std::move(decoded->message);
        }
        const TlsStream::Io io = stream_.read(in_);
        if (io != TlsStream::Io::done) TRY(wait(io));
    }
}

Result<Evidence> make_evidence(tpm::Connection& connection, const measure::TpmBlob& key, const std::string& machine,
                               const Challenge& challenge, const std::string& exported, const std::string& log) {
    const measure::PcrSelection selection = TRY(measure::parse_pcr_selection(challenge.pcrs));
    const measure::PcrValues values = TRY(connection.read_pcrs(selection));
    const tpm::SignedQuote made =
        TRY(tpm::quote(connection, key, selection, qualifying_data(machine, challenge.nonce, exported)));
    return Evidence{made.quote, made.signature, measure::concatenated(selection, values), log};
}

Result<tpm::Secret> attest(const ClientOptions& options, const TlsContext& tls, tpm::Connection& connection,
                           const measure::TpmBlob& key, const std::string& log) {
    Channel channel = TRY(Channel::connect(options.host, options.port, tls, options.deadline));
    TRY(channel.send(Hello{options.machine}));
    const Message asked = TRY(channel.receive());
    if (const auto* refused = std::get_if<Refusal>(&asked))
        return fail("the server refuses: " + printable(refused->why, 2000));
    const auto* challenge = std::get_if<Challenge>(&asked);
    if (challenge == nullptr) return fail("the server sent no challenge");
    TRY(channel.send(TRY(make_evidence(connection, key, options.machine, *challenge, TRY(channel.exported()), log))));
    Message answer = TRY(channel.receive());
    if (const auto* refused = std::get_if<Refusal>(&answer))
        return fail("the server refuses: " + printable(refused->why, 2000));
    auto* release = std::get_if<Release>(&answer);
    if (release == nullptr) return fail("the server answered neither yes nor no");
    tpm::Secret secret(release->secret);
    ::explicit_bzero(release->secret.data(), release->secret.size());
    return secret;
}

} // namespace bulkhead::attest
