#include "samples.hpp"
#include "compiled.hpp"

#include "base/text.hpp"
#include "policy/check.hpp"
#include "policy/write_xml.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace bulkhead::policy::samples {
namespace {

Document start(const std::string& name, const std::string& version, const std::string& ste, const std::string& wall) {
    Document document;
    document.header.name.text = name;
    document.header.version.text = version;
    document.has_ste = document.has_chinese_wall = true;
    document.ste = texts(ste);
    document.chinese_wall = texts(wall);
    document.bootstrap.text = "SystemManagement";
    return document;
}

void update(Document& document, const std::string& name, const std::string& version) {
    document.header.from = FromPolicy{{name, 0}, {version, 0}};
}

} // namespace

std::vector<Text> texts(const std::string& list) {
    std::vector<Text> all;
    for (const std::string_view word : words(list)) all.push_back({std::string(word), 0});
    return all;
}

Label label(const std::string& text) {
    const auto halves = split(text, ':');
    const auto names = split(trim(halves[0]), '<');
    const auto types = split(halves.at(1), '/');
    Label made;
    made.name.text = names[0];
    if (names.size() == 2) made.from = Text{std::string(names[1]), 0};
    made.ste = texts(std::string(types[0]));
    if (types.size() == 2) made.chinese_wall = texts(std::string(types[1]));
    return made;
}

Conflict rule(const std::string& name, const std::string& types) {
    return {{name, 0}, texts(types)};
}

Document banks() {
    const std::string all = "SystemManagement __UNLABELED__ A-Bank A-Bank.SecurityUnderwriting A-Bank.MarketAnalysis "
                            "B-Bank AutoCorp";
    Document document = start("mytest", "1.0", all, all);
    document.header.date = "Mon Nov 19 22:51:56 2007";
    document.primary = Primary::chinese_wall;
    document.conflicts = {rule("RER", "A-Bank B-Bank __UNLABELED__"),
                          rule("RER", "A-Bank.MarketAnalysis A-Bank.SecurityUnderwriting __UNLABELED__")};
    document.vm_labels = {
        label("SystemManagement: " + all + " / SystemManagement"),
        label("__UNLABELED__: __UNLABELED__ / __UNLABELED__"),
        label("A-Bank: A-Bank / A-Bank"),
        label("A-Bank.SecurityUnderwriting: A-Bank.SecurityUnderwriting / A-Bank A-Bank.SecurityUnderwriting"),
        label("A-Bank.MarketAnalysis: A-Bank.MarketAnalysis / A-Bank A-Bank.MarketAnalysis"),
        label("B-Bank: B-Bank / B-Bank"),
        label("AutoCorp: AutoCorp / AutoCorp"),
    };
    for (const Text& type : document.ste) document.resource_labels.push_back(label(type.text + ": " + type.text));
    return document;
}

Document banks_update() {
    const std::string all = "SystemManagement A-Bank A-Bank.SU A-Bank.MA B-Bank AutoCorp";
    Document document = start("mytest", "1.1", all, all);
    update(document, "mytest", "1.0");
    document.header.date = "Tue Nov 27 21:53:45 2007";
    document.primary = Primary::chinese_wall;
    document.conflicts = {rule("RER", "A-Bank B-Bank"), rule("RER", "A-Bank.MA A-Bank.SU")};
    document.vm_labels = {
        label("SystemManagement: " + all + " / SystemManagement"),
        label("A-Bank-WL: SystemManagement A-Bank A-Bank.SU A-Bank.MA / SystemManagement"),
        label("A-Bank: A-Bank / A-Bank"),
        label("A-Bank.SU<A-Bank.SecurityUnderwriting: A-Bank.SU / A-Bank A-Bank.SU"),
        label("A-Bank.MA<A-Bank.MarketAnalysis: A-Bank.MA / A-Bank A-Bank.MA"),
        label("B-Bank: B-Bank / B-Bank"),
        label("AutoCorp: AutoCorp / AutoCorp"),
    };
    document.resource_labels = {
        label("SystemManagement: SystemManagement"),
        label("A-Bank: A-Bank"),
        label("A-Bank.SU<A-Bank.SecurityUnderwriting: A-Bank.SU"),
        label("A-Bank.MA<A-Bank.MarketAnalysis: A-Bank.MA"),
        label("B-Bank: B-Bank"),
        label("AutoCorp: AutoCorp"),
    };
    return document;
}

