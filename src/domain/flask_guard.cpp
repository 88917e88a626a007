#include "domain/flask_guard.hpp"

#include "base/text.hpp"
#include "policy/flask.hpp"
#include "policy/flask_names.hpp"

#include <algorithm>
#include <set>

namespace bulkhead::domain {
namespace {

Status set_option(xen::DomainSpec& spec, const char* key, const std::string& text, const std::string& label) {
    const auto found = std::find_if(spec.options.begin(), spec.options.end(),
                                    [key](const xen::OptionSpec& option) { return option.key == key; });
    if (found == spec.options.end()) {
        spec.options.push_back({key, {false, text, {}, 0}});
        return {};
    }
    if (!found->value.is_list && found->value.text == text) return {};
    return fail(std::string(key) + "=" + printable(found->value.text, 256) + " is not that of the label " + label +
                ", which is " + text + ": leave it out");
}

} // namespace

Status label_for_flask(xen::DomainSpec& spec, const std::string& vm_label) {
    for (const xen::OptionSpec& option : spec.options) {
        if (option.key == "init_seclabel")
            return fail("init_seclabel= cannot be used under a mandatory policy: a domain has the label " + vm_label +
                        " from its start on");
    }
    TRY(set_option(spec, "seclabel", policy::flask_context(vm_label), vm_label));
    if (spec.type != xen::DomainType::hvm) return {};
    return set_option(spec, "device_model_stubdomain_seclabel", policy::flask_model_context(vm_label), vm_label);
}

Result<HypervisorCheck> check_hypervisor(xen::Xsm& xsm, const policy::PolicyPtr& policy) {
    HypervisorCheck check;
    check.mode = TRY(xsm.mode());
    if (check.mode == xen::XsmMode::absent) {
        check.sentence = "nothing: this hypervisor has no XSM with FLASK (packaging/xen-xsm builds one)";
        return check;
    }
    const xen::Xsm::Booleans present = TRY(xsm.booleans());
    std::set<std::string> names;
    for (const auto& [name, value] : present) names.insert(name);
    std::string missing;
    const std::vector<policy::FlaskBoolean> wanted = policy::flask_booleans(*policy, policy::Wall(policy));
    for (const policy::FlaskBoolean& boolean : wanted) {
        if (missing.empty() && !names.contains(boolean.name)) missing = "the boolean " + boolean.name;
    }
    for (const policy::Policy::LabelTypes& label : policy->vm_labels()) {
        if (!missing.empty()) break;
        const std::string context = policy::flask_context(label.name);
        const bool known = TRY(xsm.knows(context));
        if (!known) missing = context;
    }
    check.ours = missing.empty();
    if (!check.ours) {
        check.sentence = "another FLASK policy than this one's (it lacks " + missing +
                         "): compile this one with `bulkhead policy compile --flask` and load it";
    } else if (check.mode == xen::XsmMode::enforcing) {
        check.sentence =
            "grants, event channels, Argo, device assignment, authorisation and the Chinese Wall, by FLASK";
    } else {
        check.sentence = "nothing: FLASK has this policy, but is permissive (`bulkhead setenforce 1`)";
    }
    return check;
}

Status keep_wall(xen::Xsm& xsm, const policy::Host& host) {
    xen::Xsm::Booleans wanted;
    const std::vector<policy::FlaskBoolean> booleans = policy::flask_booleans(*host.policy(), host.wall());
    for (const policy::FlaskBoolean& boolean : booleans) wanted.emplace_back(boolean.name, boolean.value);
    return xsm.set_booleans(wanted);
}

Result<bool> hypervisor_guard(const policy::Host& host) {
    xen::Xsm xsm = TRY(xen::Xsm::open());
    if (!TRY(check_hypervisor(xsm, host.policy())).ours) return false;
    TRY(keep_wall(xsm, host));
    return true;
}

} // namespace bulkhead::domain
