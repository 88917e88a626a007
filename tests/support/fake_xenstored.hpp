// A xenstored for tests: an in-memory tree with watches, transactions, permissions and the real wire protocol, served
// by a thread over Unix sockets. It knows just enough to be strict where the real one is: permissions of unprivileged
// domains, implicit parents, EAGAIN on conflicting transactions, E2BIG for long directories, relative watch paths.
#pragma once

#include "base/fd.hpp"
#include "xen/wire.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bulkhead::test {

class FakeXenstored {
public:
    FakeXenstored();
    ~FakeXenstored();
    FakeXenstored(const FakeXenstored&) = delete;
    FakeXenstored& operator=(const FakeXenstored&) = delete;

    // One end of a new connection that speaks for `domain`.
    Fd connect(unsigned domain = 0);
    // Accepts connections on a Unix socket (for $XENSTORED_PATH of a program under test), all of them for `domain`.
    void listen(const std::string& path, unsigned domain);

    // The tree as dom0 sees it, from the test's thread; absolute paths. Changes fire watches.
    void write(const std::string& path, const std::string& value);
    void remove(const std::string& path);
    void set_permissions(const std::string& path, std::vector<xen::wire::Permission> permissions);
    std::optional<std::string> read(const std::string& path);
    std::vector<std::string> list(const std::string& path); // empty when there is no such node
    bool exists(const std::string& path) { return read(path).has_value(); }
    // What libxl makes for a domain: a directory that it may read, with `data` that it may write (libxl_create.c).
    void add_domain(unsigned domain);

    // True as soon as the node has the value (nullopt: is gone); false at the deadline.
    bool wait_for(const std::string& path, const std::optional<std::string>& value,
                  std::chrono::milliseconds deadline = std::chrono::seconds(10));
    bool wait_until(const std::function<bool()>& condition,
                    std::chrono::milliseconds deadline = std::chrono::seconds(10));

    // Faults. The next `count` requests of `type` are answered with this error.
    void fail_next(xen::wire::Type type, const std::string& error, unsigned count = 1);
    void set_mute(bool mute) { mute_ = mute; } // takes requests and never answers
    void drop_connections();
    unsigned requests(xen::wire::Type type); // how many were served

private:
    struct Node {
        std::string value;
        std::vector<xen::wire::Permission> permissions;
        std::uint64_t generation = 0;
    };
    using Tree = std::map<std::string, Node>;
    struct Change {
        std::string path;
        bool below; // a removal also fires the watches below it
    };
    struct OpenTransaction {
        Tree tree;
        std::uint64_t generation = 0;
        std::vector<Change> changes;
    };
    struct Connection {
        Fd fd;
        unsigned domain;
        std::string in, out;
        std::vector<xen::wire::WatchEvent> watches;
        std::map<std::uint32_t, OpenTransaction> transactions;
    };
    struct Listener {
        Fd fd;
        unsigned domain;
    };
    struct Refusal {
        std::string error;
    };

    void serve();
    bool service(Connection& connection);
    void answer(Connection& connection, const xen::wire::Message& request);
    std::string perform(Connection& connection, const xen::wire::Message& request);
    std::string perform_on(Tree& tree, std::vector<Change>& changes, const Connection& connection,
                           const xen::wire::Message& request);
    void store(Tree& tree, std::vector<Change>& changes, unsigned domain, const std::string& path,
               const std::optional<std::string>& value);
    void erase(Tree& tree, std::vector<Change>& changes, const std::string& path);
    void fire(const std::vector<Change>& changes);
    void send(Connection& connection, const xen::wire::Message& message);
    void wake();

    std::mutex mutex_;
    Tree tree_;
    std::uint64_t generation_ = 1;      // of the committed tree
    std::uint64_t node_generation_ = 1; // as directory_part shows it
    std::uint32_t next_transaction_ = 1;
    std::list<Connection> connections_;
    std::list<Listener> listeners_;
    std::map<xen::wire::Type, std::pair<std::string, unsigned>> faults_;
    std::map<xen::wire::Type, unsigned> served_;
    std::atomic<bool> mute_{false};
    std::atomic<bool> stop_{false};
    Fd wake_read_, wake_write_;
    std::thread thread_;
};

} // namespace bulkhead::test
