// The half of Security that changes what is in force: the policy, and labels.
#include "domain/security.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::domain {
namespace {

// Xen 4.1's xsconstants, without their base.
constexpr int general_failure = 1, xml_processing = 3, bad_resource_format = 6, not_labelled = 8, already_labelled = 9,
              in_use = 17, version_prevents_update = 19, bad_label = 20, wrong_state = 21, not_loaded = 22,
              resource_access = 23, hypervisor_failed = 24, not_authorized = 26, vm_in_conflict = 27;

Outcome refuse(int code, std::string reason, std::vector<policy::Problem> problems = {}) {
    return {code, std::move(reason), std::move(problems)};
}

Outcome stands_in_the_way(std::vector<policy::Problem> problems, const char* what) {
    const std::string first = problems.front().text;
    return refuse(hypervisor_failed, std::string(what) + ": " + first, std::move(problems));
}

// What could not be written down is not done.
Outcome not_written(const Error& error) {
    return refuse(general_failure, error.message);
}

} // namespace

std::vector<policy::Problem> forbidden_uses(const policy::Host& host) {
    std::vector<policy::Problem> problems;
    for (const auto& [uuid, domain] : host.domains()) {
        for (const std::string& resource : domain.resources) {
            if (const auto decision = host.may_use(domain.label, resource); !decision.allowed)
                problems.push_back({0, domain.name + " could not go on using what it uses: " + decision.reason});
        }
        for (const std::string& peer : domain.peers) {
            const auto other = host.domains().find(peer);
            if (other == host.domains().end()) continue;
            if (const auto decision = host.policy()->share(domain.label, other->second.label); !decision.allowed)
                problems.push_back(
                    {0, domain.name + " could not go on sharing with " + other->second.name + ": " + decision.reason});
        }
    }
    return problems;
}

Outcome Security::told(Outcome outcome, const std::string& who, const std::string& verb, const std::string& domain,
                       const std::string& label, const std::string& resource) {
    audit_.write({who, verb, domain, "", label, resource, outcome.done() ? "change" : "deny",
                  outcome.done() ? "done" : outcome.reason});
    return outcome;
}

// ---- the policy ----

// No policy was in force: what runs is judged as if it started now.
Outcome Security::take_first(const policy::PolicyPtr& next, std::optional<policy::Host>& host) const {
    policy::Host candidate(next);
    std::vector<policy::Problem> problems;
    for (const auto& [key, row] : resources_) candidate.adopt_resource_label(key, row.label);
    for (const auto& [uuid, domain] : tracked_) {
        const auto label =
            resolve_in(*next, domain.label.policy.empty() ? std::nullopt : std::optional<xen::LabelSpec>(domain.label));
        if (!label) {
            problems.push_back({0, domain.name + " runs, and could not go on: " + label.error().message});
            continue;
        }
        if (const auto decision = candidate.may_start(*label); !decision.allowed)
            problems.push_back({0, domain.name + " runs, and could not go on: " + decision.reason});
        place(candidate, uuid, domain, *label);
    }
    const auto uses = forbidden_uses(candidate);
    problems.insert(problems.end(), uses.begin(), uses.end());
    if (!problems.empty()) return stands_in_the_way(std::move(problems), "running domains stand in its way");
    host = std::move(candidate);
    return {};
}

Outcome Security::update(const policy::PolicyPtr& next, std::optional<policy::Host>& host,
                         policy::RenameHistory& history) const {
    policy::Problems succession;
    policy::check_succession(*host_->policy(), *next, succession);
    if (!succession.none())
        return refuse(version_prevents_update, succession.errors().front().text, succession.errors());
    policy::Update update = policy::prepare_update(*host_, next);
    if (!update.host) return stands_in_the_way(std::move(update.problems), "it cannot be applied now");
    history.add(*host_->policy(), *next, update.labels);
    host = std::move(update.host);
    return {};
}

