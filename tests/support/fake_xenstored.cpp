#include "support/fake_xenstored.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::test {
namespace {

using xen::wire::Message;
using xen::wire::Permission;
using xen::wire::Type;
using xen::wire::WatchEvent;

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool at_or_below(const std::string& path, const std::string& root) {
    if (root == "/") return true;
    return path.compare(0, root.size(), root) == 0 && (path.size() == root.size() || path[root.size()] == '/');
}

std::string own_path(unsigned domain) {
    return "/local/domain/" + std::to_string(domain);
}

std::string absolute(unsigned domain, std::string_view path) {
    if (path.starts_with('/') || path.starts_with('@')) return std::string(path);
    return own_path(domain) + "/" + std::string(path);
}

bool allowed(const std::vector<Permission>& permissions, unsigned domain, bool write) {
    if (domain == 0 || permissions[0].domain == domain) return true;
    for (std::size_t i = 1; i < permissions.size(); ++i) {
        if (permissions[i].domain == domain) return write ? permissions[i].write : permissions[i].read;
    }
    return write ? permissions[0].write : permissions[0].read;
}

} // namespace

FakeXenstored::FakeXenstored() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) std::abort();
    wake_read_ = Fd(ends[0]);
    wake_write_ = Fd(ends[1]);
    for (const char* path : {"/", "/local", "/local/domain"}) tree_[path] = {"", {{0, true, false}}, 1};
    thread_ = std::thread([this] { serve(); });
}

FakeXenstored::~FakeXenstored() {
    stop_ = true;
    wake();
    thread_.join();
}

Fd FakeXenstored::connect(unsigned domain) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    const std::lock_guard lock(mutex_);
    connections_.push_back({Fd(ends[0]), domain, {}, {}, {}, {}});
    wake();
    return Fd(ends[1]);
}

void FakeXenstored::listen(const std::string& path, unsigned domain) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd.get(), 16) != 0) {
        std::abort();
    }
    const std::lock_guard lock(mutex_);
    listeners_.push_back({std::move(fd), domain});
    wake();
}

void FakeXenstored::write(const std::string& path, const std::string& value) {
    const std::lock_guard lock(mutex_);
    std::vector<Change> changes;
    store(tree_, changes, 0, path, value);
    fire(changes);
}

void FakeXenstored::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::vector<Change> changes;
    erase(tree_, changes, path);
    fire(changes);
}

void FakeXenstored::set_permissions(const std::string& path, std::vector<Permission> permissions) {
    const std::lock_guard lock(mutex_);
    if (const auto node = tree_.find(path); node != tree_.end()) node->second.permissions = std::move(permissions);
    fire({{path, false}});
}

std::optional<std::string> FakeXenstored::read(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto node = tree_.find(path);
    if (node == tree_.end()) return std::nullopt;
    return node->second.value;
}

std::vector<std::string> FakeXenstored::list(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    const std::string prefix = path == "/" ? "/" : path + "/";
    for (auto node = tree_.upper_bound(prefix); node != tree_.end() && node->first.starts_with(prefix); ++node) {
        const std::string name = node->first.substr(prefix.size());
        if (name.find('/') == std::string::npos) names.push_back(name);
    }
    return names;
}

void FakeXenstored::add_domain(unsigned domain) {
    const std::string path = own_path(domain);
    write(path, "");
    set_permissions(path, {{0, false, false}, {domain, true, false}});
    write(path + "/domid", std::to_string(domain));
    write(path + "/name", "domain" + std::to_string(domain));
    for (const char* name : {"control", "device"}) write(path + "/" + name, "");
    write(path + "/data", "");
    set_permissions(path + "/data", {{domain, false, false}});
}

