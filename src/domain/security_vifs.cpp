// The part of Security that deals with vifs: which of them a domain may have, and what each carries.
#include "domain/security.hpp"

#include "base/text.hpp"
#include "config/access_control.hpp"

namespace bulkhead::domain {

void Security::check_vif(const Question& question, const DeviceUse& use, policy::LabelId label,
                         std::vector<Check>& found) const {
    constexpr const char* refusal = "VM's access to network device denied. Check labeling";
    const policy::Policy& policy = *host_->policy();
    const auto add = [&](policy::Decision decision, const char* words) {
        found.push_back({use.device, use.name, "", std::move(decision), words});
    };
    const bool labelled = !use.label.policy.empty();
    if (!labelled && policy.vm_labels()[label].ste.types().size() > 1 && question.uuid != domain0_uuid) {
        add({false, policy.vm_labels()[label].name + " has several types: policy= and label= must say which " +
                        use.device + " carries"},
            "'VIF' must be labeled");
    }
    if (labelled) {
        std::optional<policy::Version> version;
        if (const auto parsed = policy::parse_version(use.label.version)) version = *parsed;
        const auto name = history_.resource_label(policy, use.label.policy, version, use.label.label);
        const auto known = name ? policy.find_resource_label(*name) : std::nullopt;
        add(known ? policy.use(label, policy.resource_labels()[*known])
                  : policy::Decision{false, name ? "policy " + policy.name() + " has no resource label " +
                                                       printable(use.label.label, 64)
                                                 : name.error().message},
            refusal);
    }
    const auto server = label_of(use.peer.empty() ? domain0_uuid : use.peer);
    add(server ? policy.share(label, *server)
               : policy::Decision{false, "the policy has no label for the domain that serves " + use.device},
        refusal);
}

// A vif with a label of its own carries that label's types, another one all of its domain's.
std::vector<std::string> Security::carried(const Types& domain, const DeviceUse& vif) const {
    const xen::LabelSpec label = named_now(vif).label;
    if (label.policy.empty()) return domain.ste;
    std::vector<std::string> types;
    const policy::Policy& policy = *host_->policy();
    if (const auto own = policy.find_resource_label(label.label)) {
        for (const policy::TypeId type : policy.resource_labels()[*own].ste.types())
            types.push_back(policy.ste_type(type));
    }
    return types;
}

Permit Security::permit(const Question& question) const {
    Permit permit;
    const auto domain = types(question.uuid);
    if (!domain) return permit;
    for (const DeviceUse& use : question.devices) {
        if (use.device.starts_with("vif ")) permit.vif_types[use.device] = carried(*domain, use);
    }
    return permit;
}

Security::VifTypes Security::vif_types(const std::string& uuid) const {
    VifTypes found;
    const auto domain = types(uuid);
    const auto known = tracked_.find(uuid);
    if (!domain || (known == tracked_.end() && uuid != domain0_uuid)) return found;
    for (const auto& [device, use] : (uuid == domain0_uuid ? domain0_ : known->second).devices) {
        if (device.starts_with("vif ")) found[device] = carried(*domain, use);
    }
    return found;
}

// With the vif's label as the active policy calls it.
DeviceUse Security::named_now(DeviceUse use) const {
    if (!host_ || use.label.policy.empty()) return use;
    const policy::Policy& policy = *host_->policy();
    std::optional<policy::Version> version;
    if (const auto parsed = policy::parse_version(use.label.version)) version = *parsed;
    if (const auto name = history_.resource_label(policy, use.label.policy, version, use.label.label))
        use.label = {policy.name(), *name, policy.version().text()};
    return use;
}

} // namespace bulkhead::domain
