// One client of the server. Private to src/daemon.
#pragma once

#include "daemon/server.hpp"

namespace bulkhead::daemon {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Server& server, Fd socket, uid_t uid) : server_(server), socket_(std::move(socket)), uid_(uid) {}

    Status start();
    void close();
    void send(std::string_view bytes);
    void finished(); // the current call has been answered
    void on_disconnect(std::function<void()> gone) { gone_ = std::move(gone); }
    [[nodiscard]] uid_t uid() const { return uid_; }

private:
    void ready(std::uint32_t events);
    void read();
    void flush();
    void next();
    void arm_timer();
    void wait_for_events() const;

    Server& server_;
    Fd socket_;
    uid_t uid_;
    api::LineReader lines_{api::request_size_max};
    std::string output_;
    std::size_t written_ = 0; // of output_
    bool busy_ = false;
    bool reading_ends_ = false;
    std::function<void()> gone_;
    domain::Source source_, timer_;
};

} // namespace bulkhead::daemon
