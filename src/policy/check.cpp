#include "policy/check.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "policy/names.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace bulkhead::policy {
namespace {

constexpr std::size_t combinations_max = std::size_t{2} << 20; // of labels' types with the rules that they are in

using TypeLines = std::unordered_map<std::string_view, unsigned>; // a declared type and where it was declared

class Checker {
public:
    Checker(const Document& document, Problems& problems) : document_(document), problems_(problems) {}

    void run() {
        check_header();
        const TypeLines ste = declare("STE", document_.ste);
        const TypeLines wall = declare("Chinese Wall", document_.chinese_wall);
        check_conflicts(wall);
        check_labels("VM label", document_.vm_labels, ste, wall);
        check_labels("resource label", document_.resource_labels, ste, wall);
        check_bootstrap();
        if (document_.header.name.text == default_policy) check_default();
    }

private:
    void add(const Status& status, unsigned line, const std::string& where = {}) {
        if (!status) problems_.error(line, where + status.error().message);
    }

    // An element that is missing altogether was reported by the schema.
    static bool is_missing(const Text& element) { return element.line == 0 && element.text.empty(); }

    void check_name(const Text& name, const std::string& where) {
        if (!is_missing(name)) add(check_policy_name(name.text), name.line, where);
    }

    void check_version(const Text& version, const std::string& where) {
        if (is_missing(version)) return;
        const auto parsed = parse_version(version.text);
        if (!parsed) problems_.error(version.line, where + parsed.error().message);
    }

    void check_header() {
        const Header& header = document_.header;
        check_name(header.name, "PolicyName: ");
        check_version(header.version, "Version: ");
        if (!header.from) return;
        check_name(header.from->name, "FromPolicy: ");
        check_version(header.from->version, "FromPolicy: ");
    }

    TypeLines declare(const std::string& component, const std::vector<Text>& types) {
        TypeLines declared;
        declared.reserve(types.size());
        for (const Text& type : types) {
            add(check_type_name(type.text), type.line, component + " type: ");
            const auto [first, is_new] = declared.emplace(type.text, type.line);
            if (!is_new)
                problems_.error(type.line, component + " type " + type.text + " is declared twice, first in line " +
                                               std::to_string(first->second));
        }
        return declared;
    }

    // Types listed in a label or a conflict set: declared, and each once. Returns how many different ones.
    std::size_t check_list(const std::string& where, const char* component, const std::vector<Text>& types,
                           const TypeLines& declared) {
        constexpr std::size_t few = 8; // most lists have one or two: comparing is faster than a set
        std::unordered_set<std::string_view> seen;
        std::size_t different = 0;
        for (std::size_t i = 0; i < types.size(); ++i) {
            const Text& type = types[i];
            if (!declared.contains(type.text)) {
                problems_.error(type.line, where + ": " + component + " type '" + printable(type.text, 64) +
                                               "' is not declared" + suggestion(type.text, declared));
            }
            const auto end = types.begin() + static_cast<std::ptrdiff_t>(i);
            const bool is_new =
                types.size() <= few ? std::find(types.begin(), end, type) == end : seen.insert(type.text).second;
            if (is_new) {
                ++different;
            } else {
                problems_.error(type.line,
                                where + ": " + component + " type " + printable(type.text, 64) + " is listed twice");
            }
        }
        return different;
    }

    // For some mistakes with short names: comparing takes time, and a hostile file has as many as it likes.
    std::string suggestion(const std::string& typed, const TypeLines& declared) {
        constexpr std::size_t few = 100;
        if (declared.size() > few || typed.size() > few || suggestions_ == few) return {};
        ++suggestions_;
        std::vector<std::string> names;
        for (const auto& [name, line] : declared) names.emplace_back(name);
        std::sort(names.begin(), names.end());
        return did_you_mean(typed, names);
    }

    void check_conflicts(const TypeLines& wall) {
        for (std::size_t i = 0; i < document_.conflicts.size(); ++i) {
            const Conflict& conflict = document_.conflicts[i];
            if (conflict.name.text.empty()) problems_.error(conflict.name.line, "a conflict set has no name");
            if (conflict.name.text.size() > name_max ||
                !std::all_of(conflict.name.text.begin(), conflict.name.text.end(),
                             [](char c) { return c >= ' ' && c < 0x7f; }))
                problems_.error(conflict.name.line,
                                "the conflict set's name is not printable ASCII of at most 255 characters");
            const std::string where = "conflict set '" + printable(conflict.name.text, 64) + "'";
            if (check_list(where, "Chinese Wall", conflict.types, wall) < 2)
                problems_.error(conflict.name.line, where + " has fewer than two types, so it excludes nothing");
            for (const Text& type : conflict.types) rules_of_[type.text].push_back(i);
        }
    }

