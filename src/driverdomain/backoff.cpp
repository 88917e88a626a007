#include "driverdomain/backoff.hpp"

#include <algorithm>

namespace bulkhead::driverdomain {

std::optional<std::chrono::seconds> Backoff::died(Time now) {
    while (!deaths_.empty() && now - deaths_.front() > window) deaths_.pop_front();
    deaths_.push_back(now);
    if (deaths_.size() > most) return std::nullopt;
    if (deaths_.size() <= at_once) return std::chrono::seconds(0);
    return std::min(delay_max, std::chrono::seconds(1L << (deaths_.size() - at_once - 1)));
}

} // namespace bulkhead::driverdomain
