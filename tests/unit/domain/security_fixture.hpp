// For tests of Security: a host with xm-test's policy and domains.
#pragma once

#include "domain/security.hpp"

#include "base/file.hpp"
#include "domain/journal.hpp"
#include "domain/security_look.hpp"
#include "policy/document.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::domain {

inline std::string types(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += "<Type>" + name + "</Type>";
    return text;
}

inline std::string vm(const std::string& name, const std::vector<std::string>& ste, const std::string& from = "") {
    return "<VirtualMachineLabel><Name" + (from.empty() ? "" : " from=\"" + from + "\"") + ">" + name +
           "</Name><SimpleTypeEnforcementTypes>" + types(ste) + "</SimpleTypeEnforcementTypes><ChineseWallTypes>" +
           types({ste.front()}) + "</ChineseWallTypes></VirtualMachineLabel>";
}

inline std::string resource(const std::string& name, const std::string& type, const std::string& from = "") {
    return "<ResourceLabel><Name" + (from.empty() ? "" : " from=\"" + from + "\"") + ">" + name +
           "</Name><SimpleTypeEnforcementTypes>" + types({type}) + "</SimpleTypeEnforcementTypes></ResourceLabel>";
}

inline std::string policy_xml(const std::string& header, const std::vector<std::string>& names, const std::string& vms,
                              const std::string& resources, const std::vector<std::string>& rule) {
    return R"(<?xml version="1.0" encoding="UTF-8"?><SecurityPolicyDefinition xmlns="http://www.ibm.com"><PolicyHeader>)" +
           header + "</PolicyHeader><SimpleTypeEnforcement><SimpleTypeEnforcementTypes>" + types(names) +
           "</SimpleTypeEnforcementTypes></SimpleTypeEnforcement><ChineseWall priority=\"PrimaryPolicyComponent\">"
           "<ChineseWallTypes>" +
           types(names) + "</ChineseWallTypes><ConflictSets><Conflict name=\"RER\">" + types(rule) +
           "</Conflict></ConflictSets></ChineseWall><SecurityLabelTemplate><SubjectLabels "
           "bootstrap=\"SystemManagement\">" +
           vms + "</SubjectLabels><ObjectLabels>" + resources +
           "</ObjectLabels></SecurityLabelTemplate></SecurityPolicyDefinition>";
}

inline const std::vector<std::string> four = {"SystemManagement", "green", "red", "blue"};

// xm-test's policy (Xen 4.1).
inline std::string xm_test() {
    return policy_xml("<PolicyName>xm-test</PolicyName><Version>1.0</Version>", four,
                      vm("SystemManagement", four) + vm("green", {"green"}) + vm("red", {"red"}) + vm("blue", {"blue"}),
                      resource("SystemManagement", "SystemManagement") + resource("green", "green") +
                          resource("red", "red") + resource("blue", "blue"),
                      {"blue", "red"});
}

// Its update: green is GREEN now, blue is gone.
inline std::string xm_test_update() {
    const std::vector<std::string> names = {"SystemManagement", "green", "red", "__UNLABELED__"};
    return policy_xml("<PolicyName>xm-test-update</PolicyName><Version>1.1</Version><FromPolicy><PolicyName>xm-test"
                      "</PolicyName><Version>1.0</Version></FromPolicy>",
                      names,
                      vm("SystemManagement", names) + vm("GREEN", {"green"}, "green") + vm("red", {"red"}) +
                          vm("__UNLABELED__", {"__UNLABELED__"}),
                      resource("SystemManagement", "SystemManagement") + resource("GREEN", "green", "green") +
                          resource("RED", "red", "red") + resource("__UNLABELED__", "__UNLABELED__"),
                      {"green", "red"});
}

struct SecurityTest : testing::Test {
    const std::string folder = testing::TempDir() + "bulkhead-security." + std::to_string(::getpid());
    std::optional<Journal> journal;
    std::optional<Security> security;
    std::set<std::string> held;
    Security::Running running;

    SecurityTest() { boot(); }
    ~SecurityTest() override {
        security.reset();
        journal.reset();
        std::filesystem::remove_all(folder);
    }
    SecurityTest(const SecurityTest&) = delete;
    SecurityTest& operator=(const SecurityTest&) = delete;

    // A daemon that starts on what the one before left.
    void boot() {
        security.reset();
        journal.reset();
        journal.emplace(Journal::open(folder + "/state.db").value());
        security.emplace(journal->database(), folder + "/policy.log",
                         [this](const std::string& uuid) { return held.contains(uuid); });
        security->load();
    }
    void set(const std::string& xml) {
        const Outcome outcome = security->set_policy(xml, "/p.xml", running, "uid 0", false);
        ASSERT_TRUE(outcome.done()) << outcome.reason;
    }
    Question create(const std::string& name, const std::string& label, std::vector<DeviceUse> devices = {}) {
        Question question;
        question.verb = "create";
        question.uuid = "uuid-" + name;
        question.name = name;
        question.starts = true;
        if (!label.empty()) question.label = {"xm-test", label, ""};
        question.generation = security->labelled().generation;
        question.devices = std::move(devices);
        return question;
    }
    Question attach(const std::string& name, DeviceUse use) {
        Question question = create(name, "", {std::move(use)});
        question.verb = "block-attach";
        question.starts = false;
        return question;
    }
    Result<Permit> ask(const Question& question, const std::shared_ptr<Security::Flight>& flight) {
        return security->ask(question, *flight, running);
    }
    // It starts and runs.
    Status start(const std::string& name, const std::string& label, std::vector<DeviceUse> devices = {}) {
        const auto flight = security->fly("uid 0");
        TRY(ask(create(name, label, std::move(devices)), flight));
        run(name);
        return {};
    }
    void run(const std::string& name) {
        xen::DomainInfo domain;
        domain.id = next_++;
        domain.uuid = "uuid-" + name;
        domain.name = name;
        running.push_back(domain);
    }
    void end(const std::string& name) {
        std::erase_if(running, [&](const xen::DomainInfo& domain) { return domain.name == name; });
    }
    void label(const std::string& path, const std::string& label) {
        storage::Facts facts;
        const Outcome outcome = security->label_resource(find_resource(facts, path).value(), label, "uid 0");
        ASSERT_TRUE(outcome.done()) << outcome.reason;
    }
    std::string file(const std::string& name) {
        std::string path = folder + "/" + name;
        EXPECT_TRUE(write_file_atomic(path, name));
        return path;
    }
    DeviceUse disk(const std::string& path) {
        storage::Facts facts;
        const Labelled found = find_resource(facts, path).value();
        DeviceUse use;
        use.device = "vbd xvda";
        use.name = path;
        use.resources = resources_in(facts, security->labelled(), found);
        use.node = node_text(found.node);
        return use;
    }
    std::string audit() { return read_file(folder + "/policy.log", 1 << 20).value_or(""); }

private:
    unsigned next_ = 1;
};

} // namespace bulkhead::domain
