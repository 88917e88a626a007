// Supervisor: looks after the driver domains that Bulkhead made. It hears their agents' heartbeats, learns of their
// deaths from the manager, brings them back (rebirth.hpp) as their policy says, and keeps a history for people.
#pragma once

#include "base/result.hpp"
#include "domain/keeper.hpp"
#include "domain/manager.hpp"
#include "driverdomain/backoff.hpp"
#include "driverdomain/pulse.hpp"
#include "driverdomain/rebirth.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::driverdomain {

constexpr std::chrono::seconds default_heartbeat_timeout{5};

class Supervisor final : public domain::Keeper {
public:
    // `spares`: folder for the saved spares.
    Supervisor(domain::EventLoop& loop, domain::Manager& manager, std::string spares);

    // Answers as JSON, through `reply` where a worker has to look.
    [[nodiscard]] std::string list() const;
    Status show(const std::string& name, domain::Reply reply);
    // A planned reincarnation: the driver domain is replaced, its clients keep their connections. `overrides`: as
    // behind `create` (kernel="...", ramdisk="..."); they stay in force. If the new one does not become ready the old
    // one is brought back, and the reply is an error.
    Status restart(const std::string& name, const std::vector<std::string>& overrides, const domain::Reply& reply);

    // Events as they happen; the id is for unsubscribe().
    using Listener = std::function<void(const domain::HistoryEntry&)>;
    std::uint64_t subscribe(Listener listener);
    void unsubscribe(std::uint64_t id) { listeners_.erase(id); }
    Result<std::vector<domain::HistoryEntry>> history(const std::string& name, std::size_t most);
    static std::string print(const domain::HistoryEntry& entry); // JSON, one line

    void lives(const domain::DomainRecord& record, const domain::Policy& policy) override;
    bool ended(const domain::DomainRecord& record, const domain::Policy& policy,
               const xen::DomainEvent& event) override;
    void resume(const domain::DomainRecord& record, const domain::Policy& policy, const std::string& detail) override;
    void gone(const std::string& uuid) override;
    [[nodiscard]] bool ready(const std::string& uuid) const override;
    void paused(const std::string& uuid, bool paused) override { pulse_.pause(uuid, paused); }

private:
    enum class State { booting, ready, failed, returning, delayed, down };
    struct Ward {
        domain::DomainRecord record; // as it last lived
        domain::Policy policy;
        State state = State::booting;
        std::string agent;  // what its agent says
        bool heard = false; // our agent runs in it
        Backoff backoff;
        domain::Source timer;
        std::chrono::steady_clock::time_point died;
        std::string cause;
        bool dump_core = false;
        domain::Workers::Id making_spare = 0;
        domain::Source spare_timer;
        // Of a planned restart that is under way:
        std::optional<domain::DomainRecord> next; // what it shall become
        std::optional<domain::Reply> asked;
        std::string failed_upgrade; // why the old one comes back
    };

    static const char* state_name(State state);
    [[nodiscard]] nlohmann::json describe(const Ward& ward) const;
    Result<Ward*> find(const std::string& name);
    Status replace(const domain::DomainRecord& next, const std::vector<std::string>& overrides,
                   const domain::Reply& reply);
    void agent_says(const std::string& uuid, const std::string& state);
    void silent(const std::string& uuid);
    void died(Ward& ward, const std::string& cause);
    void bring_back(const std::string& uuid, Step from);
    void came_back(const std::string& uuid, const std::string& report);
    void stayed_away(const std::string& uuid, const Error& error);
    void retry(Ward& ward);
    void make_spare_soon(Ward& ward);
    void make_spare(const std::string& uuid);
    void tell(const domain::HistoryEntry& entry);
    void note(const Ward& ward, const std::string& what, const nlohmann::json& detail);

    domain::EventLoop& loop_;
    domain::Manager& manager_;
    std::string spares_;
    Pulse pulse_;
    std::map<std::string, Ward> wards_; // by UUID
    std::map<std::uint64_t, Listener> listeners_;
    std::uint64_t next_listener_ = 1;
};

// What is done about the end of a driver domain: its xl.cfg's `supervise`, or "reincarnate". Pure.
std::string supervision(const domain::Policy& policy);
// Whether an end is one to be answered by bringing it back: a power-off that the domain was asked for is not.
bool is_death(const domain::Policy& policy, const xen::DomainEvent& event);

} // namespace bulkhead::driverdomain
