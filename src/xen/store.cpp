#include "xen/store.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::xen {
namespace {

using Clock = std::chrono::steady_clock;
using wire::Type;

constexpr int transaction_attempts = 32;
// At 4 KiB at most they fit into a socket's buffer. /dev/xen/xenbus must have its answer before the next request: the
// kernel sends a request some time after the write, from a buffer that the next write overwrites
// (xenbus_dev_frontend.c, xenbus_file_write; xenbus_xs.c, xenbus_dev_request_and_reply).
constexpr std::size_t requests_ahead_of_socket = 32;

// Some replies end with a NUL on the wire.
std::string_view until_nul(std::string_view text) {
    return text.substr(0, text.find('\0'));
}

Result<Fd> connect_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail_errno(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fail_errno("socket");
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return fail_errno(path);
    return fd;
}

Result<Fd> open_path(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return fail_errno(path);
    if (S_ISSOCK(info.st_mode)) return connect_socket(path);
    Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd) return fail_errno(path);
    return fd;
}

} // namespace

bool connection_failed(const Error& error) {
    return error.code == ENOTCONN || error.code == ETIMEDOUT || error.code == EPROTO;
}

Result<Nodes::Answers> Transaction::exchange(Type type, std::vector<std::string> payloads) {
    return store_.exchange(type, id_, std::move(payloads));
}

Result<Store> Store::open() {
    if (const char* path = std::getenv("XENSTORED_PATH"); path != nullptr && *path != '\0') {
        return adopt(TRY(context(open_path(path), "xenstore at $XENSTORED_PATH")));
    }
    auto socket = open_path("/run/xenstored/socket");
    if (socket) return adopt(std::move(*socket));
    auto device = open_path("/dev/xen/xenbus");
    if (device) return adopt(std::move(*device));
    return fail("cannot reach xenstore (" + socket.error().message + "; " + device.error().message +
                    "): is this a Xen domain, is xenstored running, and are you root?",
                device.error().code);
}

Result<Store> Store::adopt(Fd fd) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) return fail_errno("xenstore connection");
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("xenstore connection");
    return Store(std::move(fd), S_ISSOCK(info.st_mode) ? requests_ahead_of_socket : 1);
}

Status Store::transaction(const std::function<Status(Transaction&)>& body) {
    for (int attempt = 0; attempt < transaction_attempts; ++attempt) {
        const std::string text = TRY(
            context(exchange_one(Type::transaction_start, 0, wire::strings({""})), "xenstore: starting a transaction"));
        const auto id = parse_unsigned(until_nul(text), UINT32_MAX);
        if (!id || *id == 0) return fail("xenstored gave the transaction id '" + printable(text, 32) + "'", EPROTO);
        Transaction transaction(*this, static_cast<std::uint32_t>(*id));
        Status done = body(transaction);
        auto ended = exchange_one(Type::transaction_end, transaction.id_, wire::strings({done ? "T" : "F"}));
        if (done && ended) return {};
        const Error& error = done ? ended.error() : done.error();
        if (error.code != EAGAIN) return context(Status(tl::unexpected(error)), "xenstore transaction");
    }
    return fail("xenstore transaction: somebody else changed the same nodes " + std::to_string(transaction_attempts) +
                    " times in a row",
                EAGAIN);
}

Status Store::watch(std::string_view path, std::string_view token) {
    const std::string what = "xenstore: watching " + printable(path, 256);
    if (!wire::valid_watch_path(path) || token.find('\0') != std::string_view::npos) return fail_errno(what, EINVAL);
    WatchEvent watch{std::string(path), std::string(token)};
    // Known before the request: its first event may come ahead of the reply, and may overflow the queue.
    watches_.push_back(watch);
    auto done = exchange_one(Type::watch, 0, wire::strings({path, token}));
    if (done) return {};
    watches_.erase(std::find(watches_.begin(), watches_.end(), watch));
    return fail(what + ": " + done.error().message, done.error().code);
}

Status Store::unwatch(std::string_view path, std::string_view token) {
    const std::string what = "xenstore: unwatching " + printable(path, 256);
    if (!wire::valid_watch_path(path) || token.find('\0') != std::string_view::npos) return fail_errno(what, EINVAL);
    TRY(context(exchange_one(Type::unwatch, 0, wire::strings({path, token})), what));
    const WatchEvent gone{std::string(path), std::string(token)};
    const auto known = std::find(watches_.begin(), watches_.end(), gone);
    if (known != watches_.end()) watches_.erase(known);
    const bool token_in_use =
        std::any_of(watches_.begin(), watches_.end(), [&](const WatchEvent& watch) { return watch.token == token; });
    if (!token_in_use) std::erase_if(events_, [&](const WatchEvent& event) { return event.token == token; });
    return {};
}

Result<std::string> Store::domain_path(unsigned domain) {
    const std::string text = TRY(context(
        exchange_one(Type::get_domain_path, 0, wire::strings({std::to_string(domain)})), "xenstore: path of a domain"));
    return std::string(until_nul(text));
}

Result<std::string> Store::control(std::initializer_list<std::string_view> words) {
    const std::string text = TRY(context(exchange_one(Type::control, 0, wire::strings(words)), "xenstore control"));
    return std::string(until_nul(text));
}

