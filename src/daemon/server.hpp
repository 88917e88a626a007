// Server: the local socket. Accepts clients, cuts their bytes into requests, hands these to a handler one after the
// other per connection and writes the answers. Nothing that a client does, or does not do, can block the daemon.
#pragma once

#include "api/message.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"
#include "domain/event_loop.hpp"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <sys/types.h>

namespace bulkhead::daemon {

class Connection;

// One request that waits for its answer. Whoever holds it may answer later; when the client has gone, answers vanish.
class Call {
public:
    Call(std::weak_ptr<Connection> connection, api::Request request, uid_t uid)
        : request(std::move(request)), uid(uid), connection_(std::move(connection)) {}

    const api::Request request;
    const uid_t uid; // of the client's process, told by the kernel

    void progress(const std::string& text);
    void result(const std::string& json); // ends the call
    void error(const Error& error);       // ends the call
    // What to do when the client goes before the end. By default the operation runs on.
    void on_disconnect(std::function<void()> gone);

private:
    std::weak_ptr<Connection> connection_;
};

class Server {
public:
    using Handler = std::function<void(std::shared_ptr<Call>)>;

    // Listens on the Unix socket `path`, whose folder is created. A socket file that nobody serves is replaced; one
    // that another daemon serves is an error.
    static Result<std::unique_ptr<Server>> open(domain::EventLoop& loop, const std::string& path, Handler handler);
    ~Server(); // NOLINT(bugprone-exception-escape): see there

    static constexpr std::size_t connections_most = 64;
    static constexpr std::size_t strangers_most = 32;     // of them, for users other than root
    static constexpr std::size_t backlog_most = 64 << 20; // bytes of answers that a client does not read

private:
    friend class Connection;
    Server(domain::EventLoop& loop, std::string path, Handler handler)
        : loop_(loop), path_(std::move(path)), handler_(std::move(handler)) {}
    void accept();
    domain::EventLoop& loop_;
    std::string path_;
    Handler handler_;
    Fd socket_;
    domain::Source source_;
    std::set<std::shared_ptr<Connection>> connections_;
};

} // namespace bulkhead::daemon
