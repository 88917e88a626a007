#include "cli/acm_files.hpp"
#include "cli/client.hpp"
#include "cli/verb.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "policy/dialog.hpp"
#include "policy/difference.hpp"
#include "policy/flask.hpp"
#include "policy/matrix.hpp"
#include "policy/policy.hpp"
#include "policy/workloads_toml.hpp"
#include "policy/workloads_wld.hpp"
#include "policy/write_xml.hpp"

#include <cstdio>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;

Result<std::string> read_policy(const std::string& path) {
    return read_file(path == "-" ? "/dev/stdin" : path, policy::file_max);
}

Result<policy::PolicyPtr> load(const std::string& path) {
    const std::string bytes = TRY(read_policy(path));
    return policy::load_or_fail(bytes, path);
}

ordered_json json_of(const std::vector<policy::Problem>& problems) {
    auto list = ordered_json::array();
    for (const policy::Problem& problem : problems) list.push_back({{"line", problem.line}, {"text", problem.text}});
    return list;
}

Result<int> run_check(const Arguments& arguments) {
    const std::string& path = arguments.positional()[0];
    const std::string bytes = TRY(read_policy(path));
    const policy::Loaded loaded = policy::load(bytes);
    if (arguments.has("json")) {
        print_json(ordered_json{{"file", path},
                                {"valid", loaded.policy != nullptr},
                                {"problems", json_of(loaded.errors)},
                                {"warnings", json_of(loaded.warnings)}});
    } else {
        for (const policy::Problem& error : loaded.errors) std::printf("%s\n", policy::format(error, path).c_str());
        for (const policy::Problem& warning : loaded.warnings)
            std::printf("%s\n", policy::format({warning.line, "warning: " + warning.text}, path).c_str());
        if (loaded.policy != nullptr)
            std::printf("%s: policy %s %s is correct\n", path.c_str(), loaded.policy->name().c_str(),
                        loaded.policy->version().text().c_str());
    }
    return loaded.policy != nullptr ? 0 : 1;
}

Result<int> run_matrix(const Arguments& arguments) {
    const policy::PolicyPtr policy = TRY(load(arguments.positional()[0]));
    const policy::Sink out = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); };
    if (arguments.has("json")) {
        policy::matrix_json(*policy, out);
    } else {
        policy::matrix_text(*policy, out);
    }
    return 0;
}

Result<int> run_diff(const Arguments& arguments) {
    const policy::PolicyPtr old = TRY(load(arguments.positional()[0]));
    const policy::PolicyPtr next = TRY(load(arguments.positional()[1]));
    const policy::Difference difference = policy::compare(old, next);
    if (arguments.has("json")) {
        print_json(policy::difference_json(*old, *next, difference));
    } else {
        std::fputs(policy::difference_text(*old, *next, difference).c_str(), stdout);
    }
    return difference.problems.empty() ? 0 : 1;
}

// As asctime(3), which ezPolicy used, without its line end.
std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    char text[64];
    if (::localtime_r(&now, &local) == nullptr || std::strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &local) == 0)
        return {};
    return text;
}

// Questions go to stderr, since the policy may go to stdout.
Result<policy::NamedWorkloads> ask_for_workloads(std::string name) {
    policy::Terminal terminal;
    terminal.ask = [](const std::string& question) -> std::optional<std::string> {
        std::fputs(question.c_str(), stderr);
        std::string answer;
        if (!std::getline(std::cin, answer)) return std::nullopt;
        return answer;
    };
    terminal.say = [](const std::string& message) { std::fprintf(stderr, "%s\n", message.c_str()); };
    return policy::ask_workloads(terminal, std::move(name));
}

Result<policy::NamedWorkloads> read_workloads(const std::string& path, policy::Problems& problems) {
    const std::string text = TRY(read_file(path == "-" ? "/dev/stdin" : path, policy::toml_max));
    if (!path.ends_with(".wld")) return policy::read_toml(text, problems);
    policy::NamedWorkloads read;
    read.workloads = policy::read_wld(text, problems);
    return read;
}

