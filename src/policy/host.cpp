#include "policy/host.hpp"

#include "base/text.hpp"

namespace bulkhead::policy {
namespace {

Status as_status(const Decision& decision) {
    if (!decision.allowed) return fail(decision.reason);
    return {};
}

// The rule by which a running domain of label `running` keeps `label` out; nullopt: none does.
std::optional<std::string> conflict(const Policy& policy, LabelId running, LabelId label) {
    for (const TypeId theirs : policy.vm_labels()[running].wall.types()) {
        for (const RuleId rule : policy.rules_of(theirs)) {
            const auto mine = policy.rules()[rule].types.first_common(policy.vm_labels()[label].wall);
            if (mine && *mine != theirs)
                return policy.wall_type(theirs) + " and " + policy.wall_type(*mine) + " exclude each other by rule " +
                       policy.rules()[rule].name;
        }
    }
    return std::nullopt;
}

} // namespace

Host::Host(PolicyPtr policy) : policy_(std::move(policy)), domain0_(policy_->bootstrap()), wall_(policy_) {
    wall_.enter(domain0_);
}

Result<LabelId> Host::vm_label(std::string_view name) const {
    if (const auto label = policy_->find_vm_label(name.empty() ? unlabeled : name)) return *label;
    const std::string whose = "policy " + policy_->name() + " " + policy_->version().text();
    if (name.empty()) return fail("the domain has no label, and " + whose + " does not let unlabeled domains run");
    return fail("label '" + printable(name, 64) + "' is not a VM label of " + whose);
}

Decision Host::admission(LabelId label) const {
    const std::string& name = policy_->vm_labels()[label].name;
    if (wall_.admits(label)) return {true, "no running domain excludes " + name};
    if (const auto why = conflict(*policy_, domain0_, label))
        return {false, *why + "; Domain-0 has the label " + policy_->vm_labels()[domain0_].name};
    for (const auto& [id, domain] : domains_) {
        if (const auto why = conflict(*policy_, domain.label, label))
            return {false, *why + "; " + domain.name + " (" + policy_->vm_labels()[domain.label].name + ") is running"};
    }
    return {false, "a running domain excludes " + name};
}

Decision Host::may_start(LabelId label) const {
    Decision authorised = policy_->authorise(domain0_, label);
    if (!authorised.allowed) return authorised;
    Decision admitted = admission(label);
    if (!admitted.allowed) return admitted;
    return {true, authorised.reason + ", and " + admitted.reason};
}

Decision Host::may_use(LabelId label, std::string_view resource) const {
    const std::string what = "resource " + printable(resource, 256);
    const auto found = resource_labels_.find(resource);
    if (found == resource_labels_.end()) {
        if (policy_->unlabeled_resource() == nullptr)
            return {false,
                    what + " has no label, and policy " + policy_->name() + " does not let unlabeled ones be used"};
        Decision decision = policy_->use(label, *policy_->unlabeled_resource());
        decision.reason = what + " has no label: " + decision.reason;
        return decision;
    }
    const ResourceLabel& has = found->second;
    if (has.label == inaccessible) return {false, what + " is labelled " + has.label + ": nobody may use it"};
    if (!has.valid)
        return {false, what + " has the label " + has.label + " of policy " + has.policy +
                           ", which a policy change made invalid; remove it, and label the resource again"};
    if (has.policy != policy_->name())
        return {false, what + " has a label of policy " + has.policy + ", but policy " + policy_->name() +
                           " is in force; remove it, and label the resource again"};
    const auto known = policy_->find_resource_label(has.label);
    if (!known)
        return {false, what + " has the label " + has.label + ", which policy " + has.policy + " does not have"};
    Decision decision = policy_->use(label, policy_->resource_labels()[*known]);
    decision.reason = what + ": " + decision.reason;
    return decision;
}

Decision Host::may_relabel_domain0(LabelId label) const {
    const std::string& name = policy_->vm_labels()[label].name;
    for (const auto& [id, domain] : domains_) {
        const Decision authorised = policy_->authorise(label, domain.label);
        if (!authorised.allowed) return {false, authorised.reason + "; " + domain.name + " is running"};
        if (const auto why = conflict(*policy_, domain.label, label))
            return {false, *why + "; " + domain.name + " (" + policy_->vm_labels()[domain.label].name + ") is running"};
    }
    return {true, "every running domain may run under Domain-0 with the label " + name};
}

Result<LiveDomain*> Host::find(std::string_view id) {
    const auto found = domains_.find(id);
    if (found == domains_.end()) return fail("domain " + printable(id, 64) + " is not running");
    return &found->second;
}

Status Host::start(const std::string& id, std::string name, LabelId label) {
    if (domains_.contains(id)) return fail("domain " + printable(id, 64) + " is running already");
    TRY(as_status(may_start(label)));
    domains_.emplace(id, LiveDomain{std::move(name), label, {}, {}});
    wall_.enter(label);
    return {};
}

void Host::stop(std::string_view id) {
    const auto found = domains_.find(id);
    if (found == domains_.end()) return;
    wall_.leave(found->second.label);
    domains_.erase(found);
    for (auto& [other, domain] : domains_) {
        if (const auto peer = domain.peers.find(id); peer != domain.peers.end()) domain.peers.erase(peer);
    }
}

Status Host::attach(std::string_view id, const std::string& resource) {
    LiveDomain* const domain = TRY(find(id));
    TRY(as_status(may_use(domain->label, resource)));
    domain->resources.insert(resource);
    return {};
}

void Host::detach(std::string_view id, std::string_view resource) {
    const auto domain = find(id);
    if (!domain) return;
    auto& resources = (*domain)->resources;
    if (const auto found = resources.find(resource); found != resources.end()) resources.erase(found);
}

Status Host::connect(std::string_view id, std::string_view peer) {
    LiveDomain* const domain = TRY(find(id));
    const LiveDomain* const other = TRY(find(peer));
    TRY(as_status(policy_->share(domain->label, other->label)));
    domain->peers.emplace(peer);
    return {};
}

void Host::disconnect(std::string_view id, std::string_view peer) {
    const auto domain = find(id);
    if (!domain) return;
    auto& peers = (*domain)->peers;
    if (const auto found = peers.find(peer); found != peers.end()) peers.erase(found);
}

Status Host::relabel_domain0(LabelId expected, LabelId label) {
    if (expected != domain0_)
        return fail("Domain-0 has the label " + policy_->vm_labels()[domain0_].name + ", not " +
                    policy_->vm_labels()[expected].name + "; look again, then repeat");
    TRY(as_status(may_relabel_domain0(label)));
    wall_.leave(domain0_);
    wall_.enter(label);
    domain0_ = label;
    return {};
}

const LiveDomain* Host::user_of(std::string_view resource) const {
    for (const auto& [id, domain] : domains_) {
        if (domain.resources.contains(resource)) return &domain;
    }
    return nullptr;
}

Status Host::label_resource(const std::string& resource, const std::string& label) {
    if (const auto found = resource_labels_.find(resource); found != resource_labels_.end())
        return fail("resource " + printable(resource, 256) + " is already labelled " + found->second.label +
                    "; remove that label first");
    if (label != inaccessible && !policy_->find_resource_label(label))
        return fail("label '" + printable(label, 64) + "' is not a resource label of policy " + policy_->name());
    if (const LiveDomain* const user = user_of(resource))
        return fail("resource " + printable(resource, 256) + " is in use by " + user->name);
    resource_labels_.emplace(resource, ResourceLabel{policy_->name(), label, true});
    return {};
}

Status Host::unlabel_resource(std::string_view resource) {
    const auto found = resource_labels_.find(resource);
    if (found == resource_labels_.end()) return fail("resource " + printable(resource, 256) + " has no label");
    if (const LiveDomain* const user = user_of(resource))
        return fail("resource " + printable(resource, 256) + " is in use by " + user->name);
    resource_labels_.erase(found);
    return {};
}

void Host::adopt(const std::string& id, LiveDomain domain) {
    const auto found = domains_.find(id);
    if (found != domains_.end()) wall_.leave(found->second.label);
    wall_.enter(domain.label);
    domains_.insert_or_assign(id, std::move(domain));
}

void Host::adopt_domain0(LabelId label) {
    wall_.leave(domain0_);
    wall_.enter(label);
    domain0_ = label;
}

void Host::adopt_resource_label(const std::string& resource, ResourceLabel label) {
    resource_labels_.insert_or_assign(resource, std::move(label));
}

void Host::forget_resource_label(std::string_view resource) {
    if (const auto found = resource_labels_.find(resource); found != resource_labels_.end())
        resource_labels_.erase(found);
}

bool Host::operator==(const Host& other) const {
    return policy_ == other.policy_ && domain0_ == other.domain0_ && wall_ == other.wall_ &&
           domains_ == other.domains_ && resource_labels_ == other.resource_labels_;
}

} // namespace bulkhead::policy
