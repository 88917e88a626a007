#include "policy/difference.hpp"

#include "base/text.hpp"
#include "policy/update.hpp"

#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>

namespace bulkhead::policy {
namespace {

using Names = std::vector<std::string>;

TypeChange compare_names(const Names& olds, const Names& nexts) {
    const std::unordered_set<std::string_view> before(olds.begin(), olds.end()), after(nexts.begin(), nexts.end());
    TypeChange change;
    for (const std::string& name : nexts) {
        if (!before.contains(name)) change.added.push_back(name);
    }
    for (const std::string& name : olds) {
        if (!after.contains(name)) change.removed.push_back(name);
    }
    return change;
}

Names texts(const std::vector<Text>& list) {
    Names names;
    for (const Text& text : list) names.push_back(text.text);
    return names;
}

Names rules(const Policy& policy) {
    Names names;
    for (const Policy::Rule& rule : policy.rules()) {
        Names types;
        for (const TypeId type : rule.types.types()) types.push_back(policy.wall_type(type));
        names.push_back(rule.name + ": " + join(types, ", "));
    }
    return names;
}

LabelChanges compare_labels(const std::vector<Label>& olds, const std::vector<Label>& nexts,
                            const std::vector<std::optional<LabelId>>& map) {
    LabelChanges changes;
    std::vector<bool> taken(nexts.size());
    for (LabelId id = 0; id < olds.size(); ++id) {
        if (!map[id]) {
            changes.removed.push_back(olds[id].name.text);
            continue;
        }
        taken[*map[id]] = true;
        const Label& next = nexts[*map[id]];
        LabelChange change = {olds[id].name.text, next.name.text, compare_names(texts(olds[id].ste), texts(next.ste)),
                              compare_names(texts(olds[id].chinese_wall), texts(next.chinese_wall))};
        if (change.from != change.to || change.changes_types()) changes.changed.push_back(std::move(change));
    }
    for (LabelId id = 0; id < nexts.size(); ++id) {
        if (!taken[id]) changes.added.push_back(nexts[id].name.text);
    }
    return changes;
}

nlohmann::ordered_json json_of(const TypeChange& change) {
    return {{"added", change.added}, {"removed", change.removed}};
}

nlohmann::ordered_json json_of(const LabelChanges& changes) {
    auto changed = nlohmann::ordered_json::array();
    for (const LabelChange& change : changes.changed)
        changed.push_back({{"from", change.from},
                           {"to", change.to},
                           {"ste", json_of(change.ste)},
                           {"chinese_wall", json_of(change.wall)}});
    return {{"added", changes.added}, {"removed", changes.removed}, {"changed", std::move(changed)}};
}

nlohmann::ordered_json json_of(const Policy& policy) {
    return {{"name", policy.name()}, {"version", policy.version().text()}};
}

void print(std::string& text, const std::string& what, const TypeChange& change) {
    for (const std::string& name : change.removed) text += "- " + what + " " + name + "\n";
    for (const std::string& name : change.added) text += "+ " + what + " " + name + "\n";
}

void print(std::string& text, const std::string& what, const LabelChanges& changes) {
    for (const std::string& name : changes.removed)
        text += "- " + what + " " + name + " (nothing that has it may be running or in use)\n";
    for (const LabelChange& change : changes.changed) {
        text += "~ " + what + " " + change.from + (change.to == change.from ? "" : " is now " + change.to);
        for (const auto& [kind, types] : {std::pair{"STE", &change.ste}, {"Chinese Wall", &change.wall}}) {
            for (const std::string& name : types->removed) text += std::string(", loses ") + kind + " type " + name;
            for (const std::string& name : types->added) text += std::string(", gains ") + kind + " type " + name;
        }
        text += "\n";
    }
    for (const std::string& name : changes.added) text += "+ " + what + " " + name + "\n";
}

} // namespace

bool LabelChange::changes_types() const {
    return !ste.added.empty() || !ste.removed.empty() || !wall.added.empty() || !wall.removed.empty();
}

Difference compare(const PolicyPtr& old, const PolicyPtr& next) {
    const Document& before = old->document();
    const Document& after = next->document();
    // A host that has just booted: only Domain-0 runs.
    const Update update = prepare_update(Host(old), next);
    Difference difference;
    difference.problems = update.problems;
    difference.ste = compare_names(texts(before.ste), texts(after.ste));
    difference.wall = compare_names(texts(before.chinese_wall), texts(after.chinese_wall));
    difference.rules = compare_names(rules(*old), rules(*next));
    difference.vm = compare_labels(before.vm_labels, after.vm_labels, update.labels.vm);
    difference.resource = compare_labels(before.resource_labels, after.resource_labels, update.labels.resource);
    difference.bootstrap_from = before.bootstrap.text;
    difference.bootstrap_to = after.bootstrap.text;
    return difference;
}

nlohmann::ordered_json difference_json(const Policy& old, const Policy& next, const Difference& difference) {
    auto problems = nlohmann::ordered_json::array();
    for (const Problem& problem : difference.problems)
        problems.push_back({{"line", problem.line}, {"text", problem.text}});
    return {{"from", json_of(old)},
            {"to", json_of(next)},
            {"applicable", difference.problems.empty()},
            {"problems", std::move(problems)},
            {"ste_types", json_of(difference.ste)},
            {"chinese_wall_types", json_of(difference.wall)},
            {"exclusion_rules", json_of(difference.rules)},
            {"vm_labels", json_of(difference.vm)},
            {"resource_labels", json_of(difference.resource)},
            {"bootstrap", {{"from", difference.bootstrap_from}, {"to", difference.bootstrap_to}}}};
}

std::string difference_text(const Policy& old, const Policy& next, const Difference& difference) {
    std::string text;
    print(text, "STE type", difference.ste);
    print(text, "Chinese Wall type", difference.wall);
    print(text, "exclusion rule", difference.rules);
    print(text, "VM label", difference.vm);
    print(text, "resource label", difference.resource);
    if (difference.bootstrap_from != difference.bootstrap_to)
        text += "~ Domain-0 boots as " + difference.bootstrap_to + ", no more as " + difference.bootstrap_from + "\n";
    if (text.empty()) text = "The policies say the same.\n";
    const std::string both =
        old.name() + " " + old.version().text() + " to " + next.name() + " " + next.version().text();
    if (difference.problems.empty())
        return text + "The update from " + both +
               " can be applied, unless a running domain would no longer be allowed what it does.\n";
    text += "The update from " + both + " cannot be applied:\n";
    for (const Problem& problem : difference.problems)
        text += "  " + (problem.line == 0 ? "" : "line " + std::to_string(problem.line) + ": ") + problem.text + "\n";
    return text;
}

} // namespace bulkhead::policy
