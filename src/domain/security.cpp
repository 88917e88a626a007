#include "domain/security.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "config/access_control.hpp"
#include "measure/hash.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::domain {
namespace {

constexpr const char* mode_key = "mode";
constexpr const char* file_key = "file";
constexpr const char* permissive_mode = "permissive";

std::optional<xen::LabelSpec> given(const xen::LabelSpec& label) {
    return label.policy.empty() ? std::nullopt : std::optional(label);
}

// A vif's own label is one of a resource that only this vif is.
std::string vif_resource(const std::string& uuid, const std::string& device) {
    return "vif:" + uuid + ":" + device;
}

} // namespace

std::string policy_digest(const std::string& xml) {
    return to_hex(measure::hash(measure::Bank::sha256, xml));
}

Security::Security(Database& database, std::string audit_file, Held held)
    : store_(database), audit_(std::move(audit_file)), held_(std::move(held)) {}

// ---- from the database ----

void Security::load() {
    if (const Status loaded = load_or_fail(); !loaded) {
        state_ = State::broken;
        why_broken_ = loaded.error().message;
        host_.reset();
        log::error("the mandatory policy cannot be read, so no domain starts: " + why_broken_);
    }
}

Status Security::load_or_fail() {
    permissive_ = TRY(store_.setting(mode_key)) == permissive_mode;
    file_ = TRY(store_.setting(file_key));
    tracked_ = TRY(store_.domains());
    const auto domain0 = tracked_.extract(domain0_uuid);
    domain0_ = domain0 ? domain0.mapped() : Tracked();
    history_ = TRY(store_.renames());
    const std::string boot = TRY(boot_id());
    resources_.clear();
    for (StoredResource& row : TRY(store_.resources())) {
        refresh(row.resource, boot);
        std::string key = row.resource.key;
        resources_.emplace(std::move(key), std::move(row));
    }
    list_labelled();
    const std::optional<StoredPolicy> stored = TRY(store_.policy());
    if (!stored) {
        state_ = State::none;
        return {};
    }
    stored_ = *stored;
    if (policy_digest(stored->xml) != stored->sha256)
        return fail("the policy in the state database is not the one that was put there (its SHA-256 differs); run: "
                    "bulkhead policy reset, then set it again");
    const policy::PolicyPtr policy = TRY(policy::load_or_fail(stored->xml, "the policy in the state database"));
    if (!policy->find_vm_label(stored->domain0))
        return fail("Domain-0's label " + printable(stored->domain0, 64) + " is not one of policy " + policy->name());
    state_ = State::active;
    host_ = make_host(policy);
    return {};
}

policy::Host Security::make_host(const policy::PolicyPtr& policy) const {
    policy::Host host(policy);
    if (const auto domain0 = policy->find_vm_label(stored_.domain0)) host.adopt_domain0(*domain0);
    for (const auto& [key, row] : resources_) host.adopt_resource_label(key, row.label);
    for (const auto& [uuid, domain] : tracked_) {
        if (const auto label = resolve_in(*policy, given(domain.label))) place(host, uuid, domain, *label);
    }
    return host;
}

void Security::list_labelled() {
    labelled_.all.clear();
    for (const auto& [key, row] : resources_) labelled_.all.push_back(row.resource);
    ++labelled_.generation;
}

// ---- the hypervisor ----

void Security::set_hypervisor(Hypervisor hypervisor) {
    hypervisor_ = std::move(hypervisor);
    tell_hypervisor();
}

Result<bool> Security::ask_hypervisor() const {
    if (!hypervisor_ || !host_) return false;
    return hypervisor_(*host_);
}

void Security::tell_hypervisor() const {
    if (const auto told = ask_hypervisor(); !told)
        log::error("the hypervisor does not know of the mandatory policy's present state: " + told.error().message);
}

// ---- who is there ----

void Security::place(policy::Host& host, const std::string& uuid, const Tracked& domain, policy::LabelId label) const {
    if (const auto before = host.domains().find(uuid); before != host.domains().end()) {
        for (const std::string& resource : std::set(before->second.resources)) {
            if (resource.starts_with("vif:")) host.forget_resource_label(resource);
        }
    }
    policy::LiveDomain live{domain.name, label, {}, {}};
    for (const auto& [name, use] : domain.devices) {
        live.resources.insert(use.resources.begin(), use.resources.end());
        if (!use.peer.empty()) live.peers.insert(use.peer);
        if (use.label.policy.empty()) continue;
        const std::string key = vif_resource(uuid, use.device);
        host.adopt_resource_label(key, {use.label.policy, use.label.label, true});
        live.resources.insert(key);
    }
    host.adopt(uuid, std::move(live));
}