Outcome Security::set_policy(const std::string& xml, const std::string& file, const Running& running,
                             const std::string& who, bool look) {
    reconcile(running);
    policy::Loaded loaded = policy::load(xml);
    const auto answer = [&](Outcome outcome) {
        return look ? std::move(outcome) : told(std::move(outcome), who, "policy-set", "", "", file);
    };
    if (loaded.policy == nullptr)
        return answer(refuse(xml_processing, file + ": " + loaded.errors.front().text, loaded.errors));
    if (state_ == State::broken)
        return answer(refuse(general_failure,
                             "the policy in force is broken (" + why_broken_ + "); run first: bulkhead policy reset"));
    std::optional<policy::Host> host;
    policy::RenameHistory history = history_;
    const bool updates = state_ == State::active;
    Outcome outcome = updates ? update(loaded.policy, host, history) : take_first(loaded.policy, host);
    if (outcome.done() && !look) outcome = commit(std::move(*host), xml, file, updates ? &history : nullptr);
    return answer(std::move(outcome));
}

Outcome Security::commit(policy::Host host, const std::string& xml, const std::string& file,
                         const policy::RenameHistory* history) {
    const policy::Policy& policy = *host.policy();
    const StoredPolicy stored{xml, policy_digest(xml), policy.vm_labels()[host.domain0()].name};
    auto resources = resources_;
    std::vector<StoredResource> rows;
    for (auto& [key, row] : resources) {
        row.label = host.resource_labels().at(key);
        rows.push_back(row);
    }
    auto tracked = tracked_;
    for (auto& [uuid, domain] : tracked) {
        const auto live = host.domains().find(uuid);
        if (live == host.domains().end()) continue;
        domain.label = {policy.name(), policy.vm_labels()[live->second.label].name, policy.version().text()};
        for (auto& [device, use] : domain.devices) {
            const auto label = host.resource_labels().find("vif:" + uuid + ":" + device);
            if (label == host.resource_labels().end() || !label->second.valid) continue;
            use.label = {policy.name(), label->second.label, policy.version().text()};
        }
    }
    if (const Status written = store_.set_setting("file", file); !written) return not_written(written.error());
    if (const Status written = store_.change(stored, rows, tracked, history); !written)
        return not_written(written.error());
    if (history != nullptr) history_ = *history;
    stored_ = stored;
    file_ = file;
    resources_ = std::move(resources);
    tracked_ = std::move(tracked);
    host_ = std::move(host);
    state_ = State::active;
    ++changes_;
    for (const auto& [uuid, domain] : tracked_) { // the new policy may have a label for an outsider
        if (!host_->domains().contains(uuid)) place(uuid);
    }
    for (auto& [device, use] : domain0_.devices) use = named_now(std::move(use));
    if (const Status written = store_.put(domain0_uuid, domain0_); !written) log::error(written.error().message);
    tell_hypervisor();
    log::info("the mandatory policy is " + host_->policy()->name() + " " + host_->policy()->version().text());
    return {};
}

Outcome Security::reset(const Running& running, const std::string& who) {
    reconcile(running);
    if (state_ == State::none) return {};
    std::vector<policy::Problem> problems;
    auto tracked = tracked_;
    tracked.emplace(domain0_uuid, domain0_);
    for (auto& [uuid, domain] : tracked) {
        if (!domain.label.policy.empty() && domain.label.label != policy::unlabeled)
            problems.push_back({0, domain.name + " runs with the label " + domain.label.label});
        domain.label = {};
        for (auto& [device, use] : domain.devices) use.label = {};
    }
    if (!problems.empty())
        return told(stands_in_the_way(std::move(problems), "no domain with a label may run"), who, "policy-reset", "",
                    "", "");
    auto resources = resources_;
    std::vector<StoredResource> rows;
    for (auto& [key, row] : resources) {
        if (row.label.label != policy::inaccessible) row.label.valid = false;
        rows.push_back(row);
    }
    if (const Status written = store_.change(std::nullopt, rows, tracked, nullptr); !written)
        return told(not_written(written.error()), who, "policy-reset", "", "", "");
    state_ = State::none;
    ++changes_;
    why_broken_.clear();
    host_.reset();
    stored_ = {};
    file_.clear();
    resources_ = std::move(resources);
    domain0_ = tracked.extract(domain0_uuid).mapped();
    tracked_ = std::move(tracked);
    log::info("no mandatory policy is in force");
    return told({}, who, "policy-reset", "", "", "");
}