Result<std::optional<WatchEvent>> Store::next_event() {
    if (events_.empty()) {
        TRY(receive());
        TRY(sort_messages());
    }
    if (events_.empty()) return std::nullopt;
    WatchEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

Result<std::optional<WatchEvent>> Store::wait_event(Clock::time_point deadline) {
    for (;;) {
        auto event = TRY(next_event());
        if (event) return event;
        if (const Status ready = wait(POLLIN, deadline); !ready) {
            if (ready.error().code == ETIMEDOUT) return std::nullopt;
            return tl::unexpected(ready.error());
        }
    }
}

Result<Nodes::Answers> Store::exchange(Type type, std::uint32_t transaction, std::vector<std::string> payloads) {
    Answers answers;
    answers.reserve(payloads.size());
    for (std::size_t first = 0; first < payloads.size(); first += ahead_) {
        const auto deadline = Clock::now() + deadline_;
        const std::size_t count = std::min(ahead_, payloads.size() - first);
        std::string bytes;
        for (std::size_t i = 0; i < count; ++i) {
            bytes += TRY(wire::encode({type, ++last_request_, transaction, std::move(payloads[first + i])}));
        }
        replies_.clear();
        awaited_ = static_cast<std::uint32_t>(count);
        Status done = send(bytes, deadline);
        if (done) done = gather(type, count, deadline, answers);
        awaited_ = 0;
        TRY(done);
    }
    return answers;
}

Result<std::string> Store::exchange_one(Type type, std::uint32_t transaction, std::string payload) {
    std::vector<std::string> payloads;
    payloads.push_back(std::move(payload));
    return std::move(TRY(exchange(type, transaction, std::move(payloads))).front());
}

Status Store::gather(Type type, std::size_t count, Clock::time_point deadline, Answers& answers) {
    for (std::size_t got = 0; got < count; ++got) {
        while (replies_.empty()) {
            TRY(receive());
            TRY(sort_messages());
            if (replies_.empty()) TRY(wait(POLLIN, deadline));
        }
        const wire::Message reply = std::move(replies_.front());
        replies_.pop_front();
        // xenstored answers one connection's requests one after the other.
        const bool in_order = reply.request == last_request_ - static_cast<std::uint32_t>(count - 1 - got);
        if (!in_order || (reply.type != type && reply.type != Type::error)) {
            return tl::unexpected(lost({"xenstored answered request " + std::to_string(static_cast<int>(type)) +
                                            " as if it were " + std::to_string(static_cast<int>(reply.type)),
                                        EPROTO}));
        }
        if (reply.type == Type::error) {
            const int code = wire::parse_error(reply.payload);
            answers.push_back(fail(std::strerror(code), code));
        } else {
            answers.push_back(reply.payload);
        }
    }
    return {};
}

Status Store::send(std::string_view bytes, Clock::time_point deadline) {
    if (!fd_) return fail("the connection to xenstored is lost", ENOTCONN);
    const std::size_t all = bytes.size();
    while (!bytes.empty()) {
        // MSG_NOSIGNAL is for sockets only; a device gives no SIGPIPE.
        ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == ENOTSOCK) put = ::write(fd_.get(), bytes.data(), bytes.size());
        if (put >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(put));
        } else if (errno == EAGAIN) {
            if (Status ready = wait(POLLOUT, deadline); !ready) {
                // Half a request in the stream: what follows would be taken for its rest.
                if (bytes.size() < all) return tl::unexpected(lost(ready.error()));
                return ready;
            }
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return tl::unexpected(lost({"xenstored closed the connection", ENOTCONN}));
        } else if (errno != EINTR) {
            // /dev/xen/xenbus refuses a request like this (EINVAL, E2BIG, ENOMEM) and forgets it: the stream is sound.
            return fail(std::strerror(errno), errno);
        }
    }
    return {};
}

Status Store::receive() {
    if (!fd_) return fail("the connection to xenstored is lost", ENOTCONN);
    char buffer[16 * 1024];
    const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
    if (got > 0) received_.append(buffer, static_cast<std::size_t>(got));
    if (got == 0) return tl::unexpected(lost({"xenstored closed the connection", ENOTCONN}));
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        return tl::unexpected(lost({std::string("reading from xenstored: ") + std::strerror(errno), ENOTCONN}));
    }
    return {};
}

Status Store::wait(short events, Clock::time_point deadline) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            return fail("xenstored did not answer within " + std::to_string(deadline_.count()) + " ms", ETIMEDOUT);
        }
        pollfd fd{fd_.get(), events, 0};
        const int ready = ::poll(&fd, 1, static_cast<int>(std::min<long>(left, 3600'000)));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return fail_errno("poll");
    }
}

Status Store::sort_messages() {
    for (;;) {
        auto taken = wire::take(received_);
        if (!taken) return tl::unexpected(lost(taken.error()));
        if (!*taken) return {};
        wire::Message& message = **taken;
        if (message.type == Type::watch_event) {
            auto event = wire::parse_watch_event(message.payload);
            if (!event) return tl::unexpected(lost(event.error()));
            queue(std::move(*event));
        } else if (last_request_ - message.request < awaited_) {
            replies_.push_back(std::move(message));
        } // else: the late answer to a request whose deadline has passed
    }
}

void Store::queue(WatchEvent event) {
    if (events_.size() >= events_max) {
        events_.assign(watches_.begin(), watches_.end());
        return; // the event is below one of these
    }
    events_.push_back(std::move(event));
}

Error Store::lost(Error error) {
    fd_.reset();
    received_.clear();
    return error;
}

} // namespace bulkhead::xen
