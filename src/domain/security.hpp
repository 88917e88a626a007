// Security: the mandatory policy of this host and what it governs, in the daemon. It alone decides, one question after
// the other, and writes down what it allowed before the worker acts. docs/policy.md has the rules, policy/ computes
// them.
//
// A domain counts from the question that let it start until Xen has freed it, and as long as bulkheadd means to bring
// it back. Domains of other toolstacks count as __UNLABELED__.
#pragma once

#include "base/result.hpp"
#include "domain/audit.hpp"
#include "domain/labelled.hpp"
#include "domain/security_question.hpp"
#include "domain/security_store.hpp"
#include "policy/host.hpp"
#include "policy/update.hpp"
#include "xen/domain.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::domain {

// What became of a change that somebody asked for. Codes: docs/policy-requests.md.
struct Outcome {
    int code = 0; // 0: done
    std::string reason;
    std::vector<policy::Problem> problems;
    [[nodiscard]] bool done() const { return code == 0; }
};

// One of the things that must be allowed before a question is answered with yes.
struct Check {
    std::string device;   // as DeviceUse; empty: the domain itself
    std::string name;     // of the device, as people wrote it
    std::string resource; // canonical
    policy::Decision decision;
    std::string refusal; // Xen 4.1's words for its denial
    [[nodiscard]] std::string text() const {
        return refusal.empty() ? decision.reason : refusal + ": " + decision.reason;
    }
};

class Security {
public:
    enum class State {
        none,   // no policy is in force: everything starts
        active, // it decides
        broken, // there is one, but it cannot be read or is not what was written: nothing starts
    };
    using Running = std::vector<xen::DomainInfo>;
    using Held = std::function<bool(const std::string& uuid)>;

    // `held`: one of ours, also while it is down. `database` must outlive it.
    Security(Database& database, std::string audit_file, Held held);
    // From the database; what cannot be read there is State::broken, with the reason.
    void load();

    // ---- questions ----

    // A hypervisor that enforces the policy, too (flask_guard.hpp). It is told who runs, whenever that has changed, and
    // before a domain starts. True: it does enforce this policy, so that domains need its labels.
    using Hypervisor = std::function<Result<bool>(const policy::Host& host)>;
    void set_hypervisor(Hypervisor hypervisor);

    // The worker that asks: what it was allowed counts while it lives, and afterwards if Xen says so.
    class Flight {
    public:
        Flight(Security& security, std::string who) : security_(security), who_(std::move(who)) {}
        ~Flight();
        Flight(const Flight&) = delete;
        Flight& operator=(const Flight&) = delete;
        // The worker failed, and nothing is left of the devices that it was to attach.
        void failed();

    private:
        friend class Security;
        Security& security_;
        std::string who_;
        std::vector<std::string> domains_; // UUIDs that it starts
        struct Attached {
            std::string uuid, device;
            std::optional<DeviceUse> before; // what the drive held
        };
        std::vector<Attached> devices_;
    };
    std::shared_ptr<Flight> fly(std::string who) { return std::make_shared<Flight>(*this, std::move(who)); }
    // Allowed and written down, or the reason why not. `running`: as Xen has them now.
    Result<Permit> ask(const Question& question, Flight& flight, const Running& running);
    // The same without doing it.
    std::vector<Check> examine(const Question& question, const Running& running);
    // The device has gone.
    void detached(const std::string& uuid, const std::string& device);

    // ---- state ----

    [[nodiscard]] State state() const { return state_; }
    // Counts changes of the policy and of labels of domains that run.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    [[nodiscard]] const std::string& why_broken() const { return why_broken_; }
    [[nodiscard]] bool permissive() const { return permissive_; }
    [[nodiscard]] const policy::Host* host() const { return host_ ? &*host_ : nullptr; } // only when active
    [[nodiscard]] const StoredPolicy& stored() const { return stored_; }
    [[nodiscard]] const std::string& file() const { return file_; } // that the policy was read from
    [[nodiscard]] const std::map<std::string, Tracked>& tracked() const { return tracked_; }
    [[nodiscard]] const LabelledSet& labelled() const { return labelled_; }
    [[nodiscard]] const Audit& audit() const { return audit_; }
    // Domains come and go without asking (other toolstacks; ends): call it before looking at domains.
    void reconcile(const Running& running);
    // Domains that run although the policy has no label for them.
    [[nodiscard]] std::vector<std::string> outsiders() const;

    // For enforcement elsewhere: the label and the STE types, by name, of a domain that runs or is being made; Domain-0
    // by its UUID. nullopt: no policy is in force, or it has no label for the domain, which then shares with nobody.
    struct Types {
        std::string label;
        std::vector<std::string> ste;
    };
    [[nodiscard]] std::optional<Types> types(std::string_view uuid) const;
    [[nodiscard]] std::optional<Types> types(unsigned domain) const; // by domid, as last reconciled
    // What the vifs of a domain that runs, or Domain-0's own, carry, by their devices ("vif 0"). None when no policy is
    // in force or it has no label for the domain.
    using VifTypes = std::map<std::string, std::vector<std::string>>;
    [[nodiscard]] VifTypes vif_types(const std::string& uuid) const;