Result<int> run_new(const Arguments& arguments) {
    policy::Problems problems;
    policy::NamedWorkloads wanted;
    const bool from_file = !arguments.positional().empty();
    const std::string name = arguments.value("name").value_or("");
    const std::string source = from_file ? arguments.positional()[0] : "policy new";
    if (from_file) {
        wanted = TRY(read_workloads(source, problems));
        if (!name.empty()) wanted.name = name;
        if (wanted.name.empty() && problems.none())
            return usage_error("policy new: --name NAME is missing: the policy's name is not in " + source);
    } else {
        wanted = TRY(ask_for_workloads(name));
    }
    policy::Document document;
    if (problems.none()) document = policy::translate(wanted.workloads, wanted.name, today(), problems);
    for (const policy::Problem& warning : problems.warnings())
        std::fprintf(stderr, "%s\n", policy::format({warning.line, "warning: " + warning.text}, source).c_str());
    if (!problems.none()) {
        std::vector<std::string> lines;
        for (const policy::Problem& error : problems.errors()) lines.push_back(policy::format(error, source));
        return fail(join(lines, "\n"));
    }
    const std::string xml = policy::write_xml(document);
    auto output = arguments.value("output");
    if (arguments.has("install")) {
        if (output) return usage_error("policy new: --install and --output exclude each other");
        output = policies_folder + policy::policy_file_name(wanted.name);
        TRY(make_directories(output->substr(0, output->rfind('/'))));
    }
    if (output) {
        if (exists(*output) && !arguments.has("force")) return fail(*output + " exists; --force replaces it");
        TRY(write_file_atomic(*output, xml));
    } else {
        std::fputs(xml.c_str(), stdout);
    }
    return 0;
}

// A name that ends in ".te" is the module's file; any other one a folder for xen-xsm, which also wants modules.conf.
Status write_module(const std::string& output, const std::string& text) {
    if (output.ends_with(".te")) return write_file_atomic(output, text);
    TRY(make_directories(output));
    TRY(write_file_atomic(output + "/" + policy::flask_module_name + ".te", text));
    return write_file_atomic(output + "/modules.conf", policy::flask_modules_conf());
}

Result<int> run_compile(const Arguments& arguments) {
    if (!arguments.has("flask")) return usage_error("policy compile: --flask is missing: what to compile for");
    const std::string& path = arguments.positional()[0];
    const policy::PolicyPtr policy = TRY(load(path));
    policy::LabelId domain0 = policy->bootstrap();
    if (const auto name = arguments.value("dom0-label")) {
        const auto found = policy->find_vm_label(*name);
        if (!found) return fail("--dom0-label: policy " + policy->name() + " has no VM label " + printable(*name, 64));
        domain0 = *found;
    }
    const policy::FlaskModule module = policy::compile_flask(policy, domain0);
    for (const policy::Problem& warning : module.warnings)
        std::fprintf(stderr, "%s\n", policy::format({warning.line, "warning: " + warning.text}, path).c_str());
    if (const auto output = arguments.value("output")) {
        TRY(write_module(*output, module.text));
    } else {
        std::fputs(module.text.c_str(), stdout);
    }
    return 0;
}

} // namespace

const std::vector<Verb>& policy_verbs() {
    static const std::vector<Verb> verbs = {
        {"policy check",
         "FILE",
         "says everything that is wrong with a policy",
         "Reads an ACM security policy (XML, as Xen 3.1 to 4.1 took it) and prints each problem with its line. Exit "
         "status 1 if there is one; warnings do not count. FILE may be - for standard input, here and below.",
         {json_option},
         1,
         1,
         run_check},
        {"policy matrix",
         "FILE",
         "shows what a policy allows between its labels",
         "share: domains of the two labels may communicate. coexist: they may run at the same time. authorise: with "
         "the first as Domain-0's label, domains of the second may run.",
         {json_option},
         1,
         1,
         run_matrix},
        {"policy diff",
         "OLD NEW",
         "shows what an update changes and whether it may be applied",
         "NEW may follow OLD if its FromPolicy names OLD's name and version, its version is higher, its from= name "
         "labels of OLD, and Domain-0's label stays. Exit status 1 if not. Running domains may still stand in its way.",
         {json_option},
         2,
         2,
         run_diff},
        {"policy new",
         "[FILE]",
         "makes a policy from organisations, departments and exclusion rules",
         "FILE is a short TOML file (docs/policy.md) or a workload definition of ezPolicy (.wld); without it there are "
         "questions. The policy's XML goes to standard output.",
         {{'n', "name", "NAME", "the policy's name; needed with .wld, otherwise instead of the file's"},
          {'o', "output", "FILE", "write the policy there"},
          {0, "install", nullptr, "write it where setpolicy looks, below /etc/xen/acm-security/policies"},
          {'f', "force", nullptr, "replace the output file"}},
         0,
         1,
         run_new},
        {"policy compile",
         "FILE",
         "translates a policy for a hypervisor with XSM",
         "Writes a module of Xen's FLASK policy, by which the hypervisor itself enforces the labels; "
         "packaging/xen-xsm makes a binary policy of it. Without --output the module goes to standard output.",
         {{0, "flask", nullptr, "as a FLASK module; needed, there is no other kind"},
          {'o', "output", "FILE", "NAME.te: the module; another name: a folder with it and its modules.conf"},
          {0, "dom0-label", "LABEL", "Domain-0's label; default: the one at boot"}},
         1,
         1,
         run_compile},
    };
    return verbs;
}

} // namespace bulkhead::cli
