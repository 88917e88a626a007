// RenameHistory: what a label of an earlier policy is called now. A saved domain, or a configuration, carries the label
// of its time; Xen's tools forgot the renames, so that such a domain could not be restored.
#pragma once

#include "base/result.hpp"
#include "policy/policy.hpp"
#include "policy/update.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::policy {

class RenameHistory {
public:
    static constexpr std::size_t steps_max = 1000; // the oldest are forgotten

    // One update, so that it can be written down.
    struct Changes {
        std::map<std::string, std::string, std::less<>> renamed;
        std::set<std::string, std::less<>> deleted, added;
        bool operator==(const Changes&) const = default;
    };
    struct Step {
        std::string policy; // the old one's name
        Version version;
        Changes vm, resource;
        bool operator==(const Step&) const = default;
    };

    // `next` took old's place; `labels` is map_labels(old, next).
    void add(const Policy& old, const Policy& next, const LabelMap& labels);

    // The name that `active` has for a label which was given under policy `name`, of that version if it is known. The
    // label may have had its name at different times for different things: unless all of them are one label now, an
    // error says so. An error also if the label was deleted, or if active does not come from such a policy.
    Result<std::string> vm_label(const Policy& active, std::string_view name, std::optional<Version> version,
                                 std::string_view label) const;
    Result<std::string> resource_label(const Policy& active, std::string_view name, std::optional<Version> version,
                                       std::string_view label) const;

    [[nodiscard]] std::size_t steps() const { return steps_.size(); }
    [[nodiscard]] const std::vector<Step>& all() const { return steps_; } // in the order of time
    void restore(std::vector<Step> steps) { steps_ = std::move(steps); }

private:
    static Changes compare(const std::vector<Policy::LabelTypes>& olds, const std::vector<Policy::LabelTypes>& nexts,
                           const std::vector<std::optional<LabelId>>& map);
    struct Fate {
        std::optional<std::string> name; // nullopt: deleted
        auto operator<=>(const Fate&) const = default;
    };
    using Known = std::function<bool(std::string_view)>; // the active policy has a label of that name
    [[nodiscard]] std::optional<Fate> follow(std::size_t from, std::string_view label, Changes Step::*kind,
                                             const Known& known) const;
    Result<std::string> find(const Policy& active, std::string_view name, std::optional<Version> version,
                             std::string_view label, Changes Step::*kind, const Known& known) const;

    std::vector<Step> steps_; // in the order of time
};

} // namespace bulkhead::policy
