#include "policy/dialog.hpp"

#include "base/text.hpp"
#include "policy/names.hpp"

namespace bulkhead::policy {
namespace {

std::vector<Text> by_commas(const std::string& answer) {
    std::vector<Text> parts;
    for (const std::string_view part : split(answer, ',')) {
        if (const std::string_view name = trim(part); !name.empty()) parts.push_back({std::string(name), 0});
    }
    return parts;
}

class Dialog {
public:
    explicit Dialog(const Terminal& terminal) : terminal_(terminal) {}

    Result<NamedWorkloads> run(std::string name) {
        name_ = std::move(name);
        while (!good_name()) name_ = TRY(ask("Name of the policy: "));
        TRY(ask_unlabeled());
        for (;;) {
            const std::string organisation = TRY(ask("Organisation (nothing: no more): "));
            if (organisation.empty()) break;
            TRY(ask_organisation(organisation));
        }
        terminal_.say("Rules: of the workloads in one, only one may run at a time.");
        for (;;) {
            const std::string types = TRY(ask("Workloads that exclude each other, by commas (nothing: no more): "));
            if (types.empty()) break;
            TRY(ask_exclusion(types));
        }
        return NamedWorkloads{name_, workloads_};
    }

private:
    Result<std::string> ask(const std::string& question) {
        const auto answer = terminal_.ask(question);
        if (!answer) return fail("the answers ended at the question \"" + std::string(trim(question)) + "\"");
        return std::string(trim(*answer));
    }

    bool good_name() {
        if (name_.empty()) return false;
        const Status good = check_policy_name(name_);
        if (!good) {
            terminal_.say(good.error().message);
        } else if (name_ == default_policy) {
            terminal_.say("DEFAULT is reserved; choose another name");
        }
        return good && name_ != default_policy;
    }

    Status ask_unlabeled() {
        for (;;) {
            const std::string answer = TRY(ask("May domains without a label run? [Y/n] "));
            if (answer == "n" || answer == "N" || answer == "no") return {};
            if (!answer.empty() && answer != "y" && answer != "Y" && answer != "yes") continue;
            workloads_.organisations.push_back({{std::string(unlabeled), 0}, {}});
            return {};
        }
    }

    // Keeps the change if the workloads still make a policy; says why not otherwise.
    bool keep(Workloads changed) {
        Problems problems;
        (void)translate(changed, name_, "", problems);
        for (const auto& list : {problems.errors(), problems.warnings()}) {
            for (const Problem& problem : list) terminal_.say(problem.text);
            if (!list.empty()) return false;
        }
        workloads_ = std::move(changed);
        return true;
    }

    Status ask_organisation(const std::string& name) {
        Workloads with = workloads_;
        with.organisations.push_back({{name, 0}, {}});
        if (!keep(with)) return {};
        for (;;) {
            const auto departments = by_commas(TRY(ask("Departments of " + name + ", by commas (nothing: none): ")));
            with.organisations.back().departments = departments;
            if (keep(with)) return {};
        }
    }

    Status ask_exclusion(const std::string& types) {
        Workloads with = workloads_;
        with.exclusions.push_back({{}, by_commas(types)});
        if (!keep(with)) return {};
        for (;;) {
            with.exclusions.back().name.text = TRY(ask("Name of the rule [RER]: "));
            if (keep(with)) return {};
        }
    }

    const Terminal& terminal_;
    std::string name_;
    Workloads workloads_;
};

} // namespace

Result<NamedWorkloads> ask_workloads(const Terminal& terminal, std::string name) {
    return Dialog(terminal).run(std::move(name));
}

} // namespace bulkhead::policy
