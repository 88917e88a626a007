#include "daemon/connection.hpp"

#include "base/log.hpp"

#include <cerrno>
#include <chrono>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace bulkhead::daemon {
namespace {

// For a whole request to arrive, and for the next one to begin.
constexpr std::chrono::seconds patience{60};

} // namespace

Status Connection::start() {
    source_ = TRY(server_.loop_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t events) { ready(events); }));
    arm_timer();
    return {};
}

void Connection::arm_timer() {
    auto timer = server_.loop_.after(patience, [this] { close(); });
    if (timer) timer_ = std::move(*timer);
}

void Connection::close() {
    const auto alive = shared_from_this(); // the server's reference goes
    source_.reset();
    timer_.reset();
    socket_.reset();
    server_.connections_.erase(alive);
    if (gone_) std::exchange(gone_, nullptr)();
}

// While a call runs and enough is read ahead, only the client's end matters (EPOLLHUP comes by itself).
void Connection::wait_for_events() const {
    std::uint32_t events = EPOLLRDHUP;
    if (reading_ends_)
        events = 0;
    else if (!busy_ || lines_.size() <= api::request_size_max)
        events |= EPOLLIN;
    if (written_ < output_.size()) events |= EPOLLOUT;
    source_.set_events(events);
}

void Connection::ready(std::uint32_t events) {
    const auto alive = shared_from_this();
    if ((events & EPOLLOUT) != 0) flush();
    if (socket_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read();
}

void Connection::read() {
    char buffer[64 * 1024];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) {
        close();
        return;
    }
    if (got == 0) {
        // The client's last word; it may still wait for an answer if it only shut down its writing side.
        reading_ends_ = true;
        if (!busy_ || gone_) {
            close();
            return;
        }
    }
    lines_.add(std::string_view(buffer, static_cast<std::size_t>(got)));
    next();
    if (socket_) wait_for_events();
}

void Connection::next() {
    while (!busy_ && socket_) {
        Result<std::optional<std::string>> line = lines_.next();
        if (!line) {
            send(api::print_error(line.error()));
            close();
            return;
        }
        if (!*line) return;
        Result<api::Request> request = api::parse_request(**line);
        if (!request) {
            send(api::print_error(request.error()));
            continue;
        }
        busy_ = true;
        timer_.reset();
        server_.handler_(std::make_shared<Call>(weak_from_this(), std::move(*request), uid_));
    }
}

void Connection::finished() {
    if (!socket_) return;
    const auto alive = shared_from_this();
    busy_ = false;
    gone_ = nullptr;
    if (reading_ends_ && written_ == output_.size()) {
        close();
        return;
    }
    arm_timer();
    next();
    if (socket_) wait_for_events();
}

void Connection::send(std::string_view bytes) {
    if (!socket_) return;
    output_.append(bytes);
    if (output_.size() - written_ > Server::backlog_most) {
        log::warning("a client does not read its answers; dropped");
        close();
        return;
    }
    flush();
}

void Connection::flush() {
    while (written_ < output_.size()) {
        const ssize_t put =
            ::send(socket_.get(), output_.data() + written_, output_.size() - written_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && errno == EAGAIN) break;
        if (put < 0) {
            close();
            return;
        }
        written_ += static_cast<std::size_t>(put);
    }
    if (written_ == output_.size()) {
        output_.clear();
        written_ = 0;
        if (reading_ends_ && !busy_) {
            close();
            return;
        }
    }
    wait_for_events();
}

void Call::progress(const std::string& text) {
    if (const auto connection = connection_.lock()) connection->send(api::print_progress(text));
}

void Call::result(const std::string& json) {
    if (const auto connection = connection_.lock()) {
        connection->send(api::print_result(json));
        connection->finished();
    }
}

void Call::error(const Error& error) {
    if (const auto connection = connection_.lock()) {
        connection->send(api::print_error(error));
        connection->finished();
    }
}

void Call::on_disconnect(std::function<void()> gone) {
    if (const auto connection = connection_.lock()) connection->on_disconnect(std::move(gone));
}

} // namespace bulkhead::daemon
