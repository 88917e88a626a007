// Xsm: Xen's security module with FLASK, where the hypervisor was built with it: what it enforces, and the policy and
// booleans by which it does. Each call is one short hypercall, which any process in dom0 with the right to may make.
#pragma once

#include "base/result.hpp"
#include "xen/control.hpp"

#include <string>
#include <utility>
#include <vector>

namespace bulkhead::xen {

enum class XsmMode {
    absent, // a hypervisor without XSM, or with another module than FLASK: it enforces nothing of a policy
    permissive,
    enforcing,
};
const char* name_of(XsmMode mode); // "absent", "permissive", "enforcing"

constexpr std::size_t flask_policy_max = std::size_t{64} << 20; // bytes; ours of 10,000 labels is below
constexpr unsigned flask_booleans_max = 65'536;

class Xsm {
public:
    static Result<Xsm> open();

    Result<XsmMode> mode();
    // ENOSYS in all that follow: mode() is absent.
    Status set_enforcing(bool enforcing);
    // A binary policy (checkpolicy -t Xen). Booleans that it shares with the present one keep their values.
    Status load(std::string policy);

    // The policy in force has the context ("system_u:system_r:domU_t"): without it libxl would not start the domain.
    Result<bool> knows(std::string context);
    // A live domain's, Domain-0's as well.
    Result<std::string> context_of(unsigned domain);

    using Booleans = std::vector<std::pair<std::string, bool>>;
    Result<Booleans> booleans(); // in the policy's order
    // Sets those that differ, at once what forbids, then what allows: while it goes on, or when it stops half way, more
    // is forbidden than shall be, never less. A boolean that the policy lacks is an error, before anything is set.
    Status set_booleans(const Booleans& wanted);

private:
    explicit Xsm(Control control) : control_(std::move(control)) {}
    Control control_;
};

} // namespace bulkhead::xen
