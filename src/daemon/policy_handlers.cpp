// The mandatory policy: docs/policy-requests.md.
#include "daemon/arguments.hpp"
#include "daemon/handlers.hpp"

#include "base/file.hpp"
#include "domain/create.hpp"
#include "domain/flask_guard.hpp"
#include "domain/gate.hpp"
#include "domain/live_config.hpp"
#include "domain/security_look.hpp"
#include "policy/document.hpp"
#include "xen/uuid.hpp"
#include "xen/xsm.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::daemon {
namespace {

using domain::Labelled;
using domain::LabelledSet;
using domain::Outcome;
using domain::Question;
using domain::Security;

constexpr const char* policies = "/etc/xen/acm-security/policies/"; // the manual's place, 10.3.2
constexpr seconds read_deadline{60};

std::string who(const CallPointer& call) {
    return "uid " + std::to_string(call->uid);
}

// Workers look at files and at Xen; what they find is put together with the state here.
domain::Reply then(const CallPointer& call, std::function<Status(const std::string&)> answer) {
    domain::Reply reply;
    reply.who = who(call);
    reply.progress = [](const std::string&) {};
    reply.done = [call, answer = std::move(answer)](const Result<std::string>& result) {
        const Status status = result ? answer(*result) : tl::unexpected(result.error());
        if (!status) call->error(status.error());
    };
    return reply;
}

std::string print_labelled(const Labelled& resource) {
    return json_line({{"key", resource.key},
                      {"kind", domain::kind_name(resource.kind)},
                      {"node", static_cast<int>(resource.node.kind)},
                      {"device", resource.node.device},
                      {"inode", resource.node.inode},
                      {"name", resource.node.name},
                      {"path", resource.path},
                      {"boot", resource.boot}});
}

Labelled labelled_of(const std::string& text) {
    const json object = json::parse(text);
    Labelled resource;
    resource.key = object.at("key");
    resource.kind = domain::parse_kind(object.at("kind").get<std::string>()).value_or(domain::ResourceKind::name);
    resource.node = {static_cast<storage::Node::Kind>(object.at("node").get<int>()), object.at("device"),
                     object.at("inode"), object.at("name")};
    resource.path = object.at("path");
    resource.boot = object.at("boot");
    return resource;
}

// What cannot be found any more still has its name.
Labelled by_name(const std::string& name) {
    Labelled resource;
    resource.key = name.starts_with('/') ? "file:" + name : name;
    if (const std::size_t last = name.rfind(':'); name.starts_with("tap") && last != std::string::npos)
        resource.key = "file:" + name.substr(last + 1);
    if (const std::size_t slash = resource.key.find('/'); slash != std::string::npos)
        resource.path = resource.key.substr(slash);
    return resource;
}

// In a worker.
Result<std::string> hypervisor_words(const policy::PolicyPtr& policy) {
    xen::Xsm xsm = TRY(xen::Xsm::open());
    if (policy) return TRY(domain::check_hypervisor(xsm, policy)).sentence;
    if (TRY(xsm.mode()) == xen::XsmMode::absent) return std::string("nothing: this hypervisor has no XSM with FLASK");
    return std::string("FLASK, by a policy of its own");
}

json full_state(const Security& security, bool with_xml, const std::string& hypervisor) {
    json object = domain::policy_state(security, with_xml);
    std::string daemon = "no policy is in force: every domain may start";
    if (security.state() == Security::State::broken) daemon = "nothing starts: the policy cannot be read";
    if (security.state() == Security::State::active)
        daemon = security.permissive() ? "only logs what it would deny"
                                       : "decides before domains start, come back, or get disks, vifs and PCI devices";
    object["enforced_by"] = {{"bulkheadd", daemon},
                             {"network",
                              "driver domains with bulkhead-agent and dom0's kernel keep vifs apart that share no "
                              "type; other driver domains, and scripts other than vif-bridge, do not"},
                             {"hypervisor", hypervisor}};
    return object;
}

Manager::Body ask_hypervisor(const Security& security) {
    const policy::PolicyPtr policy = security.host() == nullptr ? nullptr : security.host()->policy();
    return [policy](xen::Context&, const WorkerSide&) -> Result<std::string> {
        const auto words = hypervisor_words(policy);
        return json_line({{"hypervisor", words ? *words : "it is not known: " + words.error().message}});
    };
}

Status get(Manager& manager, const CallPointer& call) {
    const bool xml = TRY(Arguments(*call).flag("xml"));
    if (xml && call->uid != 0) return fail("only root may read the policy; become root", EPERM);
    const auto answer = [&manager, call, xml](const std::string& found) -> Status {
        if (const auto running = manager.list()) manager.security().reconcile(*running);
        call->result(json_line(full_state(manager.security(), xml, json::parse(found).value("hypervisor", ""))));
        return {};
    };
    return run_while_connected(
        manager, call,
        manager.run("policy-get", query_deadline, ask_hypervisor(manager.security()), then(call, answer)));
}

json answer_of(const Security& security, const Outcome& outcome) {
    json object = domain::policy_state(security, false);
    object.update(domain::outcome_json(outcome)); // its "reason" is the change's
    return object;
}

// Before the answer: what was decided holds for vifs as well.
void answer_with_vifs(Manager& manager, const CallPointer& call, const std::string& answer) {
    manager.renew_vif_rules([call, answer](const Status& renewed) {
        if (renewed)
            call->result(answer);
        else
            call->error({"the policy's change is made, but " + renewed.error().message, renewed.error().code});
    });
}

Status set(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const std::string name = TRY(arguments.text("name"));
    std::string file = TRY(arguments.text("file"));
    const bool look = TRY(arguments.flag("check"));
    if (file.empty()) {
        TRY(policy::check_policy_name(name));
        file = policies + policy::policy_file_name(name);
    }
    if (!file.starts_with('/')) return fail("argument 'file' must be an absolute path", EINVAL);
    // Parsed in the worker first: what is wrong with a stranger's file ends the worker at most.
    const auto body = [file](xen::Context&, const WorkerSide&) -> Result<std::string> {
        const std::string xml = TRY(read_file(file, policy::file_max));
        (void)policy::load(xml);
        return xml;
    };
    const auto answer = [&manager, call, file, look](const std::string& xml) -> Status {
        const Outcome outcome = manager.security().set_policy(xml, file, TRY(manager.list()), who(call), look);
        const std::string line = json_line(answer_of(manager.security(), outcome));
        if (look || !outcome.done())
            call->result(line);
        else
            answer_with_vifs(manager, call, line);
        return {};
    };
    TRY(manager.run("policy-set", read_deadline, body, then(call, answer)));
    return {};
}

Status reset(Manager& manager, const CallPointer& call) {
    const Outcome outcome = manager.security().reset(TRY(manager.list()), who(call));
    const std::string line = json_line(answer_of(manager.security(), outcome));
    if (outcome.done())
        answer_with_vifs(manager, call, line);
    else
        call->result(line);
    return {};
}

Status mode(Manager& manager, const CallPointer& call) {
    const std::string wanted = TRY(Arguments(*call).text("mode"));
    if (!wanted.empty()) {
        if (call->uid != 0) return fail("only root may change the policy's mode; become root", EPERM);
        if (wanted != "permissive" && wanted != "enforcing") return fail("mode is enforcing or permissive", EINVAL);
        TRY(manager.security().set_permissive(wanted == "permissive", who(call)));
    }
    call->result(json_line({{"mode", manager.security().permissive() ? "permissive" : "enforcing"}}));
    return {};
}

Status domain_label(Manager& manager, const CallPointer& call) {
    const auto found = TRY(manager.domain_label(TRY(Arguments(*call).needed_text("domain"))));
    const policy::Host* const host = manager.security().host();
    const std::string label = found.label ? found.label->label : std::string(policy::unlabeled);
    call->result(json_line({{"name", found.name},
                            {"uuid", found.uuid},
                            {"policy", found.label       ? found.label->policy
                                       : host != nullptr ? host->policy()->name()
                                                         : ""},
                            {"label", label},
                            {"labelled", found.label && label != policy::unlabeled},
                            {"ssidref", host == nullptr ? 0 : domain::ssidref(*host->policy(), label)},
                            {"running", found.running}}));
    return {};
}

Status relabel(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    const std::string wanted = TRY(arguments.needed_text("domain"));
    const std::string label = TRY(arguments.text("label"));
    const std::string expected = TRY(arguments.text("expected"));
    const std::string policy = TRY(arguments.text("policy"));
    const policy::Host* const host = manager.security().host();
    if (!policy.empty() && host != nullptr && policy != host->policy()->name()) {
        constexpr int bad_label = 20;
        call->result(json_line(
            domain::outcome_json({bad_label, "policy " + host->policy()->name() + " is in force, not " + policy, {}})));
        return {};
    }
    const auto done = TRY(manager.relabel(wanted, expected, label, who(call)));
    json object = domain::outcome_json(done.outcome);
    object["dormant"] = done.dormant;
    if (done.dormant || !done.outcome.done())
        call->result(json_line(object));
    else
        answer_with_vifs(manager, call, json_line(object));
    return {};
}

// The resource is looked up in a worker. `missing`: one that is not there counts by its name.
Status with_resource(Manager& manager, const CallPointer& call, bool missing,
                     const std::function<json(const Labelled&)>& answer) {
    const std::string name = TRY(Arguments(*call).needed_text("resource"));
    const auto body = [name, missing](xen::Context&, const WorkerSide&) -> Result<std::string> {
        storage::Facts facts;
        const auto found = domain::find_resource(facts, name);
        if (!found && missing) return print_labelled(by_name(name));
        constexpr int bad_format = 6;
        if (!found) return json_line(domain::outcome_json({bad_format, found.error().message, {}}));
        return print_labelled(*found);
    };
    const auto reply = [&manager, call, answer](const std::string& text) -> Status {
        manager.security().reconcile(TRY(manager.list())); // who has ended uses nothing any more
        call->result(json::parse(text).contains("key") ? json_line(answer(labelled_of(text))) : text);
        return {};
    };
    TRY(manager.run(call->request.verb, query_deadline, body, then(call, reply)));
    return {};
}

Status label_resource(Manager& manager, const CallPointer& call) {
    const std::string label = TRY(Arguments(*call).needed_text("label"));
    return with_resource(manager, call, false, [&manager, call, label](const Labelled& resource) {
        json object = domain::outcome_json(manager.security().label_resource(resource, label, who(call)));
        object["resource"] = resource.key;
        return object;
    });
}

Status unlabel_resource(Manager& manager, const CallPointer& call) {
    return with_resource(manager, call, true, [&manager, call](const Labelled& resource) {
        json object = domain::outcome_json(manager.security().unlabel_resource(resource, who(call)));
        object["resource"] = resource.key;
        return object;
    });
}

Status show_resource(Manager& manager, const CallPointer& call) {
    return with_resource(manager, call, true, [&manager](const Labelled& resource) {
        return domain::resource_json(manager.security(), resource);
    });
}

Status list_resources(Manager& manager, const CallPointer& call) {
    call->result(json_line({{"resources", domain::resources_json(manager.security())}}));
    return {};
}

Status dump(Manager& manager, const CallPointer& call) {
    manager.security().reconcile(TRY(manager.list()));
    call->result(json_line(domain::running_state(manager.security())));
    return {};
}

// What a configuration would ask the policy, and how that is answered now.
Status with_question(Manager& manager, const CallPointer& call,
                     const std::function<json(const Question&, const std::vector<domain::Check>&)>& answer) {
    domain::CreateRequest request = TRY(create_request(Arguments(*call)));
    request.uuid = xen::new_uuid();
    const auto body = [request](xen::Context& xen, const WorkerSide& side) -> Result<std::string> {
        config::ParsedDomain parsed = TRY(domain::check_request(request, TRY(domain::host_settings())));
        if (!parsed.spec.uuid) parsed.spec.uuid = request.uuid;
        const Question question = TRY(domain::start_question(xen, side.labelled(), parsed.spec, {}));
        return domain::print_question(question);
    };
    const auto reply = [&manager, call, answer](const std::string& text) -> Status {
        const Question question = TRY(domain::parse_question(text));
        const auto checks = manager.security().examine(question, TRY(manager.list()));
        call->result(json_line(answer(question, checks)));
        return {};
    };
    return run_while_connected(manager, call, manager.run(call->request.verb, read_deadline, body, then(call, reply)));
}

Status test(Manager& manager, const CallPointer& call) {
    return with_question(manager, call, [&manager](const Question& question, const std::vector<domain::Check>& checks) {
        return domain::test_json(manager.security(), question, checks);
    });
}

Status explain(Manager& manager, const CallPointer& call) {
    const Arguments arguments(*call);
    if (!TRY(arguments.text("resource")).empty()) {
        return with_resource(manager, call, true, [&manager](const Labelled& resource) -> json {
            return {{"lines", domain::explain_resource(manager.security(), resource)}, {"permitted", true}};
        });
    }
    const std::string wanted = TRY(arguments.text("domain"));
    if (wanted.empty()) {
        return with_question(
            manager, call, [&manager](const Question& question, const std::vector<domain::Check>& checks) -> json {
                const bool permitted = std::all_of(checks.begin(), checks.end(),
                                                   [](const domain::Check& check) { return check.decision.allowed; });
                return {{"lines", domain::explain_start(manager.security(), question, checks)},
                        {"permitted", permitted}};
            });
    }
    const auto running = TRY(manager.list());
    manager.security().reconcile(running);
    const xen::DomainInfo domain = TRY(arguments.domain(manager));
    call->result(
        json_line({{"lines", domain::explain_domain(manager.security(), domain::policy_uuid(domain), domain.name)},
                   {"permitted", true}}));
    return {};
}

} // namespace

const std::vector<Verb>& policy_verbs() {
    static const std::vector<Verb> verbs = {{"policy-get", true, get},
                                            {"policy-set", false, set},
                                            {"policy-reset", false, reset},
                                            {"policy-mode", true, mode},
                                            {"policy-domain-label", false, domain_label},
                                            {"policy-relabel", false, relabel},
                                            {"policy-label", false, label_resource},
                                            {"policy-unlabel", false, unlabel_resource},
                                            {"policy-resource", false, show_resource},
                                            {"policy-resources", false, list_resources},
                                            {"policy-test", false, test},
                                            {"policy-explain", false, explain},
                                            {"policy-dump", false, dump}};
    return verbs;
}

} // namespace bulkhead::daemon
