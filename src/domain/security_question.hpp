// What a worker asks the daemon before it touches Xen: who wants to start, or to have which devices. Made in the
// worker, which looks at files; answered in the daemon (security.hpp), which is alone and sees all of them one after
// the other.
#pragma once

#include "base/result.hpp"
#include "xen/domain.hpp"
#include "xen/domain_spec.hpp"

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

// Domain-0 in questions and answers, whatever UUID libxl tells of it.
inline constexpr const char* domain0_uuid = "00000000-0000-0000-0000-000000000000";
inline std::string policy_uuid(const xen::DomainInfo& domain) {
    return domain.id == 0 ? domain0_uuid : domain.uuid;
}

// A device that a domain has or shall have.
struct DeviceUse {
    std::string device;                 // "vbd xvda", "vif 0", "pci 0000:00:02.0": one of the domain's
    std::string name;                   // as people wrote it
    std::vector<std::string> resources; // canonical names; the policy must allow all of them
    std::string peer;                   // UUID of the domain that serves it; empty: dom0
    xen::LabelSpec label;               // of a vif
    std::string node;                   // of a disk: node_text(), labelled.hpp
    bool operator==(const DeviceUse&) const = default;
};

struct Question {
    std::string verb;       // "create", "block-attach", ...: for the log
    std::string uuid, name; // of the domain
    bool starts = false;    // it does not run yet; `label` is then its configuration's
    std::optional<xen::LabelSpec> label;
    std::uint64_t generation = 0; // of the LabelledSet that `devices` were looked up in
    std::vector<DeviceUse> devices;
};

// What the daemon adds to a yes.
struct Permit {
    // The STE types, by name, that keep each of the question's vifs apart from others on its bridge; by
    // DeviceUse::device. A vif that is not in it has no policy.
    std::map<std::string, std::vector<std::string>> vif_types{};
    // The VM label of a domain that starts, when Xen enforces the policy, too; otherwise empty.
    std::string hypervisor_label{};
    // Not from the daemon: what the worker found under the names of the question's disks, node_text() by vdev.
    std::map<std::string, std::string> disk_nodes{};
};

std::string print_question(const Question& question);
Result<Question> parse_question(std::string_view text);
std::string print_permit(const Permit& permit);
Result<Permit> parse_permit(std::string_view text);

nlohmann::json to_json(const DeviceUse& use);
DeviceUse device_use(const nlohmann::json& object);

} // namespace bulkhead::domain
