// How soon a driver domain that keeps dying is brought back, and when to stop. Pure.
#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace bulkhead::driverdomain {

class Backoff {
public:
    using Time = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::minutes window{10};
    static constexpr unsigned at_once = 3; // deaths within the window that are answered without delay
    static constexpr unsigned most = 10;   // more than that within the window: it stays down
    static constexpr std::chrono::seconds delay_max{30};

    // It died, or did not come back, at `now`: how long to wait before it is brought back; nullopt: not any more.
    std::optional<std::chrono::seconds> died(Time now);
    void forgive() { deaths_.clear(); } // an administrator starts it: the count begins anew
    [[nodiscard]] std::size_t deaths() const { return deaths_.size(); }

private:
    std::deque<Time> deaths_; // within the window
};

} // namespace bulkhead::driverdomain