Status Security::set_permissive(bool permissive, const std::string& who) {
    const std::string mode = permissive ? "permissive" : "enforcing";
    TRY(store_.set_setting("mode", mode));
    permissive_ = permissive;
    log::warning("the mandatory policy is " + mode);
    audit_.write({who, "policy-mode", "", "", "", "", "change", mode});
    return {};
}

// ---- labels of domains ----

Outcome Security::relabel_domain0(const std::string& expected, const std::string& label, const Running& running,
                                  const std::string& who) {
    reconcile(running);
    const auto answer = [&](Outcome outcome) {
        return told(std::move(outcome), who, "policy-relabel", "Domain-0", label, "");
    };
    if (state_ != State::active) return answer(refuse(not_loaded, "no policy is in force"));
    const policy::Policy& policy = *host_->policy();
    const auto wanted = policy.find_vm_label(label);
    if (!wanted) return answer(refuse(bad_label, "Label '" + printable(label, 64) + "' not found"));
    const auto from = expected.empty() ? host_->domain0() : policy.find_vm_label(expected).value_or(UINT32_MAX);
    if (from != host_->domain0())
        return answer(refuse(bad_label, "Domain-0 has the label " + policy.vm_labels()[host_->domain0()].name +
                                            ", not " + printable(expected, 64)));
    policy::Host next = *host_;
    if (const Status done = next.relabel_domain0(from, *wanted); !done)
        return answer(refuse(hypervisor_failed, done.error().message));
    if (const Status written = store_.set_domain0(label); !written) return answer(not_written(written.error()));
    host_ = std::move(next);
    ++changes_;
    stored_.domain0 = label;
    return answer({});
}

Outcome Security::relabel(const std::string& uuid, const std::string& expected, const std::string& label,
                          const Running& running, const std::string& who) {
    reconcile(running);
    const auto found = tracked_.find(uuid);
    const std::string name = found == tracked_.end() ? uuid : found->second.name;
    const auto answer = [&](Outcome outcome) {
        return told(std::move(outcome), who, "policy-relabel", name, label, "");
    };
    if (state_ != State::active) return answer(refuse(not_loaded, "no policy is in force"));
    if (found == tracked_.end()) return answer(refuse(wrong_state, "the domain does not run"));
    if (label.empty()) return answer(refuse(wrong_state, name + " runs: its label can be removed when it does not"));
    const policy::Policy& policy = *host_->policy();
    const auto wanted = policy.find_vm_label(label);
    if (!wanted) return answer(refuse(bad_label, "Label '" + printable(label, 64) + "' not found"));
    const auto present = label_of(uuid);
    const std::string present_name = present ? policy.vm_labels()[*present].name : "";
    if (!expected.empty() && expected != present_name)
        return answer(refuse(bad_label, name + " has the label " + present_name + ", not " + printable(expected, 64)));
    const auto by_xen = ask_hypervisor();
    if (!by_xen) return answer(refuse(hypervisor_failed, by_xen.error().message));
    if (*by_xen) return answer(refuse(wrong_state, name + " runs, and Xen keeps it under its label until it ends"));
    // As if it ended and started anew with what it has, and with those that share with it.
    policy::Host next = *host_;
    const auto domains = next.domains();
    next.stop(uuid);
    if (const auto decision = policy.authorise(next.domain0(), *wanted); !decision.allowed)
        return answer(refuse(not_authorized, decision.reason));
    if (const auto decision = next.admission(*wanted); !decision.allowed)
        return answer(refuse(vm_in_conflict, decision.reason));
    Tracked tracked = found->second;
    tracked.label = {policy.name(), label, policy.version().text()};
    next = *host_;
    place(next, uuid, tracked, *wanted);
    if (auto problems = forbidden_uses(next); !problems.empty()) {
        const std::string first = problems.front().text;
        return answer(refuse(resource_access, first, std::move(problems)));
    }
    if (const Status written = store_.put(uuid, tracked); !written) return answer(not_written(written.error()));
    found->second = std::move(tracked);
    host_ = std::move(next);
    ++changes_;
    return answer({});
}

