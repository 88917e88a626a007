// Store: a connection to xenstore that speaks the wire protocol itself. It is small enough for a static program, needs
// no privilege and no thread: libxenstore starts a thread as soon as something is watched.
//
//     Store store = TRY(Store::open());
//     TRY(store.transaction([&](Transaction& now) -> Status {
//         if (TRY(now.read("backend/vif/3/0/state")) == "6") return now.remove("backend/vif/3/0");
//         return {};
//     }));
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "xen/wire.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::xen {

using wire::Permission;
using wire::WatchEvent;

// True when xenstore itself does not answer properly, rather than refusing one request: trying the next is no use now.
bool connection_failed(const Error& error);

// Operations on the tree, outside (Store) or inside (Transaction) a transaction. Paths are absolute, or relative to
// /local/domain/OWN-DOMID. Error::code is xenstored's errno (ENOENT, EACCES, ...), ETIMEDOUT at the deadline, or
// ENOTCONN once the connection is lost: then only a new Store helps. Values are bytes from strangers, at most 4096.
class Nodes {
public:
    Result<std::string> read(std::string_view path);
    Result<std::optional<std::string>> read_if(std::string_view path); // nullopt: there is no such node
    Result<std::vector<std::string>> list(std::string_view path);      // names of the children
    Result<bool> exists(std::string_view path);
    Status write(std::string_view path, std::string_view value); // creates the node and its parents
    Status mkdir(std::string_view path);                         // no error when it is there
    Status remove(std::string_view path);                        // with everything below; no error when it is not there
    Result<std::vector<Permission>> permissions(std::string_view path);
    Status set_permissions(std::string_view path, const std::vector<Permission>& permissions);

    // The same for many nodes. Over a socket they are sent ahead of the answers: one wait for many instead of one for
    // each.
    Result<std::vector<std::optional<std::string>>> read_each(const std::vector<std::string>& paths); // as read_if()
    // The first error; what comes after it may have been written all the same.
    Status write_each(const std::vector<std::pair<std::string, std::string>>& nodes);
    // Nodes that are not there are passed over.
    Status set_permissions_each(const std::vector<std::string>& paths, const std::vector<Permission>& permissions);

protected:
    Nodes() = default;
    Nodes(Nodes&&) = default;
    Nodes& operator=(Nodes&&) = default;
    virtual ~Nodes() = default;
    // One request for each payload, and their answers in the same order.
    using Answers = std::vector<Result<std::string>>;
    virtual Result<Answers> exchange(wire::Type type, std::vector<std::string> payloads) = 0;

private:
    struct Request {
        std::string_view path, rest;
    };
    Result<Answers> request(wire::Type type, const std::vector<Request>& requests);
    Result<std::string> request(wire::Type type, std::string_view path, std::string_view rest = {});
    Result<std::vector<std::string>> list_in_parts(std::string_view path);
};

class Store;

class Transaction final : public Nodes {
private:
    friend class Store;
    Transaction(Store& store, std::uint32_t id) : store_(store), id_(id) {}
    Result<Answers> exchange(wire::Type type, std::vector<std::string> payloads) override;
    Store& store_;
    std::uint32_t id_;
};

class Store final : public Nodes {
public:
    // In dom0 xenstored's socket ($XENSTORED_PATH or /run/xenstored/socket), elsewhere the kernel's /dev/xen/xenbus.
    static Result<Store> open();
    // `fd`: a stream socket to a xenstored, or an open /dev/xen/xenbus.
    static Result<Store> adopt(Fd fd);

    // How long one request may take, or a number of them that is sent together, default 5 s. (Through /dev/xen/xenbus,
    // watch() and unwatch() wait in the kernel without a limit; every other request obeys it.)
    void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }

    // Runs `body` in a transaction and commits it. A conflict (EAGAIN) runs `body` again, at most 32 times, so it must
    // not have effects of its own. An error of `body` aborts the transaction and is returned.
    Status transaction(const std::function<Status(Transaction&)>& body);

    // A watch fires once when it is registered, then for every change at or below `path`.
    Status watch(std::string_view path, std::string_view token);
    Status unwatch(std::string_view path, std::string_view token);

    Result<std::string> domain_path(unsigned domain); // "/local/domain/3"
    // A command to xenstored itself, as xenstore-control(1); for dom0. What there is depends on the xenstored.
    Result<std::string> control(std::initializer_list<std::string_view> words);

    // For an event loop: poll fd() for reading, then call next_event() until it gives nullopt. Any request may also
    // have queued events without fd() becoming readable, so drain next_event() before each wait. Never blocks. An error
    // means that the connection is lost.
    [[nodiscard]] int fd() const { return fd_.get(); }
    Result<std::optional<WatchEvent>> next_event();
    // Waits for an event at most until `deadline`; nullopt when none came.
    Result<std::optional<WatchEvent>> wait_event(std::chrono::steady_clock::time_point deadline);

    // More events than this are not kept: each watch then gets one event for its own path instead, as when it was
    // registered, so that a reader which looks at the tree again misses nothing.
    static constexpr std::size_t events_max = 4096;

private:
    friend class Transaction;
    Store(Fd fd, std::size_t ahead) : fd_(std::move(fd)), ahead_(ahead) {}
    Result<Answers> exchange(wire::Type type, std::vector<std::string> payloads) override {
        return exchange(type, 0, std::move(payloads));
    }
    Result<Answers> exchange(wire::Type type, std::uint32_t transaction, std::vector<std::string> payloads);
    Result<std::string> exchange_one(wire::Type type, std::uint32_t transaction, std::string payload);
    Status gather(wire::Type type, std::size_t count, std::chrono::steady_clock::time_point deadline, Answers& answers);
    Status send(std::string_view bytes, std::chrono::steady_clock::time_point deadline);
    Status receive(); // what is there now; never blocks
    Status wait(short events, std::chrono::steady_clock::time_point deadline) const;
    Status sort_messages();
    void queue(WatchEvent event);
    Error lost(Error error);

    Fd fd_;
    std::size_t ahead_; // how many requests may be on their way together
    std::chrono::milliseconds deadline_{5000};
    std::uint32_t last_request_ = 0;
    std::uint32_t awaited_ = 0; // how many requests, the last one included, are not answered yet
    std::string received_;      // not yet a whole message
    std::deque<wire::Message> replies_;
    std::deque<WatchEvent> events_;
    std::vector<WatchEvent> watches_; // what is registered
};

} // namespace bulkhead::xen