void Security::place(const std::string& uuid) {
    if (!host_ || uuid == domain0_uuid) return;
    const auto domain = tracked_.find(uuid);
    const auto label =
        domain == tracked_.end() ? Result<policy::LabelId>(fail("gone")) : resolve(given(domain->second.label));
    if (label) {
        place(*host_, uuid, domain->second, *label);
        return;
    }
    if (const auto before = host_->domains().find(uuid); before != host_->domains().end()) {
        for (const std::string& resource : std::set(before->second.resources)) {
            if (resource.starts_with("vif:")) host_->forget_resource_label(resource);
        }
    }
    host_->stop(uuid);
}

// Made by another toolstack, or the remains of one of ours under the UUID that xen::preserve_domain() gave it: these
// keep their label.
void Security::adopt_stranger(const xen::DomainInfo& domain) {
    Tracked stranger;
    for (const auto& [uuid, other] : tracked_) {
        if (other.domain == domain.id && domain.name.starts_with(other.name + "-")) {
            stranger.label = other.label;
            stranger.devices = other.devices;
        }
    }
    stranger.name = domain.name;
    stranger.domain = domain.id;
    if (const Status written = store_.put(domain.uuid, stranger); !written) log::error(written.error().message);
    tracked_.emplace(domain.uuid, std::move(stranger));
    place(domain.uuid);
    if (state_ != State::active) return;
    const auto label = label_of(domain.uuid);
    audit_.write({"another toolstack", "start", domain.name, domain.uuid,
                  label ? host_->policy()->vm_labels()[*label].name : "", "", label ? "not asked" : "would deny",
                  label ? "it runs already" : "it runs already, but the policy has no label for it"});
}

void Security::reconcile(const Running& running) {
    std::map<std::string_view, const xen::DomainInfo*> there;
    for (const xen::DomainInfo& domain : running) {
        if (domain.id != 0) there.emplace(domain.uuid, &domain);
    }
    bool changed = false;
    for (const auto& [uuid, domain] : there) {
        const auto known = tracked_.find(domain->uuid);
        if (known == tracked_.end()) {
            adopt_stranger(*domain);
            changed = true;
        } else if (known->second.domain != domain->id || known->second.name != domain->name) {
            known->second.domain = domain->id;
            known->second.name = domain->name;
            if (const Status written = store_.put(domain->uuid, known->second); !written)
                log::error(written.error().message);
            place(domain->uuid);
        }
    }
    std::vector<std::string> gone;
    for (const auto& [uuid, domain] : tracked_) {
        if (!there.contains(uuid) && !in_flight_.contains(uuid) && !(held_ && held_(uuid))) gone.push_back(uuid);
    }
    for (const std::string& uuid : gone) {
        tracked_.erase(uuid);
        place(uuid);
        if (const Status dropped = store_.drop_domain(uuid); !dropped) log::error(dropped.error().message);
    }
    if (changed || !gone.empty()) tell_hypervisor();
}

std::vector<std::string> Security::outsiders() const {
    std::vector<std::string> names;
    for (const auto& [uuid, domain] : tracked_) {
        if (host_ && !host_->domains().contains(uuid)) names.push_back(domain.name);
    }
    return names;
}

std::optional<policy::LabelId> Security::label_of(std::string_view uuid) const {
    if (!host_) return std::nullopt;
    if (uuid == domain0_uuid) return host_->domain0();
    const auto found = host_->domains().find(uuid);
    if (found == host_->domains().end()) return std::nullopt;
    return found->second.label;
}

std::optional<Security::Types> Security::types(std::string_view uuid) const {
    const auto label = label_of(uuid);
    if (!label) return std::nullopt;
    const policy::Policy& policy = *host_->policy();
    Types types{policy.vm_labels()[*label].name, {}};
    for (const policy::TypeId type : policy.vm_labels()[*label].ste.types()) types.ste.push_back(policy.ste_type(type));
    return types;
}

std::optional<Security::Types> Security::types(unsigned domain) const {
    if (domain == 0) return types(domain0_uuid);
    for (const auto& [uuid, tracked] : tracked_) {
        if (tracked.domain == domain) return types(uuid);
    }
    return std::nullopt;
}