void Security::note(const std::string& who, const std::string& domain, const std::string& label) {
    (void)told({}, who, "policy-relabel", domain, label, "");
}

// ---- labels of resources ----

const StoredResource* Security::find(const Labelled& resource) const {
    for (const auto& [key, row] : resources_) {
        const Labelled& other = row.resource;
        const std::string node = node_text(resource.node);
        if (key == resource.key || (!other.path.empty() && other.path == resource.path) ||
            (!node.empty() && node == node_text(other.node)))
            return &row;
    }
    return nullptr;
}

// Of a live domain that uses it, under whatever name.
std::string Security::user_of(const Labelled& resource) const {
    const std::string node = node_text(resource.node);
    for (const auto& [uuid, domain] : tracked_) {
        for (const auto& [device, use] : domain.devices) {
            const bool same =
                std::find(use.resources.begin(), use.resources.end(), resource.key) != use.resources.end();
            if (same || (!node.empty() && use.node == node)) return domain.name;
        }
    }
    return "";
}

Outcome Security::label_resource(const Labelled& resource, const std::string& label, const std::string& who) {
    const auto answer = [&](Outcome outcome) {
        return told(std::move(outcome), who, "policy-label", "", label, resource.key);
    };
    if (state_ != State::active) return answer(refuse(not_loaded, "no policy is in force"));
    if (printable(resource.key, 4200) != resource.key)
        return answer(refuse(bad_resource_format, "a resource's name must be printable"));
    if (const StoredResource* const row = find(resource)) {
        return answer(refuse(already_labelled, "'" + resource.key + "' is already labeled with '" +
                                                   (row->label.valid ? "ACM:" : "INV_ACM:") + row->label.policy + ":" +
                                                   row->label.label + "'."));
    }
    if (label != policy::inaccessible && !host_->policy()->find_resource_label(label))
        return answer(refuse(bad_label, "Label '" + printable(label, 64) + "' not found"));
    if (const std::string user = user_of(resource); !user.empty())
        return answer(refuse(in_use, "resource " + resource.key + " is in use by " + user));
    policy::Host next = *host_;
    if (const Status done = next.label_resource(resource.key, label); !done)
        return answer(refuse(bad_label, done.error().message));
    StoredResource row{resource, {host_->policy()->name(), label, true}};
    if (const Status written = store_.put(row); !written) return answer(not_written(written.error()));
    host_ = std::move(next);
    resources_.emplace(resource.key, std::move(row));
    list_labelled();
    return answer({});
}

Outcome Security::unlabel_resource(const Labelled& resource, const std::string& who) {
    const StoredResource* const row = find(resource);
    const std::string key = row == nullptr ? resource.key : row->resource.key;
    const auto answer = [&](Outcome outcome) { return told(std::move(outcome), who, "policy-unlabel", "", "", key); };
    if (state_ == State::broken) return answer(refuse(general_failure, "the policy in force is broken"));
    if (row == nullptr) return answer(refuse(not_labelled, "Resource not labeled"));
    if (const std::string user = user_of(row->resource); !user.empty())
        return answer(refuse(in_use, "resource " + key + " is in use by " + user));
    if (const Status dropped = store_.drop_resource(key); !dropped) return answer(not_written(dropped.error()));
    if (host_) host_->forget_resource_label(key);
    resources_.erase(key);
    list_labelled();
    return answer({});
}

} // namespace bulkhead::domain
