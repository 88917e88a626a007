// Policy: a checked policy, ready to decide. Immutable. Sources of the rules: Xen 3 users' manual, chapter 10, and the
// behaviour of Xen 4.1's ACM; docs/policy.md gives them one by one.
#pragma once

#include "base/result.hpp"
#include "policy/document.hpp"
#include "policy/names.hpp"
#include "policy/problems.hpp"
#include "policy/type_set.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulkhead::policy {

using LabelId = std::uint32_t; // an index into vm_labels() or resource_labels(): the document's order
using RuleId = std::uint32_t;  // an index into rules()

// A decision and why, as a sentence for the person who asked.
struct Decision {
    bool allowed = false;
    std::string reason;
};

class Policy {
public:
    struct LabelTypes {
        std::string name;
        TypeSet ste;
        TypeSet wall; // empty for resources
    };
    struct Rule {
        std::string name;
        TypeSet types;
    };

    // The document must have passed check() without an error. Policies are shared: domains and updates refer to them.
    static std::shared_ptr<const Policy> make(Document document);

    [[nodiscard]] const Document& document() const { return document_; }
    [[nodiscard]] const std::string& name() const { return document_.header.name.text; }
    [[nodiscard]] Version version() const { return version_; }
    [[nodiscard]] const std::vector<LabelTypes>& vm_labels() const { return vm_labels_; }
    [[nodiscard]] const std::vector<LabelTypes>& resource_labels() const { return resource_labels_; }
    [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }
    [[nodiscard]] LabelId bootstrap() const { return bootstrap_; } // Domain-0's VM label at boot

    [[nodiscard]] std::optional<LabelId> find_vm_label(std::string_view name) const { return vm_names_.find(name); }
    [[nodiscard]] std::optional<LabelId> find_resource_label(std::string_view name) const {
        return resource_names_.find(name);
    }
    [[nodiscard]] const std::string& ste_type(TypeId type) const { return document_.ste[type].text; }
    [[nodiscard]] const std::string& wall_type(TypeId type) const { return document_.chinese_wall[type].text; }
    [[nodiscard]] std::size_t wall_types() const { return document_.chinese_wall.size(); }
    // The rules that a Chinese Wall type is in.
    [[nodiscard]] std::span<const RuleId> rules_of(TypeId type) const { return rules_of_[type]; }
    // What a resource without a label counts as: the resource label __UNLABELED__, else the VM label of that name, else
    // nullptr: nobody may use it.
    [[nodiscard]] const LabelTypes* unlabeled_resource() const { return unlabeled_resource_; }

    // The decisions. Ids must be of this policy.

    // Two domains may communicate: at least one STE type in common. A label without STE types shares with nobody, not
    // even with itself.
    [[nodiscard]] bool can_share(LabelId a, LabelId b) const { return vm_labels_[a].ste.intersects(vm_labels_[b].ste); }
    [[nodiscard]] Decision share(LabelId a, LabelId b) const;
    // The same between a domain and a resource.
    [[nodiscard]] bool can_use(LabelId domain, const LabelTypes& resource) const {
        return vm_labels_[domain].ste.intersects(resource.ste);
    }
    [[nodiscard]] Decision use(LabelId domain, const LabelTypes& resource) const;
    // The host, through Domain-0's label, is authorised to run the domain: Domain-0 has all of its STE types, and there
    // is one.
    [[nodiscard]] bool can_authorise(LabelId domain0, LabelId domain) const {
        return !vm_labels_[domain].ste.empty() && vm_labels_[domain0].ste.includes(vm_labels_[domain].ste);
    }
    [[nodiscard]] Decision authorise(LabelId domain0, LabelId domain) const;
    // Domains of both labels may run at the same time: no rule has a type of the one and another type of the other.
    [[nodiscard]] bool can_coexist(LabelId a, LabelId b) const;

private:
    // Names to ids; the keys point into the policy's own vectors.
    class Index {
    public:
        void add(std::string_view name, std::uint32_t id) { ids_.emplace(name, id); }
        [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
            const auto found = ids_.find(name);
            return found == ids_.end() ? std::nullopt : std::optional(found->second);
        }

    private:
        std::unordered_map<std::string_view, std::uint32_t> ids_;
    };

    explicit Policy(Document document);
    static Index index(const std::vector<Text>& types);
    static TypeSet intern(const std::vector<Text>& types, const Index& ids);
    static std::vector<LabelTypes> compile(const std::vector<Label>& labels, const Index& ste, const Index& wall);
    [[nodiscard]] Decision share_types(const LabelTypes& a, const LabelTypes& b, const char* kind) const;
    [[nodiscard]] std::string list_ste(const TypeSet& types) const;

    Document document_;
    Version version_;
    std::vector<LabelTypes> vm_labels_, resource_labels_;
    std::vector<Rule> rules_;
    std::vector<std::vector<RuleId>> rules_of_;
    Index vm_names_, resource_names_;
    LabelId bootstrap_ = 0;
    const LabelTypes* unlabeled_resource_ = nullptr;
};

using PolicyPtr = std::shared_ptr<const Policy>;

// From a file's bytes to a policy: read_xml, check, make. Without a policy there is at least one error.
struct Loaded {
    PolicyPtr policy;
    std::vector<Problem> errors, warnings;
};
Loaded load(std::string_view bytes);
// The same for who needs a policy or an error: the message has every problem, a line each.
Result<PolicyPtr> load_or_fail(std::string_view bytes, const std::string& source);

} // namespace bulkhead::policy
