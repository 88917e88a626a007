// Host: a policy and what it governs on one host: Domain-0's label, the live domains and what they use, the labels of
// resources. Decides, and keeps count of what was decided. Holds no Xen state and does no I/O: who starts domains asks
// here first and tells here what became of it.
//
// A Host is a value. What changes it either succeeds, or says why not and leaves it as it was.
#pragma once

#include "base/result.hpp"
#include "policy/policy.hpp"
#include "policy/wall.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace bulkhead::policy {

// A resource's label says which policy's it is. It became invalid (INV_ACM) when an update deleted the label.
struct ResourceLabel {
    std::string policy, label;
    bool valid = true;
    bool operator==(const ResourceLabel&) const = default;
};

struct LiveDomain {
    std::string name; // for messages
    LabelId label = 0;
    std::set<std::string, std::less<>> resources; // keys, as in Host::resource_labels()
    std::set<std::string, std::less<>> peers;     // ids of domains that it shares memory or events with
    bool operator==(const LiveDomain&) const = default;
};

class Host {
public:
    using Domains = std::map<std::string, LiveDomain, std::less<>>;           // by an id that stays, such as the UUID
    using ResourceLabels = std::map<std::string, ResourceLabel, std::less<>>; // by a canonical name

    // Domain-0 gets the bootstrap label; nothing runs and nothing is labelled.
    explicit Host(PolicyPtr policy);

    [[nodiscard]] const PolicyPtr& policy() const { return policy_; }
    [[nodiscard]] LabelId domain0() const { return domain0_; }
    [[nodiscard]] const Domains& domains() const { return domains_; }
    [[nodiscard]] const ResourceLabels& resource_labels() const { return resource_labels_; }
    [[nodiscard]] const Wall& wall() const { return wall_; }

    // The VM label of that name; the empty name is that of a domain without a label, which has __UNLABELED__ if the
    // policy knows it.
    [[nodiscard]] Result<LabelId> vm_label(std::string_view name) const;

    // The running domains, Domain-0 included, let a domain of this label start beside them.
    [[nodiscard]] bool admits(LabelId label) const { return wall_.admits(label); }
    [[nodiscard]] Decision admission(LabelId label) const;
    // Authorisation, then the wall: what start() asks.
    [[nodiscard]] Decision may_start(LabelId label) const;
    // A domain of this label may use the resource, labelled or not.
    [[nodiscard]] Decision may_use(LabelId label, std::string_view resource) const;
    // Every running domain stays authorised, and the wall lets Domain-0 have the label (10.2.7).
    [[nodiscard]] Decision may_relabel_domain0(LabelId label) const;

    // Start, resume, restore and incoming migration; all are the same to the policy. `id` must not be live.
    Status start(const std::string& id, std::string name, LabelId label);
    // Destroyed, saved or migrated away: once Xen has freed the domain, not before.
    void stop(std::string_view id);
    Status attach(std::string_view id, const std::string& resource);
    void detach(std::string_view id, std::string_view resource);
    // Two live domains share memory or events, as a client and its driver domain do.
    Status connect(std::string_view id, std::string_view peer);
    void disconnect(std::string_view id, std::string_view peer);
    // `expected`: the label that the caller believes Domain-0 to have; another one refuses.
    Status relabel_domain0(LabelId expected, LabelId label);
    // Labels a resource that has no label and that no live domain uses; __INACCESSIBLE__ keeps everybody off.
    Status label_resource(const std::string& resource, const std::string& label);
    Status unlabel_resource(std::string_view resource);

    // What is so, whether or not the policy would have it: for who makes a Host of what runs and of what was written
    // down. The domain is counted by the wall; its label is one of the policy's; an id that is there is replaced.
    void adopt(const std::string& id, LiveDomain domain);
    void adopt_domain0(LabelId label);
    void adopt_resource_label(const std::string& resource, ResourceLabel label);
    void forget_resource_label(std::string_view resource);

    bool operator==(const Host& other) const;

private:
    friend struct Updater; // update.cpp makes the next host

    [[nodiscard]] const LiveDomain* user_of(std::string_view resource) const;
    Result<LiveDomain*> find(std::string_view id);

    PolicyPtr policy_;
    LabelId domain0_;
    Wall wall_;
    Domains domains_;
    ResourceLabels resource_labels_;
};

} // namespace bulkhead::policy