Result<policy::LabelId> Security::resolve_in(const policy::Policy& policy,
                                             const std::optional<xen::LabelSpec>& label) const {
    const std::string whose = "policy " + policy.name() + " " + policy.version().text();
    if (!label) {
        if (const auto found = policy.find_vm_label(policy::unlabeled)) return *found;
        return fail("VM is not authorized to run: it has no label, and " + whose +
                    " does not let unlabeled domains run");
    }
    std::optional<policy::Version> version;
    if (!label->version.empty()) version = TRY(policy::parse_version(label->version));
    const auto name = history_.vm_label(policy, label->policy, version, label->label);
    if (!name && label->policy != policy.name())
        return fail("Active policy '" + policy.name() + "' different than what in VM's label ('" +
                    printable(label->policy, 64) + "'): " + name.error().message);
    const auto found = name ? policy.find_vm_label(*name) : std::nullopt;
    if (!found)
        return fail("Label '" + printable(label->label, 64) + "' not found" +
                    (name ? " in " + whose : ": " + name.error().message));
    return *found;
}

Result<policy::LabelId> Security::resolve(const std::optional<xen::LabelSpec>& label) const {
    if (!host_) return fail("no policy is in force");
    return resolve_in(*host_->policy(), label);
}

Result<std::optional<xen::LabelSpec>> Security::suspended_label(const std::string& uuid) {
    const std::string text = TRY(store_.setting("suspended " + uuid));
    if (text.empty()) return std::optional<xen::LabelSpec>();
    return std::optional(TRY(config::parse_access_control(text)));
}

Status Security::set_suspended_label(const std::string& uuid, const std::optional<xen::LabelSpec>& label) {
    return store_.set_setting("suspended " + uuid, label ? config::print_access_control(*label) : "");
}

// ---- questions ----

Security::Flight::~Flight() {
    for (const std::string& uuid : domains_) {
        if (const auto found = security_.in_flight_.find(uuid); found != security_.in_flight_.end())
            security_.in_flight_.erase(found);
    }
}

void Security::Flight::failed() {
    for (const Attached& attached : devices_) security_.change_device(attached.uuid, attached.device, attached.before);
    devices_.clear();
}

Tracked* Security::find_tracked(const std::string& uuid) {
    if (uuid == domain0_uuid) return &domain0_;
    const auto domain = tracked_.find(uuid);
    return domain == tracked_.end() ? nullptr : &domain->second;
}

void Security::change_device(const std::string& uuid, const std::string& device, std::optional<DeviceUse> use) {
    Tracked* const domain = find_tracked(uuid);
    if (domain == nullptr) return;
    if (use)
        domain->devices.insert_or_assign(device, std::move(*use));
    else if (domain->devices.erase(device) == 0)
        return;
    if (const Status written = store_.put(uuid, *domain); !written) log::error(written.error().message);
    place(uuid);
}

void Security::detached(const std::string& uuid, const std::string& device) {
    change_device(uuid, device, std::nullopt);
}

void Security::check_devices(const Question& question, policy::LabelId label, std::vector<Check>& found) const {
    for (const DeviceUse& use : question.devices) {
        if (use.device.starts_with("vif ")) {
            check_vif(question, use, label, found);
            continue;
        }
        const std::string kind = use.device.starts_with("pci ")   ? "PCI device"
                                 : use.device.starts_with("vbd ") ? "block device"
                                                                  : "device";
        const std::string denied = "VM's access to " + kind + " '" + use.name + "' denied";
        for (const std::string& resource : use.resources) {
            const auto row = resources_.find(resource);
            const bool invalid = row != resources_.end() && !row->second.label.valid;
            found.push_back(
                {use.device, use.name, resource, host_->may_use(label, resource),
                 invalid ? "Unknown policy type 'INV_ACM' in label for resource '" + resource + "'" : denied});
        }
        if (use.peer.empty()) continue;
        const auto server = label_of(use.peer);
        found.push_back({use.device, use.name, "",
                         server ? host_->policy()->share(label, *server)
                                : policy::Decision{false, "the policy has no label for the domain that serves it"},
                         denied});
    }
}