Document colours() {
    const std::string all = "SystemManagement green red blue";
    Document document = start("xm-test", "1.0", all, all);
    document.conflicts = {rule("RER", "blue red")};
    document.vm_labels = {label("SystemManagement: " + all + " / SystemManagement"), label("green: green / green"),
                          label("red: red / red"), label("blue: blue / blue")};
    for (const Text& type : document.ste) document.resource_labels.push_back(label(type.text + ": " + type.text));
    return document;
}

Document colours_update() {
    const std::string all = "SystemManagement GREEN red __UNLABELED__";
    Document document = start("xm-test-update", "1.1", all, all);
    update(document, "xm-test", "1.0");
    document.conflicts = {rule("RER", "GREEN red")};
    document.vm_labels = {label("SystemManagement: " + all + " / SystemManagement"),
                          label("GREEN<green: GREEN / GREEN"), label("red: red / red"),
                          label("__UNLABELED__: __UNLABELED__ / __UNLABELED__")};
    document.resource_labels = {label("SystemManagement: SystemManagement"), label("GREEN<green: GREEN"),
                                label("RED<red: red"), label("__UNLABELED__: __UNLABELED__")};
    return document;
}

Document initial() {
    Document document = start("DEFAULT", "1.0", "SystemManagement __UNLABELED__", "SystemManagement");
    document.vm_labels = {label("SystemManagement: SystemManagement __UNLABELED__ /"),
                          label("__UNLABELED__: __UNLABELED__ /")};
    document.resource_labels = {label("__UNLABELED__: __UNLABELED__")};
    return document;
}

PolicyPtr make(const Document& document) {
    Loaded loaded = load(write_xml(document));
    for (const Problem& error : loaded.errors) ADD_FAILURE() << format(error, document.header.name.text);
    return loaded.policy;
}

PolicyPtr compile(const Document& document) {
    Problems problems;
    check(document, problems);
    for (const Problem& error : problems.errors()) ADD_FAILURE() << format(error, document.header.name.text);
    return problems.none() ? Policy::make(document) : nullptr;
}

std::vector<std::string> errors(const std::string& xml) {
    std::vector<std::string> lines;
    for (const Problem& error : load(xml).errors) lines.push_back(std::to_string(error.line) + ": " + error.text);
    return lines;
}

LabelId id(const PolicyPtr& policy, const std::string& name) {
    const auto found = policy->find_vm_label(name);
    EXPECT_TRUE(found) << name;
    return found.value_or(0);
}

Document random_document(std::mt19937& random) {
    const auto below = [&random](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    const std::size_t types = 2 + below(below(4) == 0 ? 60 : 8); // sometimes more than a short list's worth
    std::string all;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < types; ++i) names.push_back("t" + std::to_string(i));
    for (const std::string& name : names) all += name + " ";
    const auto some = [&](std::size_t of) {
        std::string list;
        for (const std::string& name : names) {
            if (below(types) < of) list += name + " ";
        }
        return list;
    };
    Document document = start("random", "1.0", all, all);
    for (std::size_t i = below(4); i > 0; --i) {
        Conflict conflict = rule("R" + std::to_string(i), some(3));
        if (conflict.types.size() >= 2) document.conflicts.push_back(std::move(conflict));
    }
    document.vm_labels.push_back(label("SystemManagement: " + (below(4) == 0 ? some(types / 2) : all) + "/"));
    for (std::size_t i = 1 + below(8); i > 0; --i) {
        Label made = label("L" + std::to_string(i) + ": " + some(below(types) + 1) + "/" + some(2));
        // At most one type of each rule, as check.cpp demands.
        for (const Conflict& conflict : document.conflicts) {
            bool taken = false;
            std::erase_if(made.chinese_wall, [&](const Text& type) {
                const bool in = std::find(conflict.types.begin(), conflict.types.end(), type) != conflict.types.end();
                return in && std::exchange(taken, true);
            });
        }
        document.vm_labels.push_back(std::move(made));
    }
    for (std::size_t i = below(types); i > 0; --i)
        document.resource_labels.push_back(label("r" + std::to_string(i) + ": " + names[i]));
    return document;
}

} // namespace bulkhead::policy::samples
