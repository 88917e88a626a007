#include "daemon/server.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "daemon/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::daemon {
namespace {

Result<sockaddr_un> socket_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return fail("socket path '" + path + "' must have 1 to " + std::to_string(sizeof address.sun_path - 1) +
                    " characters");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

} // namespace

Server::~Server() { // NOLINT(bugprone-exception-escape): without memory the daemon ends, and is started again
    while (!connections_.empty()) (*connections_.begin())->close();
    if (socket_) ::unlink(path_.c_str());
}

Result<std::unique_ptr<Server>> Server::open(domain::EventLoop& loop, const std::string& path, Handler handler) {
    const sockaddr_un address = TRY(socket_address(path));
    const auto* plain = reinterpret_cast<const sockaddr*>(&address);
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && slash > 0) TRY(make_directories(path.substr(0, slash), 0755));
    {
        const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!probe) return fail_errno("socket");
        if (::connect(probe.get(), plain, sizeof address) == 0)
            return fail(path + ": another bulkheadd answers here already");
        if (errno == ECONNREFUSED) ::unlink(path.c_str()); // its server is dead
    }
    std::unique_ptr<Server> server(new Server(loop, path, std::move(handler)));
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno("socket");
    if (::bind(socket.get(), plain, sizeof address) != 0) return fail_errno(path);
    server->socket_ = std::move(socket);
    // Anybody may ask; who may change things is decided per request by the peer's credentials.
    if (::chmod(path.c_str(), 0666) != 0) return fail_errno(path);
    if (::listen(server->socket_.get(), 64) != 0) return fail_errno(path);
    server->source_ =
        TRY(loop.watch(server->socket_.get(), EPOLLIN, [s = server.get()](std::uint32_t) { s->accept(); }));
    return server;
}

void Server::accept() {
    Fd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            log::warning(std::string("accept: ") + std::strerror(errno)) /* NOLINT: one thread */;
        return;
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    const auto strangers = static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(), [](const auto& c) { return c->uid() != 0; }));
    if (connections_.size() >= connections_most || (peer.uid != 0 && strangers >= strangers_most)) {
        const std::string sorry = api::print_error({"bulkheadd has too many clients; try again", EAGAIN});
        (void)!::send(client.get(), sorry.data(), sorry.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    const auto connection = std::make_shared<Connection>(*this, std::move(client), peer.uid);
    if (const Status started = connection->start(); !started) {
        log::warning(started.error().message);
        return;
    }
    connections_.insert(connection);
}

} // namespace bulkhead::daemon
