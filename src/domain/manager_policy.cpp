// The part of Manager that deals with the mandatory policy: workers ask it, and labels go into configurations.
#include "base/file.hpp"
#include "base/log.hpp"
#include "domain/create.hpp"
#include "domain/gate.hpp"
#include "domain/live_config.hpp"
#include "domain/manager.hpp"
#include "domain/work.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::domain {
Result<Workers::Id> Manager::start_worker(Job job, const std::string& who) {
    const auto flight = security_.fly(who);
    job.labelled = &security_.labelled();
    const auto asked = std::make_shared<std::optional<std::uint64_t>>(); // under which policy
    job.ask = [this, flight, asked](const std::string& text) -> Result<std::string> {
        const Question question = TRY(parse_question(text));
        if (!*asked) *asked = security_.changes();
        return print_permit(TRY(security_.ask(question, *flight, TRY(list()))));
    };
    job.done = [this, flight, asked, done = std::move(job.done)](Result<std::string> result, bool died) {
        if (!result && !died) flight->failed();
        done(std::move(result), died);
        // It may have made a vif with the types of before, after those of all others were changed.
        if (*asked && **asked != security_.changes()) renew_vif_rules();
    };
    return workers_.start(std::move(job));
}

// Of a domain that runs, when a policy has given it one.
std::optional<xen::LabelSpec> Manager::present_label(const std::string& uuid) const {
    const auto found = security_.tracked().find(uuid);
    if (found == security_.tracked().end()) return std::nullopt;
    const xen::LabelSpec& label = found->second.label;
    if (label.policy.empty() || label.label == policy::unlabeled) return std::nullopt;
    return label;
}

void Manager::write_label(const std::string& uuid, const std::optional<xen::LabelSpec>& label) {
    DomainRecord record;
    const Result<KeptDomain> kept = find_kept(uuid);
    const std::string kept_config = kept ? with_label(kept->config, label) : std::string();
    if (const auto managed = managed_.find(uuid); managed != managed_.end()) {
        managed->second.record.config = with_label(managed->second.record.config, label);
        record = managed->second.record;
    } else if (kept) {
        record.uuid = uuid;
        record.name = kept->name;
        record.config = kept_config;
    } else {
        return; // another toolstack's
    }
    if (const Status written = journal_.rename(record, kept_config); !written) log::error(written.error().message);
}

Result<Manager::Relabelled> Manager::relabel(const std::string& wanted, const std::string& expected,
                                             const std::string& label, const std::string& who) {
    const std::vector<xen::DomainInfo> running = TRY(list());
    const auto domain = find(wanted);
    if (domain && domain->id == 0) return Relabelled{security_.relabel_domain0(expected, label, running, who), false};
    if (domain) {
        Relabelled result{security_.relabel(domain->uuid, expected, label, running, who), false};
        if (result.outcome.done()) write_label(domain->uuid, present_label(domain->uuid));
        return result;
    }
    const KeptDomain kept = TRY(find_kept(wanted));
    const DomainLabel present = TRY(domain_label(kept.uuid));
    const std::string has = present.label ? present.label->label : std::string(policy::unlabeled);
    const auto refused = [](int code, std::string reason) { return Relabelled{{code, std::move(reason), {}}, true}; };
    constexpr int bad_label = 20, wrong_state = 21, not_loaded = 22;
    if (managed_.contains(kept.uuid)) return refused(wrong_state, kept.name + " is being brought back; wait for that");
    if (security_.host() == nullptr) return refused(not_loaded, "no policy is in force");
    if (!expected.empty() && expected != has)
        return refused(bad_label, kept.name + " has the label " + has + ", not " + expected);
    const policy::Policy& policy = *security_.host()->policy();
    std::optional<xen::LabelSpec> next;
    if (!label.empty() && label != policy::unlabeled) {
        if (!policy.find_vm_label(label)) return refused(bad_label, "Label '" + label + "' not found");
        next = {policy.name(), label, policy.version().text()};
    }
    if (exists(suspended_image(kept.uuid))) {
        // Without a label its image's would count.
        const xen::LabelSpec image =
            next.value_or(xen::LabelSpec{policy.name(), std::string(policy::unlabeled), policy.version().text()});
        TRY(security_.set_suspended_label(kept.uuid, image));
    }
    write_label(kept.uuid, next);
    security_.note(who, kept.name, label);
    return Relabelled{{}, true};
}

Result<Manager::DomainLabel> Manager::domain_label(const std::string& wanted) {
    DomainLabel answer;
    const auto domain = find(wanted);
    if (domain) {
        security_.reconcile(TRY(list()));
        answer.name = domain->name;
        answer.uuid = domain->uuid;
        answer.running = true;
        if (domain->id == 0) {
            if (const policy::Host* const host = security_.host()) {
                const policy::Policy& policy = *host->policy();
                answer.label = {policy.name(), policy.vm_labels()[host->domain0()].name, policy.version().text()};
            }
            return answer;
        }
        const auto tracked = security_.tracked().find(domain->uuid);
        if (tracked != security_.tracked().end() && !tracked->second.label.policy.empty())
            answer.label = tracked->second.label;
        return answer;
    }
    const auto kept = find_kept(wanted);
    if (!kept) return tl::unexpected(domain.error());
    answer.name = kept->name;
    answer.uuid = kept->uuid;
    CreateRequest request;
    request.config = kept->config;
    request.source = kept->source;
    answer.label = TRY(parse_request(request, TRY(host_settings()))).spec.label;
    if (const auto suspended = TRY(security_.suspended_label(kept->uuid))) answer.label = suspended;
    if (answer.label) {
        if (const auto now = security_.resolve(answer.label)) {
            const policy::Policy& policy = *security_.host()->policy();
            answer.label = {policy.name(), policy.vm_labels()[*now].name, policy.version().text()};
        }
    }
    return answer;
}

} // namespace bulkhead::domain
