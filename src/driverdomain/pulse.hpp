// Pulse: listens to the agents of driver domains by xenstore watches. Every write of an agent's heartbeat is a beat;
// one that was heard and then is silent for too long is reported. What a driver domain writes is a stranger's: bounded.
#pragma once

#include "base/result.hpp"
#include "domain/event_loop.hpp"
#include "xen/store.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace bulkhead::driverdomain {

class Pulse {
public:
    struct Events {
        std::function<void(const std::string& uuid, const std::string& state)>
            state;                                           // "starting", "ready", "failed: ..."
        std::function<void(const std::string& uuid)> silent; // once; then it is not listened to
    };

    Pulse(domain::EventLoop& loop, Events events) : loop_(loop), events_(std::move(events)) {}
    Pulse(const Pulse&) = delete;
    Pulse& operator=(const Pulse&) = delete;

    // Replaces what was known about `uuid`. Silence counts from the first beat.
    void listen(const std::string& uuid, unsigned domain, std::chrono::milliseconds patience);
    // From its next beat on.
    void set_patience(const std::string& uuid, std::chrono::milliseconds patience);
    void leave(const std::string& uuid);
    // While `paused` silence is no death; afterwards it counts from the next beat.
    void pause(const std::string& uuid, bool paused);

private:
    struct Heart {
        unsigned domain = 0;
        std::chrono::milliseconds patience{};
        bool paused = false;
        domain::Source deadline;
    };

    Status connect();
    void reconnect();
    void readable();
    void read_soon();
    void take(const xen::WatchEvent& event);
    void beat(const std::string& uuid, Heart& heart);
    void overdue(const std::string& uuid);
    Status watch(const std::string& uuid, const Heart& heart);

    domain::EventLoop& loop_;
    Events events_;
    std::optional<xen::Store> store_;
    domain::Source source_, retry_, soon_;
    std::map<std::string, Heart> hearts_; // by UUID, which is also the watches' token
};

} // namespace bulkhead::driverdomain
