#include "agent/publisher.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <ctime>

namespace bulkhead::agent {
namespace {

const std::string root = "data/bulkhead";

std::string node(std::string_view name) {
    return std::string(root).append("/").append(name);
}

std::string milliseconds_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::to_string(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

} // namespace

std::optional<std::uint64_t> meminfo_kib(std::string_view text, std::string_view name) {
    for (const std::string_view line : split(text, '\n')) {
        const auto parts = words(line);
        if (parts.size() >= 2 && parts[0].ends_with(':') && parts[0].substr(0, parts[0].size() - 1) == name) {
            return parse_unsigned(parts[1]);
        }
    }
    return std::nullopt;
}

Status Publisher::start(const std::string& bridge) {
    written_ = {{"version", BULKHEAD_VERSION}, {"state", "starting"}, {"bridge", bridge}, {"heartbeat", "0"}};
    written_["timing/init"] = milliseconds_since_boot();
    return again();
}

Status Publisher::again() {
    return context(store_.transaction([this](xen::Transaction& now) -> Status {
        TRY(now.remove(root));
        for (const auto& [name, value] : written_) TRY(now.write(node(name), value));
        return {};
    }),
                   "publishing");
}

Result<bool> Publisher::is_there() {
    return store_.exists(node("version"));
}

Status Publisher::set(const std::string& name, const std::string& value) {
    const auto known = written_.find(name);
    if (known != written_.end() && known->second == value) return {};
    written_.insert_or_assign(name, value); // even if the write fails: again() makes up for it
    return context(store_.write(node(name), value), "publishing");
}

Status Publisher::clear(const std::string& name) {
    bool known = false;
    for (auto at = written_.lower_bound(name); at != written_.end() && at->first.starts_with(name);) {
        known = true;
        at = written_.erase(at);
    }
    return known ? context(store_.remove(node(name)), "publishing") : Status{};
}

Status Publisher::state(const std::string& text) {
    return set("state", text);
}

Status Publisher::card(const std::optional<Card>& card) {
    if (!card) return clear("nic");
    TRY(set("nic/name", card->name));
    TRY(set("nic/driver", card->driver));
    TRY(set("nic/mac", card->mac));
    TRY(set("nic/pci", card->pci));
    return set("nic/link", card->carrier ? "up" : "down");
}

Status Publisher::heartbeat() {
    return set("heartbeat", std::to_string(++beats_));
}

Status Publisher::memory() {
    const std::string text = TRY(read_file("/proc/meminfo", 64 * 1024));
    for (const auto& [name, line] : {std::pair("memory/total", "MemTotal"), {"memory/available", "MemAvailable"}}) {
        const auto value = meminfo_kib(text, line);
        if (value) TRY(set(name, std::to_string(*value)));
    }
    return {};
}

Status Publisher::timing(const std::string& name) {
    const std::string key = "timing/" + name;
    if (written_.count(key) != 0) return {};
    return set(key, milliseconds_since_boot());
}

} // namespace bulkhead::agent
