#include "policy/history.hpp"

#include "base/text.hpp"

namespace bulkhead::policy {

RenameHistory::Changes RenameHistory::compare(const std::vector<Policy::LabelTypes>& olds,
                                              const std::vector<Policy::LabelTypes>& nexts,
                                              const std::vector<std::optional<LabelId>>& map) {
    Changes changes;
    std::set<std::string_view> before;
    for (LabelId id = 0; id < olds.size(); ++id) {
        before.insert(olds[id].name);
        if (!map[id]) {
            changes.deleted.insert(olds[id].name);
        } else if (nexts[*map[id]].name != olds[id].name) {
            changes.renamed.emplace(olds[id].name, nexts[*map[id]].name);
        }
    }
    for (const Policy::LabelTypes& label : nexts) {
        if (!before.contains(label.name)) changes.added.insert(label.name);
    }
    return changes;
}

void RenameHistory::add(const Policy& old, const Policy& next, const LabelMap& labels) {
    if (steps_.size() == steps_max) steps_.erase(steps_.begin());
    steps_.push_back({old.name(), old.version(), compare(old.vm_labels(), next.vm_labels(), labels.vm),
                      compare(old.resource_labels(), next.resource_labels(), labels.resource)});
}

// Follows a label that was given while step `from` was still to come. nullopt: there was no such label then.
std::optional<RenameHistory::Fate> RenameHistory::follow(std::size_t from, std::string_view label, Changes Step::*kind,
                                                         const Known& known) const {
    std::string name(label);
    bool existed = false;
    for (std::size_t i = from; i < steps_.size(); ++i) {
        const Changes& changes = steps_[i].*kind;
        if (changes.deleted.contains(name)) return Fate{std::nullopt};
        if (const auto renamed = changes.renamed.find(name); renamed != changes.renamed.end()) {
            name = renamed->second;
            existed = true;
        } else if (!existed && changes.added.contains(name)) {
            return std::nullopt;
        }
    }
    if (!existed && !known(name)) return std::nullopt;
    return Fate{std::move(name)};
}

Result<std::string> RenameHistory::find(const Policy& active, std::string_view name, std::optional<Version> version,
                                        std::string_view label, Changes Step::*kind, const Known& known) const {
    const std::string what =
        "label " + printable(label, 64) + " of policy " + printable(name, 64) + (version ? " " + version->text() : "");
    std::set<Fate> fates;
    bool is_ours = false;
    for (std::size_t i = 0; i <= steps_.size(); ++i) {
        const std::string& policy = i < steps_.size() ? steps_[i].policy : active.name();
        const Version at = i < steps_.size() ? steps_[i].version : active.version();
        if (policy != name || (version && *version != at)) continue;
        is_ours = true;
        if (auto fate = follow(i, label, kind, known)) fates.insert(std::move(*fate));
    }
    const std::string in_force = "policy " + active.name() + " " + active.version().text();
    if (!is_ours) return fail(what + ": " + in_force + ", which is in force, does not come from that policy");
    if (fates.empty()) return fail(what + ": there was no such label");
    if (fates.size() > 1)
        return fail(what + ": the name meant different labels at different times; label it again under " + in_force);
    if (!fates.begin()->name) return fail(what + ": an update deleted it; label it again under " + in_force);
    return *fates.begin()->name;
}

Result<std::string> RenameHistory::vm_label(const Policy& active, std::string_view name, std::optional<Version> version,
                                            std::string_view label) const {
    return find(active, name, version, label, &Step::vm,
                [&active](std::string_view now) { return active.find_vm_label(now).has_value(); });
}

Result<std::string> RenameHistory::resource_label(const Policy& active, std::string_view name,
                                                  std::optional<Version> version, std::string_view label) const {
    return find(active, name, version, label, &Step::resource,
                [&active](std::string_view now) { return active.find_resource_label(now).has_value(); });
}

} // namespace bulkhead::policy