    // The label as the active policy calls it now; an error in Xen 4.1's words.
    Result<policy::LabelId> resolve(const std::optional<xen::LabelSpec>& label) const;

    // A domain that is suspended may get another label, which counts instead of its image's.
    Result<std::optional<xen::LabelSpec>> suspended_label(const std::string& uuid);
    Status set_suspended_label(const std::string& uuid, const std::optional<xen::LabelSpec>& label);

    // ---- changes ----

    // `look`: only say what would happen.
    Outcome set_policy(const std::string& xml, const std::string& file, const Running& running, const std::string& who,
                       bool look);
    Outcome reset(const Running& running, const std::string& who);
    Status set_permissive(bool permissive, const std::string& who);
    Outcome relabel_domain0(const std::string& expected, const std::string& label, const Running& running,
                            const std::string& who);
    // One that runs. `expected` may be empty.
    Outcome relabel(const std::string& uuid, const std::string& expected, const std::string& label,
                    const Running& running, const std::string& who);
    // For the log: the label of a domain that does not run was changed.
    void note(const std::string& who, const std::string& domain, const std::string& label);
    // The labelled resource that is the same thing; nullptr: none.
    [[nodiscard]] const StoredResource* find(const Labelled& resource) const;
    [[nodiscard]] const std::map<std::string, StoredResource>& resources() const { return resources_; }
    Outcome label_resource(const Labelled& resource, const std::string& label, const std::string& who);
    Outcome unlabel_resource(const Labelled& resource, const std::string& who);

private:
    Status load_or_fail();
    // A host under `policy` with what is tracked; what cannot be placed is left out.
    [[nodiscard]] policy::Host make_host(const policy::PolicyPtr& policy) const;
    void place(const std::string& uuid);
    void place(policy::Host& host, const std::string& uuid, const Tracked& domain, policy::LabelId label) const;
    void adopt_stranger(const xen::DomainInfo& domain);
    [[nodiscard]] std::optional<policy::LabelId> label_of(std::string_view uuid) const;
    std::vector<Check> checks(const Question& question) const;
    void check_devices(const Question& question, policy::LabelId label, std::vector<Check>& found) const;
    void check_vif(const Question& question, const DeviceUse& use, policy::LabelId label,
                   std::vector<Check>& found) const;
    Status track(const Question& question, Flight& flight);
    [[nodiscard]] Permit permit(const Question& question) const;
    [[nodiscard]] std::vector<std::string> carried(const Types& domain, const DeviceUse& vif) const;
    [[nodiscard]] DeviceUse named_now(DeviceUse use) const;
    [[nodiscard]] Result<policy::LabelId> resolve_in(const policy::Policy& policy,
                                                     const std::optional<xen::LabelSpec>& label) const;
    Tracked* find_tracked(const std::string& uuid);
    void change_device(const std::string& uuid, const std::string& device, std::optional<DeviceUse> use);
    // Writes the audit's line, and gives the outcome back.
    Outcome told(Outcome outcome, const std::string& who, const std::string& verb, const std::string& domain,
                 const std::string& label, const std::string& resource);
    Outcome take_first(const policy::PolicyPtr& next, std::optional<policy::Host>& host) const;
    Outcome update(const policy::PolicyPtr& next, std::optional<policy::Host>& host,
                   policy::RenameHistory& history) const;
    Outcome commit(policy::Host host, const std::string& xml, const std::string& file,
                   const policy::RenameHistory* history);
    [[nodiscard]] std::string user_of(const Labelled& resource) const;
    void list_labelled();
    [[nodiscard]] Result<bool> ask_hypervisor() const;
    void tell_hypervisor() const;

    SecurityStore store_;
    Audit audit_;
    Held held_;
    State state_ = State::broken;
    std::uint64_t changes_ = 0;
    std::string why_broken_ = "it has not been read yet";
    bool permissive_ = false;
    StoredPolicy stored_;
    std::string file_;
    std::optional<policy::Host> host_;
    policy::RenameHistory history_;
    std::map<std::string, StoredResource> resources_; // by key
    LabelledSet labelled_;
    std::map<std::string, Tracked> tracked_; // by UUID; not Domain-0
    Tracked domain0_;                        // its vifs; nothing else of it
    std::multiset<std::string> in_flight_;
    Hypervisor hypervisor_;
};

// Everything that its domains use or share with in a way that it does not allow.
std::vector<policy::Problem> forbidden_uses(const policy::Host& host);

// Of the policy's text, hexadecimal.
std::string policy_digest(const std::string& xml);

} // namespace bulkhead::domain
