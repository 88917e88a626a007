#include "attest/server.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>

namespace bulkhead::attest {
namespace {

using Io = TlsStream::Io;
using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<AddressList> numeric_address(const std::string& address, std::uint16_t port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found); code != 0)
        return fail("'" + printable(address, 80) + "' is no address to listen at: " + ::gai_strerror(code));
    return AddressList(found, ::freeaddrinfo);
}

std::string name_of(const sockaddr_storage& address, socklen_t size) {
    char host[NI_MAXHOST] = {};
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, nullptr, 0,
                      NI_NUMERICHOST) != 0)
        return "somebody";
    return host;
}

void wipe(std::string& bytes) {
    ::explicit_bzero(bytes.data(), bytes.size());
    bytes.clear();
}

} // namespace

struct Server::Client {
    enum class Stage { handshake, hello, evidence, answer };

    Client(TlsStream tls, std::string from) : stream(std::move(tls)), peer(std::move(from)) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { wipe(out); }

    [[nodiscard]] std::size_t limit() const { return stage == Stage::evidence ? evidence_limit : hello_limit; }

    TlsStream stream;
    std::string peer; // for the report: the address, later the machine too
    Stage stage = Stage::handshake;
    std::string in, out;
    std::size_t sent = 0;
    const Machine* machine = nullptr;
    std::string qualifying; // what the one quote of this connection must answer
    std::optional<unsigned> timer;
};

Server::Server(Loop& loop, const TlsContext& tls, const Machines& machines, ServerOptions options,
               std::function<void(const std::string&)> report)
    : loop_(loop), tls_(tls), machines_(machines), options_(std::move(options)), report_(std::move(report)) {}

Server::~Server() {
    while (!clients_.empty()) drop(clients_.begin()->first, "");
    if (socket_) loop_.unwatch(socket_.get());
}

Result<std::unique_ptr<Server>> Server::listen(Loop& loop, const TlsContext& tls, const Machines& machines,
                                               const ServerOptions& options,
                                               std::function<void(const std::string&)> report) {
    std::unique_ptr<Server> server(new Server(loop, tls, machines, options, std::move(report)));
    const AddressList address = TRY(numeric_address(options.address, options.port));
    server->socket_ = Fd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!server->socket_) return fail_errno("a socket");
    const int on = 1;
    if (::setsockopt(server->socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(server->socket_.get(), address->ai_addr, address->ai_addrlen) != 0 ||
        ::listen(server->socket_.get(), SOMAXCONN) != 0)
        return fail_errno("listening at " + options.address + " port " + std::to_string(options.port));
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    char service[NI_MAXSERV] = {};
    if (::getsockname(server->socket_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
        ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, service, sizeof service, NI_NUMERICSERV) !=
            0)
        return fail_errno("the port's number");
    server->port_ = static_cast<std::uint16_t>(parse_unsigned(service, UINT16_MAX).value_or(0));
    loop.watch(server->socket_.get(), POLLIN, [self = server.get()](short) { self->accept(); });
    return server;
}

