#include "cli/client.hpp"
#include "cli/verb.hpp"

#include "base/text.hpp"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <strings.h>

namespace bulkhead::cli {
namespace {

using nlohmann::json;

Result<int> get_enforce(const Arguments& arguments) {
    const json answer = TRY(ask("xsm", json::object()));
    const std::string mode = answer.value("mode", "");
    if (arguments.has("json")) {
        print_json(answer);
    } else { // xl's words
        std::printf("%s\n", mode == "enforcing"    ? "Enforcing"
                            : mode == "permissive" ? "Permissive"
                                                   : "Flask XSM Disabled");
    }
    return mode == "absent" ? 1 : 0;
}

Result<int> set_enforce(const Arguments& arguments) {
    const std::string& word = arguments.positional()[0];
    const bool on = word == "1" || ::strcasecmp(word.c_str(), "enforcing") == 0;
    if (!on && word != "0" && ::strcasecmp(word.c_str(), "permissive") != 0)
        return usage_error("setenforce " + printable(word, 64) + ": 1, 0, enforcing or permissive is wanted");
    TRY(ask("xsm-enforce", {{"enforcing", on}}));
    return 0;
}

Result<int> load_policy(const Arguments& arguments) {
    std::error_code error;
    const auto path = std::filesystem::absolute(arguments.positional()[0], error);
    if (error) return fail(arguments.positional()[0] + ": " + error.message(), error.value());
    TRY(ask("xsm-load", {{"file", path.string()}}));
    std::printf("Successfully loaded policy.\n");
    return 0;
}

Result<int> booleans(const Arguments& arguments) {
    const auto& words = arguments.positional();
    if (words.size() == 2) {
        if (words[1] != "0" && words[1] != "1") return usage_error("policy boolean: the value is 0 or 1");
        TRY(ask("xsm-boolean", {{"name", words[0]}, {"value", words[1] == "1"}}));
        return 0;
    }
    const json answer = TRY(ask("xsm", json::object()));
    if (answer.value("mode", "") == "absent") return fail("this hypervisor has no XSM with FLASK");
    const json& all = answer["booleans"];
    if (!words.empty() && !all.contains(words[0]))
        return fail("Xen's policy has no boolean " + printable(words[0], 64));
    if (arguments.has("json")) {
        print_json(words.empty() ? all : json{{words[0], all[words[0]]}});
        return 0;
    }
    for (const auto& [name, value] : all.items()) {
        if (words.empty() || name == words[0]) std::printf("%s: %d\n", name.c_str(), value.get<bool>() ? 1 : 0);
    }
    return 0;
}

} // namespace

const std::vector<Verb>& xsm_verbs() {
    static const std::vector<Verb> verbs = {
        {"getenforce",
         "",
         "say whether Xen's security module enforces its policy",
         "Enforcing, Permissive, or Flask XSM Disabled: then the exit status is 1.",
         {json_option},
         0,
         0,
         get_enforce},
        {"setenforce",
         "1|0|enforcing|permissive",
         "let Xen's security module enforce its policy, or only log",
         "",
         {},
         1,
         1,
         set_enforce},
        {"loadpolicy",
         "FILE",
         "give Xen's security module another policy",
         "A binary FLASK policy, as packaging/xen-xsm makes it; the file is in dom0. Domains keep their labels as far "
         "as the new policy has them, by these names or by aliases.",
         {},
         1,
         1,
         load_policy},
        {"policy boolean",
         "[NAME [0|1]]",
         "show or set booleans of the policy that Xen enforces",
         "Those named acm_cw_block_TYPE are the Chinese Wall: while one is 1, Xen refuses to create domains of labels "
         "with that type.",
         {json_option},
         0,
         2,
         booleans},
    };
    return verbs;
}

} // namespace bulkhead::cli