std::vector<Check> Security::checks(const Question& question) const {
    std::vector<Check> found;
    const auto deny = [&found](const std::string& reason) { found.push_back({"", "", "", {false, reason}, ""}); };
    if (state_ == State::none) return found;
    if (state_ == State::broken || !host_) {
        deny("the mandatory policy cannot be read, so nothing starts: " + why_broken_);
        return found;
    }
    auto label = label_of(question.uuid); // also of one that comes back: it counts as there
    if (question.starts) {
        if (!label) {
            const auto resolved = resolve(question.label);
            if (!resolved) {
                deny(resolved.error().message);
                return found;
            }
            label = *resolved;
        }
        found.push_back(
            {"", "", "", host_->policy()->authorise(host_->domain0(), *label), "VM is not authorized to run"});
        found.push_back({"", "", "", host_->admission(*label), "Domain in conflict set with running domains"});
    } else if (!label) {
        deny("policy " + host_->policy()->name() + " has no label for domain '" + question.name + "', which runs");
        return found;
    }
    check_devices(question, *label, found);
    return found;
}

std::vector<Check> Security::examine(const Question& question, const Running& running) {
    reconcile(running);
    return checks(question);
}

Result<Permit> Security::ask(const Question& question, Flight& flight, const Running& running) {
    reconcile(running);
    if (question.generation != labelled_.generation)
        return fail("labels of resources have changed at this moment; try again", EAGAIN);
    const std::vector<Check> all = checks(question);
    const auto label = label_of(question.uuid);
    const auto resolved = label || !host_ ? Result<policy::LabelId>(fail("")) : resolve(question.label);
    const std::string label_name = label            ? host_->policy()->vm_labels()[*label].name
                                   : resolved       ? host_->policy()->vm_labels()[*resolved].name
                                   : question.label ? question.label->label
                                                    : std::string(policy::unlabeled);
    const bool pass = permissive_ && state_ == State::active;
    const Check* refusal = nullptr;
    for (const Check& check : all) {
        if (!check.decision.allowed && refusal == nullptr) refusal = &check;
        audit_.write({flight.who_, question.verb, question.name, question.uuid, label_name,
                      check.resource.empty() ? check.device : check.resource,
                      check.decision.allowed ? "allow"
                      : pass                 ? "would deny"
                                             : "deny",
                      check.decision.allowed ? check.decision.reason : check.text()});
    }
    if (refusal != nullptr && !pass) return fail(refusal->text(), EACCES);
    TRY(track(question, flight));
    Permit answer = permit(question);
    if (TRY(context(ask_hypervisor(), "the hypervisor, which enforces the policy, too, could not be told")) &&
        question.starts) {
        if (const auto placed = types(question.uuid)) answer.hypervisor_label = placed->label;
    }
    return answer;
}

// Written down, then counted.
Status Security::track(const Question& question, Flight& flight) {
    const bool domain0 = question.uuid == domain0_uuid;
    const Tracked* const known = find_tracked(question.uuid);
    Tracked next = known == nullptr ? Tracked() : *known;
    if (question.starts) {
        next.name = question.name;
        next.devices.clear();
        const auto label = label_of(question.uuid);
        const auto resolved = label ? Result<policy::LabelId>(*label) : resolve(question.label);
        if (host_ && resolved) {
            const policy::Policy& policy = *host_->policy();
            next.label = {policy.name(), policy.vm_labels()[*resolved].name, policy.version().text()};
        } else if (state_ != State::active || !label) {
            next.label = question.label.value_or(xen::LabelSpec());
        }
    } else if (known == nullptr) {
        return fail("domain '" + question.name + "' does not run", ESRCH);
    }
    std::vector<Flight::Attached> attached;
    for (const DeviceUse& use : question.devices) {
        if (domain0 && !use.device.starts_with("vif ")) continue;
        const auto before = next.devices.find(use.device);
        attached.push_back(
            {question.uuid, use.device, before == next.devices.end() ? std::nullopt : std::optional(before->second)});
        next.devices.insert_or_assign(use.device, named_now(use));
    }
    TRY(store_.put(question.uuid, next));
    if (domain0)
        domain0_ = std::move(next);
    else
        tracked_.insert_or_assign(question.uuid, std::move(next));
    place(question.uuid);
    if (question.starts) {
        in_flight_.insert(question.uuid);
        flight.domains_.push_back(question.uuid);
    } else {
        flight.devices_.insert(flight.devices_.end(), attached.begin(), attached.end());
    }
    return {};
}

} // namespace bulkhead::domain
