// Keeper: what the manager asks before it lets a domain of ours end, so that driver domains can be brought back in
// another way than a restart. src/driverdomain implements it.
#pragma once

#include "domain/journal.hpp"
#include "domain/policy.hpp"
#include "xen/context.hpp"

#include <string>

namespace bulkhead::domain {

class Keeper {
public:
    virtual ~Keeper() = default;
    // The domain runs: it was made, found running at start-up, or made again.
    virtual void lives(const DomainRecord& record, const Policy& policy) = 0;
    // It has ended, or shut down, and nobody asked for that through Bulkhead. True: the keeper brings it back by
    // Manager::remake(); until then it stays one of ours.
    virtual bool ended(const DomainRecord& record, const Policy& policy, const xen::DomainEvent& event) = 0;
    // A daemon before us was bringing it back: `detail` is what it wrote down last.
    virtual void resume(const DomainRecord& record, const Policy& policy, const std::string& detail) = 0;
    // It is not one of ours any more.
    virtual void gone(const std::string& uuid) = 0;
    // Whether it is one of the keeper's and serves.
    [[nodiscard]] virtual bool ready(const std::string& uuid) const = 0;
    // Frozen by an administrator or being destroyed, so that its silence is no death; or running again.
    virtual void paused(const std::string& uuid, bool paused) = 0;
};

} // namespace bulkhead::domain
