#include "driverdomain/pulse.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <sys/epoll.h>

namespace bulkhead::driverdomain {
namespace {

using namespace std::chrono_literals;

constexpr auto store_deadline = 1000ms; // the daemon waits this long for xenstored, at most
constexpr auto retry_delay = 1000ms;
constexpr auto grace = 100ms; // beyond the patience, for beats that came and are not read yet

std::string node(unsigned domain, const char* name) {
    return "/local/domain/" + std::to_string(domain) + "/data/bulkhead/" + name;
}

} // namespace

Status Pulse::connect() {
    store_ = TRY(xen::Store::open());
    store_->set_deadline(store_deadline);
    source_ = TRY(loop_.watch(store_->fd(), EPOLLIN, [this](std::uint32_t) { readable(); }));
    for (const auto& [uuid, heart] : hearts_) TRY(watch(uuid, heart));
    return {};
}

// xenstored does not come back once it has died, but a connection may be lost to a full queue or a deadline.
void Pulse::reconnect() {
    source_.reset();
    store_.reset();
    // Silence that nobody could hear is no death.
    for (auto& [uuid, heart] : hearts_) heart.deadline.reset();
    const Status connected = connect();
    if (connected) {
        read_soon();
        return;
    }
    log::error("listening to driver domains: " + connected.error().message);
    source_.reset();
    store_.reset();
    auto timer = loop_.after(retry_delay, [this] { reconnect(); });
    if (timer) retry_ = std::move(*timer);
}

Status Pulse::watch(const std::string& uuid, const Heart& heart) {
    TRY(store_->watch(node(heart.domain, "heartbeat"), uuid));
    return store_->watch(node(heart.domain, "state"), uuid);
}

void Pulse::listen(const std::string& uuid, unsigned domain, std::chrono::milliseconds patience) {
    leave(uuid);
    Heart heart;
    heart.domain = domain;
    heart.patience = patience;
    const Heart& kept = hearts_.emplace(uuid, std::move(heart)).first->second;
    if (!store_ || !watch(uuid, kept))
        reconnect();
    else
        read_soon();
}

// Events that came during a request do not make the descriptor readable again.
void Pulse::read_soon() {
    auto soon = loop_.after(0ms, [this] { readable(); });
    if (soon) soon_ = std::move(*soon);
}

void Pulse::set_patience(const std::string& uuid, std::chrono::milliseconds patience) {
    const auto found = hearts_.find(uuid);
    if (found != hearts_.end()) found->second.patience = patience;
}

void Pulse::leave(const std::string& uuid) {
    const auto found = hearts_.find(uuid);
    if (found == hearts_.end()) return;
    if (store_) {
        (void)store_->unwatch(node(found->second.domain, "heartbeat"), uuid);
        (void)store_->unwatch(node(found->second.domain, "state"), uuid);
    }
    hearts_.erase(found);
}

void Pulse::pause(const std::string& uuid, bool paused) {
    const auto found = hearts_.find(uuid);
    if (found == hearts_.end()) return;
    found->second.paused = paused;
    found->second.deadline.reset();
}

void Pulse::readable() {
    // Bounded: a driver domain that writes without end must not keep the daemon here.
    for (int taken = 0; taken < 256 && store_; ++taken) {
        auto event = store_->next_event();
        if (!event) {
            log::error("listening to driver domains: " + event.error().message);
            reconnect();
            return;
        }
        if (!*event) return;
        take(**event);
    }
    read_soon();
}

void Pulse::take(const xen::WatchEvent& event) {
    const auto found = hearts_.find(event.token);
    if (found == hearts_.end()) return;
    Heart& heart = found->second;
    if (event.path == node(heart.domain, "state")) {
        const auto state = store_->read_if(event.path);
        if (state && *state) events_.state(event.token, printable(**state, 256));
        return;
    }
    // A watch fires once when it is registered; only a node that is there was written by an agent.
    if (!heart.deadline) {
        const auto there = store_->exists(event.path);
        if (!there || !*there) return;
    }
    beat(event.token, heart);
}

void Pulse::beat(const std::string& uuid, Heart& heart) {
    if (heart.paused) return;
    auto timer = loop_.after(heart.patience, [this, uuid] { overdue(std::string(uuid)); });
    if (timer) heart.deadline = std::move(*timer);
}

// When this process itself stood still, beats lie unread: they are read first, and each puts the deadline off.
void Pulse::overdue(const std::string& uuid) {
    const auto found = hearts_.find(uuid);
    if (found == hearts_.end()) return;
    auto timer = loop_.after(grace, [this, uuid] {
        // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the closure goes with the heart
        const std::string silent = uuid;
        leave(silent);
        events_.silent(silent);
    });
    if (timer) found->second.deadline = std::move(*timer);
}

} // namespace bulkhead::driverdomain