void Server::accept() {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Fd socket(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return; // gone again
    const std::string peer = name_of(address, size);
    if (clients_.size() >= options_.clients) {
        report_(peer + ": turned away, there are " + std::to_string(options_.clients) + " clients already");
        return;
    }
    const int fd = socket.get();
    auto stream = TlsStream::make(tls_, std::move(socket), true);
    if (!stream) {
        report_(peer + ": " + stream.error().message);
        return;
    }
    Client& client = *(clients_[fd] = std::make_unique<Client>(std::move(*stream), peer));
    deadline(client, options_.hello_wait, "said no hello in time");
    serve(fd);
}

void Server::deadline(Client& client, std::chrono::milliseconds wait, const char* what) {
    if (client.timer) loop_.cancel(*client.timer);
    client.timer = loop_.after(wait, [this, fd = client.stream.fd(), what] {
        clients_.at(fd)->timer.reset();
        drop(fd, what);
    });
}

void Server::drop(int fd, const std::string& why) {
    const auto found = clients_.find(fd);
    if (!why.empty()) report_(found->second->peer + ": " + why);
    if (found->second->timer) loop_.cancel(*found->second->timer);
    loop_.unwatch(fd);
    clients_.erase(found);
}

void Server::serve(int fd) {
    for (;;) {
        const auto found = clients_.find(fd);
        if (found == clients_.end() || !step(*found->second)) return;
    }
}

bool Server::step(Client& client) {
    using Stage = Client::Stage;
    const int fd = client.stream.fd();
    Io io = Io::done;
    if (client.stage == Stage::handshake) {
        io = client.stream.handshake();
        if (io == Io::done) client.stage = Stage::hello;
    } else if (client.sent < client.out.size()) {
        std::size_t written = 0;
        io = client.stream.write(std::string_view(client.out).substr(client.sent), written);
        client.sent += written;
    } else if (client.stage == Stage::answer) {
        client.stream.shutdown();
        drop(fd, "");
        return false;
    } else {
        io = client.stream.read(client.in);
        if (io == Io::done) take(client);
    }
    if (io == Io::done) return true;
    if (io == Io::closed || io == Io::failed) {
        drop(fd, io == Io::closed ? "went away" : "TLS: " + client.stream.error());
        return false;
    }
    const short events = io == Io::want_read ? POLLIN : POLLOUT;
    loop_.watch(fd, events, [this, fd](short) { serve(fd); });
    return false;
}

void Server::take(Client& client) {
    auto decoded = decode(client.in, client.limit());
    if (!decoded) return drop(client.stream.fd(), "sent no message: " + decoded.error().message);
    if (!*decoded) return;
    const Message message = std::move((*decoded)->message);
    if ((*decoded)->size != client.in.size()) return drop(client.stream.fd(), "sent more than was asked for");
    client.in.clear();
    if (const auto* said = std::get_if<Hello>(&message); said != nullptr && client.stage == Client::Stage::hello)
        return hello(client, *said);
    if (const auto* said = std::get_if<Evidence>(&message); said != nullptr && client.stage == Client::Stage::evidence)
        return evidence(client, *said);
    drop(client.stream.fd(), "sent a message that was not asked for");
}

void Server::hello(Client& client, const Hello& said) {
    const auto machine = machines_.find(said.machine);
    client.peer = printable(said.machine, 64) + " (" + client.peer + ")";
    if (machine == machines_.end()) {
        report_(client.peer + ": refused: no such machine is enrolled");
        return answer(client, Refusal{"no machine of this name is enrolled"});
    }
    std::string nonce(nonce_size, '\0');
    const auto exported = client.stream.exported();
    if (!exported || RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size())) != 1)
        return drop(client.stream.fd(), "OpenSSL gives no nonce");
    client.machine = &machine->second;
    client.qualifying = qualifying_data(said.machine, nonce, *exported);
    client.out = encode(Challenge{nonce, measure::to_text(machine->second.selection)});
    client.sent = 0;
    client.stage = Client::Stage::evidence;
    deadline(client, options_.evidence_wait, "sent no quote while its nonce lived");
}

void Server::evidence(Client& client, const Evidence& said) {
    const auto why = refusal(*client.machine, client.qualifying, said);
    client.qualifying.clear(); // once
    report_(client.peer + ": " + (why ? "refused: " + printable(*why, 2000) : "released"));
    if (why) return answer(client, Refusal{*why});
    Release release{std::string(client.machine->secret.view())};
    Message message = std::move(release);
    answer(client, message);
    wipe(std::get<Release>(message).secret);
}

void Server::answer(Client& client, const Message& message) {
    wipe(client.out);
    client.out = encode(message);
    client.sent = 0;
    client.stage = Client::Stage::answer;
    deadline(client, options_.answer_wait, "did not take its answer");
}

} // namespace bulkhead::attest