bool FakeXenstored::wait_until(const std::function<bool()>& condition, std::chrono::milliseconds deadline) {
    // Polls: it may wait for things outside the tree too, as a link's state. 5 ms is nothing to a test.
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

bool FakeXenstored::wait_for(const std::string& path, const std::optional<std::string>& value,
                             std::chrono::milliseconds deadline) {
    return wait_until([&] { return read(path) == value; }, deadline);
}

void FakeXenstored::fail_next(Type type, const std::string& error, unsigned count) {
    const std::lock_guard lock(mutex_);
    faults_[type] = {error, count};
}

void FakeXenstored::drop_connections() {
    const std::lock_guard lock(mutex_);
    connections_.clear();
    wake();
}

unsigned FakeXenstored::requests(Type type) {
    const std::lock_guard lock(mutex_);
    return served_[type];
}

void FakeXenstored::wake() {
    (void)!::write(wake_write_.get(), "x", 1);
}

void FakeXenstored::serve() {
    while (!stop_) {
        std::vector<pollfd> fds{{wake_read_.get(), POLLIN, 0}};
        {
            const std::lock_guard lock(mutex_);
            for (const auto& listener : listeners_) fds.push_back({listener.fd.get(), POLLIN, 0});
            for (const auto& connection : connections_) {
                const short events = connection.out.empty() ? POLLIN : POLLIN | POLLOUT;
                fds.push_back({connection.fd.get(), events, 0});
            }
        }
        ::poll(fds.data(), fds.size(), -1);
        char drop[64];
        while (::read(wake_read_.get(), drop, sizeof drop) > 0) {
        }
        const std::lock_guard lock(mutex_);
        for (const auto& listener : listeners_) {
            Fd fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (fd) connections_.push_back({std::move(fd), listener.domain, {}, {}, {}, {}});
        }
        connections_.remove_if([this](Connection& connection) { return !service(connection); });
    }
}

bool FakeXenstored::service(Connection& connection) {
    char buffer[16 * 1024];
    const ssize_t got = ::recv(connection.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    if (got > 0) connection.in.append(buffer, static_cast<std::size_t>(got));
    for (;;) {
        auto message = xen::wire::take(connection.in);
        if (!message) return false;
        if (!*message) break;
        if (!mute_) answer(connection, **message);
    }
    while (!connection.out.empty()) {
        const ssize_t put =
            ::send(connection.fd.get(), connection.out.data(), connection.out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0) return errno == EAGAIN;
        connection.out.erase(0, static_cast<std::size_t>(put));
    }
    return true;
}

void FakeXenstored::send(Connection& connection, const Message& message) {
    connection.out += *xen::wire::encode(message);
    wake();
}

void FakeXenstored::answer(Connection& connection, const Message& request) {
    ++served_[request.type];
    Message reply{request.type, request.request, request.transaction, {}};
    try {
        if (auto fault = faults_.find(request.type); fault != faults_.end() && fault->second.second > 0) {
            --fault->second.second;
            if (request.type == Type::transaction_end) connection.transactions.erase(request.transaction);
            throw Refusal{fault->second.first};
        }
        reply.payload = perform(connection, request);
        if (reply.payload.size() > xen::wire::payload_max) throw Refusal{"E2BIG"};
    } catch (const Refusal& refusal) {
        reply.type = Type::error;
        reply.payload = xen::wire::strings({refusal.error});
    }
    send(connection, reply);
    if (request.type == Type::watch && reply.type != Type::error) {
        const auto& watch = connection.watches.back();
        send(connection, {Type::watch_event, 0, 0, xen::wire::strings({watch.path, watch.token})});
    }
}

std::string FakeXenstored::perform(Connection& connection, const Message& request) {
    std::string ok = "OK"; // with its NUL
    ok.push_back('\0');
    const auto parts = split(request.payload, '\0');
    switch (request.type) {
    case Type::get_domain_path:
        return own_path(static_cast<unsigned>(std::stoul(std::string(parts[0])))) + '\0';
    case Type::watch:
        if (parts.size() != 3) throw Refusal{"EINVAL"};
        for (const auto& watch : connection.watches) {
            if (watch.path == parts[0] && watch.token == parts[1]) throw Refusal{"EEXIST"};
        }
        connection.watches.push_back({std::string(parts[0]), std::string(parts[1])});
        return ok;
    case Type::unwatch:
        if (std::erase(connection.watches, WatchEvent{std::string(parts[0]), std::string(parts.at(1))}) == 0) {
            throw Refusal{"ENOENT"};
        }
        return ok;
    case Type::transaction_start:
        connection.transactions[next_transaction_] = {tree_, generation_, {}};
        return std::to_string(next_transaction_++) + '\0';
    case Type::transaction_end: {
        const auto found = connection.transactions.find(request.transaction);
        if (found == connection.transactions.end()) throw Refusal{"ENOENT"};
        OpenTransaction transaction = std::move(found->second);
        connection.transactions.erase(found);
        if (parts[0] == "F" || transaction.changes.empty()) return ok;
        if (transaction.generation != generation_) throw Refusal{"EAGAIN"};
        tree_ = std::move(transaction.tree);
        fire(transaction.changes);
        return ok;
    }
    default:
        break;
    }
    if (request.transaction != 0) {
        const auto found = connection.transactions.find(request.transaction);
        if (found == connection.transactions.end()) throw Refusal{"ENOENT"};
        return perform_on(found->second.tree, found->second.changes, connection, request);
    }
    std::vector<Change> changes;
    std::string reply = perform_on(tree_, changes, connection, request);
    fire(changes);
    return reply;
}

std::string FakeXenstored::perform_on(Tree& tree, std::vector<Change>& changes, const Connection& connection,
                                      const Message& request) {
    std::string ok = "OK"; // with its NUL
    ok.push_back('\0');
    const std::size_t nul = request.payload.find('\0');
    if (nul == std::string::npos) throw Refusal{"EINVAL"};
    const std::string_view given(request.payload.data(), nul);
    const std::string rest = request.payload.substr(nul + 1);
    if (!xen::wire::valid_path(given)) throw Refusal{"EINVAL"};
    const std::string path = absolute(connection.domain, given);
    const auto node = tree.find(path);
    const auto need = [&](bool write) {
        if (node == tree.end()) {
            // An existing node that may not be read looks the same as a missing one below an unreadable parent.
            throw Refusal{"ENOENT"};
        }
        if (!allowed(node->second.permissions, connection.domain, write)) throw Refusal{"EACCES"};
    };
    const auto names = [&] {
        std::string all;
        const std::string prefix = path == "/" ? "/" : path + "/";
        for (auto at = tree.upper_bound(prefix); at != tree.end() && at->first.starts_with(prefix); ++at) {
            const std::string name = at->first.substr(prefix.size());
            if (name.find('/') == std::string::npos) all += name + '\0';
        }
        return all;
    };
    switch (request.type) {
    case Type::read:
        need(false);
        return node->second.value;
    case Type::directory:
        need(false);
        return names();
    case Type::directory_part: {
        need(false);
        const std::string all = names();
        const std::size_t offset = std::min<std::size_t>(std::stoul(rest), all.size());
        std::string part = std::to_string(node->second.generation) + '\0';
        std::size_t end = offset;
        while (end < all.size() && part.size() + all.find('\0', end) + 1 - offset < xen::wire::payload_max) {
            end = all.find('\0', end) + 1;
        }
        part += all.substr(offset, end - offset);
        if (end == all.size()) part += '\0';
        return part;
    }
    case Type::write:
    case Type::make_directory: {
        if (node != tree.end()) {
            need(true);
            if (request.type == Type::make_directory) return ok;
        } else {
            std::string above = parent_of(path);
            while (tree.find(above) == tree.end()) above = parent_of(above);
            if (!allowed(tree.at(above).permissions, connection.domain, true)) throw Refusal{"EACCES"};
        }
        store(tree, changes, connection.domain, path, request.type == Type::write ? std::optional(rest) : std::nullopt);
        return ok;
    }
    case Type::remove:
        if (node == tree.end()) {
            if (tree.find(parent_of(path)) == tree.end()) throw Refusal{"ENOENT"};
            return ok;
        }
        need(true);
        erase(tree, changes, path);
        return ok;
    case Type::get_permissions: {
        need(false);
        std::string list;
        for (const auto& permission : node->second.permissions) {
            list += xen::wire::format_permission(permission) + '\0';
        }
        return list;
    }
    case Type::set_permissions: {
        need(true);
        auto permissions = xen::wire::parse_permissions(rest);
        if (!permissions) throw Refusal{"EINVAL"};
        if (connection.domain != 0 && node->second.permissions[0].domain != (*permissions)[0].domain) {
            throw Refusal{"EPERM"};
        }
        node->second.permissions = *permissions;
        changes.push_back({path, false});
        return ok;
    }
    default:
        throw Refusal{"ENOSYS"};
    }
}

void FakeXenstored::store(Tree& tree, std::vector<Change>& changes, unsigned domain, const std::string& path,
                          const std::optional<std::string>& value) {
    if (tree.find(path) == tree.end()) {
        const std::string parent = parent_of(path);
        if (tree.find(parent) == tree.end()) store(tree, changes, domain, parent, std::nullopt);
        // A new node inherits its parent's permissions; an unprivileged creator becomes its owner.
        Node& above = tree.at(parent);
        auto permissions = above.permissions;
        if (domain != 0) permissions[0].domain = domain;
        above.generation = ++node_generation_;
        tree[path] = {"", std::move(permissions), node_generation_};
    }
    if (value) tree[path].value = *value;
    tree[path].generation = ++node_generation_;
    changes.push_back({path, false});
}

void FakeXenstored::erase(Tree& tree, std::vector<Change>& changes, const std::string& path) {
    if (tree.find(path) == tree.end()) return;
    std::erase_if(tree, [&path](const auto& node) { return at_or_below(node.first, path); });
    if (const auto parent = tree.find(parent_of(path)); parent != tree.end())
        parent->second.generation = ++node_generation_;
    changes.push_back({path, true});
}

void FakeXenstored::fire(const std::vector<Change>& changes) {
    if (!changes.empty()) ++generation_; // open transactions now conflict
    for (const Change& change : changes) {
        for (Connection& connection : connections_) {
            for (const WatchEvent& watch : connection.watches) {
                const std::string root = absolute(connection.domain, watch.path);
                if (at_or_below(change.path, root)) {
                    // Relative watches are told relative paths.
                    const std::string seen = watch.path + change.path.substr(root.size());
                    send(connection, {Type::watch_event, 0, 0, xen::wire::strings({seen, watch.token})});
                } else if (change.below && at_or_below(root, change.path)) {
                    send(connection, {Type::watch_event, 0, 0, xen::wire::strings({watch.path, watch.token})});
                }
            }
        }
    }
}

} // namespace bulkhead::test
