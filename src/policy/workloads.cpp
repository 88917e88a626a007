#include "policy/workloads.hpp"

#include "base/text.hpp"
#include "policy/check.hpp"
#include "policy/names.hpp"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace bulkhead::policy {
namespace {

class Translator {
public:
    Translator(const Workloads& workloads, Problems& problems) : workloads_(workloads), problems_(problems) {}

    Document run(const std::string& policy_name, const std::string& date) {
        document_.header.name = {policy_name, 1}; // a line, so that it is checked
        document_.header.version = {"1.0", 1};
        document_.header.date = date;
        document_.primary = Primary::chinese_wall;
        document_.has_ste = document_.has_chinese_wall = true;
        document_.bootstrap = {std::string(system_management), 0};
        add_type({std::string(system_management), 0}, nullptr);
        for (const Organisation& organisation : workloads_.organisations) add(organisation);
        document_.vm_labels.front().ste = document_.ste;
        for (const Exclusion& exclusion : workloads_.exclusions) add(exclusion);
        return std::move(document_);
    }

private:
    // A type with its two labels; `organisation` is the one that it is a department of.
    void add_type(const Text& type, const Text* organisation) {
        document_.ste.push_back(type);
        document_.chinese_wall.push_back(type);
        Label label = {type, std::nullopt, {type}, {type}};
        if (organisation != nullptr) label.chinese_wall.insert(label.chinese_wall.begin(), *organisation);
        document_.vm_labels.push_back(std::move(label));
        document_.resource_labels.push_back({type, std::nullopt, {type}, {}});
        organisation_of_.emplace(type.text, organisation == nullptr ? "" : organisation->text);
    }

    // Each name of its siblings' once, and such that it can be a type's; what does not pass is left out.
    bool check(const Text& name, const std::string& what, std::unordered_set<std::string>& siblings) {
        const Status allowed = check_label_name(name.text);
        if (!allowed) problems_.error(name.line, what + ": " + allowed.error().message);
        const bool is_new = siblings.insert(name.text).second;
        if (allowed && !is_new) problems_.error(name.line, what + " " + name.text + " is there twice");
        if (name.text == system_management)
            problems_.error(name.line, what + ": " + name.text + " is Domain-0's; choose another name");
        return allowed && is_new && name.text != system_management;
    }

    void add(const Organisation& organisation) {
        if (!check(organisation.name, "organisation", organisations_)) return;
        add_type(organisation.name, nullptr);
        std::unordered_set<std::string> departments;
        for (const Text& department : organisation.departments) {
            if (organisation.name.text == unlabeled) {
                problems_.error(department.line, std::string(unlabeled) + " cannot have departments");
                return;
            }
            const std::string what = "organisation " + organisation.name.text + ": department";
            if (!check(department, what, departments)) continue;
            const Text type = {organisation.name.text + "." + department.text, department.line};
            if (organisation_of_.contains(type.text)) {
                problems_.error(department.line, what + ": there is a workload " + type.text + " already");
            } else {
                add_type(type, &organisation.name);
            }
        }
    }

    void add(const Exclusion& exclusion) {
        const std::string name = exclusion.name.text.empty() ? "RER" : exclusion.name.text;
        const std::string what = "exclusion rule '" + printable(name, 64) + "'";
        Conflict conflict = {{name, exclusion.name.line}, {}};
        std::unordered_set<std::string_view> members;
        bool good = true;
        for (const Text& type : exclusion.types) {
            if (!members.insert(type.text).second) continue; // ezPolicy asks, and takes one of them
            if (!organisation_of_.contains(type.text) || type.text == system_management) {
                problems_.error(type.line, what + ": there is no organisation or department '" +
                                               printable(type.text, 64) +
                                               "'; a department is written ORGANISATION.DEPARTMENT");
                good = false;
            }
            conflict.types.push_back(type);
        }
        for (const Text& type : conflict.types) {
            const auto organisation = organisation_of_.find(type.text);
            if (organisation == organisation_of_.end() || !members.contains(organisation->second)) continue;
            problems_.error(type.line, what + ": the organisation " + organisation->second + " and its department " +
                                           type.text + " cannot exclude each other");
            good = false;
        }
        if (conflict.types.size() < 2) {
            problems_.warning(exclusion.name.line, what + " has fewer than two members, so it is left out");
        } else if (good) {
            document_.conflicts.push_back(std::move(conflict));
        }
    }

    const Workloads& workloads_;
    Problems& problems_;
    Document document_;
    std::unordered_set<std::string> organisations_;
    std::unordered_map<std::string, std::string> organisation_of_; // of each type; empty for an organisation's own
};

} // namespace

Document translate(const Workloads& workloads, const std::string& policy_name, const std::string& date,
                   Problems& problems) {
    Document document = Translator(workloads, problems).run(policy_name, date);
    if (problems.none()) check(document, problems);
    return document;
}

} // namespace bulkhead::policy