    // "It is illegal to define labels including conflicting Chinese Wall types" (Xen 3 users' manual, 10.3.3).
    void check_exclusion(const std::string& where, const Label& label) {
        taken_.resize(document_.conflicts.size());
        for (const Text& type : label.chinese_wall) {
            const auto rules = rules_of_.find(type.text);
            if (rules == rules_of_.end() || combinations_ > combinations_max) continue;
            combinations_ += rules->second.size();
            if (combinations_ > combinations_max) {
                problems_.error(type.line, "the labels' Chinese Wall types are in too many conflict sets altogether");
                return;
            }
            for (const std::size_t rule : rules->second) {
                Taken& taken = taken_[rule];
                if (taken.by != &label) {
                    taken = {&label, type.text};
                } else if (taken.type != type.text) {
                    problems_.error(type.line, where + " has the types " + std::string(taken.type) + " and " +
                                                   type.text + ", which exclude each other by rule " +
                                                   printable(document_.conflicts[rule].name.text, 64));
                }
            }
        }
    }

    void check_labels(const std::string& kind, const std::vector<Label>& labels, const TypeLines& ste,
                      const TypeLines& wall) {
        std::unordered_map<std::string_view, const Label*> named, from;
        named.reserve(labels.size());
        for (const Label& label : labels) {
            add(check_label_name(label.name.text), label.name.line, kind + ": ");
            const std::string where = kind + " " + printable(label.name.text, 64);
            const auto [first, is_new] = named.emplace(label.name.text, &label);
            if (!is_new && !label.name.text.empty())
                problems_.error(label.name.line,
                                where + " is defined twice, first in line " + std::to_string(first->second->name.line));
            check_list(where, "STE", label.ste, ste);
            check_list(where, "Chinese Wall", label.chinese_wall, wall);
            check_exclusion(where, label);
            if (label.ste.empty())
                problems_.warning(label.name.line, where + " has no STE type: nothing can run or be used with it");
        }
        for (const Label& label : labels) {
            if (label.from) check_from(kind + " " + printable(label.name.text, 64), label, named, from);
        }
    }

    void check_from(const std::string& where, const Label& label,
                    const std::unordered_map<std::string_view, const Label*>& named,
                    std::unordered_map<std::string_view, const Label*>& from) {
        const Text& old = *label.from;
        add(check_label_name(old.text), old.line, where + ": from: ");
        if (old.text != label.name.text && (old.text == unlabeled || label.name.text == unlabeled))
            problems_.error(old.line, where + ": " + std::string(unlabeled) +
                                          " is what has no label; a label cannot be renamed to or from it");
        const auto [first, is_new] = from.emplace(old.text, &label);
        if (!is_new)
            problems_.error(old.line, where + ": the label " + first->second->name.text + " comes from " +
                                          printable(old.text, 64) + " as well");
        const auto still = named.find(old.text);
        if (still != named.end() && still->second != &label && !still->second->from)
            problems_.error(old.line, where + ": comes from " + printable(old.text, 64) +
                                          ", but a label of that name is still there, in line " +
                                          std::to_string(still->second->name.line) +
                                          "; give that one a from= as well, or another name");
    }

    void check_bootstrap() {
        const std::string& bootstrap = document_.bootstrap.text;
        if (document_.vm_labels.empty()) {
            problems_.error(0, "there are no VM labels, but Domain-0 needs one");
            return;
        }
        const auto is_it = [&bootstrap](const Label& label) { return label.name.text == bootstrap; };
        if (std::any_of(document_.vm_labels.begin(), document_.vm_labels.end(), is_it)) return;
        problems_.error(document_.bootstrap.line,
                        "the bootstrap label '" + printable(bootstrap, 64) + "' is not a VM label of this policy");
    }

    // The name is reserved for what is in force before, and after, any policy: it must not be able to run workloads.
    void check_default() {
        const auto foreign = [](const Label& label) {
            return label.name.text != system_management && label.name.text != unlabeled;
        };
        if (std::any_of(document_.vm_labels.begin(), document_.vm_labels.end(), foreign) ||
            !document_.conflicts.empty())
            problems_.error(document_.header.name.line,
                            "PolicyName: DEFAULT is reserved for the policy that knows only SystemManagement and "
                            "__UNLABELED__; choose another name");
    }

    struct Taken {
        const Label* by = nullptr; // the label that was looked at last and has a type of the rule,
        std::string_view type;     // this one
    };

    const Document& document_;
    Problems& problems_;
    std::vector<Taken> taken_;                                                // by conflict set
    std::unordered_map<std::string_view, std::vector<std::size_t>> rules_of_; // conflict sets that a type is in
    std::size_t combinations_ = 0, suggestions_ = 0;                          // counted against their limits
};

} // namespace

void check(const Document& document, Problems& problems) {
    Checker(document, problems).run();
}

} // namespace bulkhead::policy
