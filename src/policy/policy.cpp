#include "policy/policy.hpp"

#include "base/text.hpp"
#include "policy/check.hpp"
#include "policy/read_xml.hpp"

#include <algorithm>

namespace bulkhead::policy {

Policy::Index Policy::index(const std::vector<Text>& types) {
    Index ids;
    for (TypeId id = 0; id < types.size(); ++id) ids.add(types[id].text, id);
    return ids;
}

TypeSet Policy::intern(const std::vector<Text>& types, const Index& ids) {
    std::vector<TypeId> interned;
    interned.reserve(types.size());
    for (const Text& type : types) interned.push_back(*ids.find(type.text));
    return TypeSet(std::move(interned));
}

std::vector<Policy::LabelTypes> Policy::compile(const std::vector<Label>& labels, const Index& ste, const Index& wall) {
    std::vector<LabelTypes> compiled;
    compiled.reserve(labels.size());
    for (const Label& label : labels)
        compiled.push_back({label.name.text, intern(label.ste, ste), intern(label.chinese_wall, wall)});
    return compiled;
}

Policy::Policy(Document document) : document_(std::move(document)) {
    version_ = parse_version(document_.header.version.text).value_or(Version());
    const Index ste = index(document_.ste);
    const Index wall = index(document_.chinese_wall);
    vm_labels_ = compile(document_.vm_labels, ste, wall);
    resource_labels_ = compile(document_.resource_labels, ste, wall);
    for (LabelId id = 0; id < vm_labels_.size(); ++id) vm_names_.add(vm_labels_[id].name, id);
    for (LabelId id = 0; id < resource_labels_.size(); ++id) resource_names_.add(resource_labels_[id].name, id);
    bootstrap_ = *find_vm_label(document_.bootstrap.text);
    if (const auto resource = find_resource_label(unlabeled)) {
        unlabeled_resource_ = &resource_labels_[*resource];
    } else if (const auto domain = find_vm_label(unlabeled)) {
        unlabeled_resource_ = &vm_labels_[*domain];
    }
    rules_of_.resize(document_.chinese_wall.size());
    rules_.reserve(document_.conflicts.size());
    for (const Conflict& conflict : document_.conflicts) {
        const auto id = static_cast<RuleId>(rules_.size());
        rules_.push_back({conflict.name.text, intern(conflict.types, wall)});
        for (const TypeId type : rules_.back().types.types()) rules_of_[type].push_back(id);
    }
}

PolicyPtr Policy::make(Document document) {
    return PolicyPtr(new Policy(std::move(document)));
}

std::string Policy::list_ste(const TypeSet& types) const {
    constexpr std::size_t shown = 5;
    std::string text;
    for (const TypeId type : types.types()) {
        if (&type - types.types().data() == shown)
            return text + " and " + std::to_string(types.types().size() - shown) + " more";
        text += (text.empty() ? "" : ", ") + ste_type(type);
    }
    return text;
}

Decision Policy::share_types(const LabelTypes& a, const LabelTypes& b, const char* kind) const {
    if (const auto type = a.ste.first_common(b.ste))
        return {true, a.name + " and " + kind + b.name + " share the type " + ste_type(*type)};
    for (const LabelTypes* label : {&a, &b}) {
        if (label->ste.empty())
            return {false, (label == &b ? kind : "") + label->name + " has no STE type, so it shares with nobody"};
    }
    return {false, a.name + " and " + kind + b.name + " have no STE type in common: " + list_ste(a.ste) + " against " +
                       list_ste(b.ste)};
}

Decision Policy::share(LabelId a, LabelId b) const {
    return share_types(vm_labels_[a], vm_labels_[b], "");
}

Decision Policy::use(LabelId domain, const LabelTypes& resource) const {
    return share_types(vm_labels_[domain], resource, "resource label ");
}

Decision Policy::authorise(LabelId domain0, LabelId domain) const {
    const LabelTypes& host = vm_labels_[domain0];
    const LabelTypes& guest = vm_labels_[domain];
    if (guest.ste.empty()) return {false, guest.name + " has no STE type, so nothing can run with it"};
    if (const auto type = host.ste.first_missing(guest.ste))
        return {false, "Domain-0 (" + host.name + ") does not have the type " + ste_type(*type) + " of " + guest.name +
                           ", so this host is not authorised to run it"};
    return {true, "Domain-0 (" + host.name + ") has every type of " + guest.name};
}

bool Policy::can_coexist(LabelId a, LabelId b) const {
    const TypeSet& mine = vm_labels_[a].wall;
    const TypeSet& others = vm_labels_[b].wall;
    for (const TypeId type : mine.types()) {
        for (const RuleId rule : rules_of(type)) {
            // Both labels have at most one type of a rule (check.cpp): any other one of it is in conflict.
            const auto common = rules_[rule].types.first_common(others);
            if (common && *common != type) return false;
        }
    }
    return true;
}

Loaded load(std::string_view bytes) {
    Problems problems;
    std::optional<Document> document = read_xml(bytes, problems);
    if (document) check(*document, problems);
    Loaded loaded;
    loaded.errors = problems.errors();
    loaded.warnings = problems.warnings();
    if (document && problems.none()) loaded.policy = Policy::make(std::move(*document));
    return loaded;
}

Result<PolicyPtr> load_or_fail(std::string_view bytes, const std::string& source) {
    Loaded loaded = load(bytes);
    if (loaded.policy) return std::move(loaded.policy);
    std::vector<std::string> lines;
    for (const Problem& problem : loaded.errors) lines.push_back(format(problem, source));
    return fail(join(lines, "\n"));
}

} // namespace bulkhead::policy
