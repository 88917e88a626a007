#include "policy/update.hpp"

#include "base/text.hpp"

namespace bulkhead::policy {
namespace {

std::vector<std::optional<LabelId>> map_kind(const char* kind, const Policy& old, const std::vector<Label>& olds,
                                             const std::vector<Label>& nexts,
                                             std::optional<LabelId> (Policy::*find)(std::string_view) const,
                                             const Policy& next, Problems& problems) {
    std::vector<std::optional<LabelId>> map(olds.size());
    for (LabelId id = 0; id < olds.size(); ++id) map[id] = (next.*find)(olds[id].name.text);
    for (LabelId id = 0; id < nexts.size(); ++id) {
        if (!nexts[id].from) continue;
        const Text& from = *nexts[id].from;
        if (const auto was = (old.*find)(from.text)) {
            map[*was] = id;
        } else {
            problems.error(from.line, std::string(kind) + " " + nexts[id].name.text + ": comes from " +
                                          printable(from.text, 64) + ", which policy " + old.name() + " " +
                                          old.version().text() + " does not have");
        }
    }
    return map;
}

} // namespace

void check_succession(const Policy& old, const Policy& next, Problems& problems) {
    if (old.name() == default_policy || next.name() == default_policy) return;
    const Header& header = next.document().header;
    const std::string in_force = old.name() + " " + old.version().text();
    if (!header.from) {
        problems.error(header.name.line, "it has no FromPolicy, so it cannot update " + in_force);
    } else {
        if (header.from->name.text != old.name())
            problems.error(header.from->name.line,
                           "it updates policy " + header.from->name.text + ", but " + in_force + " is in force");
        if (header.from->version.text != old.version().text())
            problems.error(header.from->version.line,
                           "it updates version " + header.from->version.text + ", but " + in_force + " is in force");
    }
    if (next.version() <= old.version())
        problems.error(header.version.line,
                       "its version " + next.version().text() + " is not higher than that of " + in_force);
}

LabelMap map_labels(const Policy& old, const Policy& next, Problems& problems) {
    const Document& olds = old.document();
    const Document& nexts = next.document();
    return {map_kind("VM label", old, olds.vm_labels, nexts.vm_labels, &Policy::find_vm_label, next, problems),
            map_kind("resource label", old, olds.resource_labels, nexts.resource_labels, &Policy::find_resource_label,
                     next, problems)};
}

// Makes the next host beside the present one, which it only reads.
struct Updater {
    const Host& now;
    const Policy& old;
    const PolicyPtr& policy;
    const LabelMap& labels;
    Problems& problems;
    Host next;

    Updater(const Host& host, const PolicyPtr& to, const LabelMap& map, Problems& found)
        : now(host), old(*host.policy()), policy(to), labels(map), problems(found), next(to) {}

    void error(const std::string& text) { problems.error(0, text); }

    [[nodiscard]] std::string lost(LabelId label) const {
        return "the label " + old.vm_labels()[label].name + ", which the update neither keeps nor renames";
    }

    void run() {
        if (const auto label = labels.vm[now.domain0()]) {
            next.wall_.leave(next.domain0_);
            next.domain0_ = *label;
            next.wall_.enter(*label);
        } else {
            error("Domain-0 has " + lost(now.domain0()));
            return; // everything else depends on it
        }
        relabel_resources();
        for (const auto& [id, domain] : now.domains()) move_domain(id, domain);
        for (const auto& [id, domain] : next.domains()) check_uses(domain);
    }

    void relabel_resources() {
        for (auto [resource, label] : now.resource_labels()) {
            // Labels of another policy, and invalid ones, stay as they are: they deny anyway.
            if (label.valid && label.policy == old.name()) {
                const auto was = old.find_resource_label(label.label);
                const auto is = was ? labels.resource[*was] : std::nullopt;
                if (is) {
                    label = {policy->name(), policy->resource_labels()[*is].name, true};
                } else if (label.label == inaccessible) {
                    label.policy = policy->name();
                } else {
                    label.valid = false;
                }
            }
            next.resource_labels_.emplace(resource, std::move(label));
        }
    }

    void move_domain(const std::string& id, const LiveDomain& domain) {
        const auto label = labels.vm[domain.label];
        if (!label) return error(domain.name + " runs with " + lost(domain.label));
        if (const Decision decision = next.may_start(*label); !decision.allowed)
            error(domain.name + " could not go on running: " + decision.reason);
        LiveDomain moved = domain;
        moved.label = *label;
        next.domains_.emplace(id, std::move(moved));
        next.wall_.enter(*label); // in conflict or not: what follows is judged beside it as well
    }

    void check_uses(const LiveDomain& domain) {
        for (const std::string& resource : domain.resources) {
            if (const Decision decision = next.may_use(domain.label, resource); !decision.allowed)
                error(domain.name + " could not go on using what it uses: " + decision.reason);
        }
        for (const std::string& peer : domain.peers) {
            const auto other = next.domains().find(peer);
            if (other == next.domains().end()) continue; // reported, with its label
            if (const Decision decision = policy->share(domain.label, other->second.label); !decision.allowed)
                error(domain.name + " could not go on sharing with " + other->second.name + ": " + decision.reason);
        }
    }
};

Update prepare_update(const Host& host, const PolicyPtr& next) {
    Problems problems;
    Update update;
    check_succession(*host.policy(), *next, problems);
    update.labels = map_labels(*host.policy(), *next, problems);
    Updater updater(host, next, update.labels, problems);
    updater.run();
    if (problems.none()) update.host = std::move(updater.next);
    update.problems = problems.errors();
    return update;
}

} // namespace bulkhead::policy
