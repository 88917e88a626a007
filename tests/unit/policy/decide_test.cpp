// The decision rules against a reference that works on names, set by set, straight from the manual's sentences.
#include "compiled.hpp"
#include "policy/host.hpp"
#include "policy/matrix.hpp"
#include "policy/policy.hpp"
#include "policy/type_set.hpp"
#include "samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace bulkhead::policy {
namespace {

using samples::id;
using testing::ElementsAre;
using testing::IsEmpty;

using Names = std::set<std::string>;

Names names(const std::vector<Text>& list) {
    Names all;
    for (const Text& text : list) all.insert(text.text);
    return all;
}

Names common(const Names& a, const Names& b) {
    Names both;
    for (const std::string& name : a) {
        if (b.count(name) != 0) both.insert(name);
    }
    return both;
}

// "Their security labels have at least one STE type in common."
bool naive_share(const Label& a, const Label& b) {
    return !common(names(a.ste), names(b.ste)).empty();
}

// "Authorizes the Xen system to run only those workload types, whose STE types are included in the Domain-0 label"; a
// label without types is never authorised.
bool naive_authorise(const Label& domain0, const Label& guest) {
    return !guest.ste.empty() && common(names(domain0.ste), names(guest.ste)) == names(guest.ste);
}

// "Of all the workloads specified in a Run-time Exclusion rule, at most one type can run at a time."
bool naive_runs_together(const Document& document, const std::vector<const Label*>& running) {
    for (const Conflict& conflict : document.conflicts) {
        Names types;
        for (const Label* label : running) {
            for (const std::string& type : common(names(label->chinese_wall), names(conflict.types)))
                types.insert(type);
        }
        if (types.size() > 1) return false;
    }
    return true;
}

} // namespace

TEST(TypeSet, AgreesWithStdSet) {
    std::mt19937 random(2); // NOLINT: the same each time
    const auto below = [&random](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    for (int round = 0; round < 500; ++round) {
        std::set<TypeId> in[2];
        for (auto& set : in) {
            for (std::size_t i = below(below(2) == 0 ? 5 : 60); i > 0; --i) set.insert(static_cast<TypeId>(below(200)));
        }
        const TypeSet a({in[0].begin(), in[0].end()}), b({in[1].begin(), in[1].end()});
        std::optional<TypeId> first_common, first_missing;
        for (const TypeId type : in[1]) {
            if (in[0].count(type) != 0 && !first_common) first_common = type;
            if (in[0].count(type) == 0 && !first_missing) first_missing = type;
        }
        EXPECT_EQ(a.intersects(b), first_common.has_value());
        EXPECT_EQ(a.first_common(b), first_common);
        EXPECT_EQ(a.first_missing(b), first_missing);
        EXPECT_EQ(a.includes(b), !first_missing);
        for (TypeId type = 0; type < 260; ++type) EXPECT_EQ(a.contains(type), in[0].count(type) != 0);
    }
    EXPECT_EQ(TypeSet({3, 1, 3, 2}).types(), (std::vector<TypeId>{1, 2, 3}));
}

TEST(Decide, AgreesWithTheReferenceOnPairs) {
    std::mt19937 random(3); // NOLINT: the same each time
    std::size_t yes = 0, no = 0;
    for (int round = 0; round < 60; ++round) {
        const Document document = samples::random_document(random);
        const PolicyPtr policy = samples::compile(document);
        ASSERT_TRUE(policy);
        for (LabelId a = 0; a < document.vm_labels.size(); ++a) {
            for (LabelId b = 0; b < document.vm_labels.size(); ++b) {
                const Label& la = document.vm_labels[a];
                const Label& lb = document.vm_labels[b];
                EXPECT_EQ(policy->can_share(a, b), naive_share(la, lb));
                EXPECT_EQ(policy->share(a, b).allowed, naive_share(la, lb));
                EXPECT_EQ(policy->can_authorise(a, b), naive_authorise(la, lb));
                EXPECT_EQ(policy->authorise(a, b).allowed, naive_authorise(la, lb));
                EXPECT_EQ(policy->can_coexist(a, b), naive_runs_together(document, {&la, &lb}));
                EXPECT_FALSE(policy->share(a, b).reason.empty());
                EXPECT_FALSE(policy->authorise(a, b).reason.empty());
                ++(policy->can_coexist(a, b) ? yes : no);
            }
            for (LabelId r = 0; r < document.resource_labels.size(); ++r)
                EXPECT_EQ(policy->can_use(a, policy->resource_labels()[r]),
                          naive_share(document.vm_labels[a], document.resource_labels[r]));
        }
    }
    EXPECT_GT(yes, 300U); // both kinds were asked
    EXPECT_GT(no, 30U);
}

// Domains come and go; the host admits exactly what the reference, which starts from nothing each time, lets run beside
// all the others.
TEST(Decide, AgreesWithTheReferenceOnRunningDomains) {
    std::mt19937 random(4); // NOLINT: the same each time
    const auto below = [&random](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    std::size_t started = 0, excluded = 0;
    for (int round = 0; round < 60; ++round) {
        const Document document = samples::random_document(random);
        const PolicyPtr policy = samples::compile(document);
        ASSERT_TRUE(policy);
        Host host(policy);
        const Host empty = host;
        std::map<std::string, LabelId> running;
        for (int step = 0; step < 60; ++step) {
            const std::string domain = "d" + std::to_string(below(12));
            if (running.count(domain) != 0) {
                host.stop(domain);
                running.erase(domain);
                continue;
            }
            const auto label = static_cast<LabelId>(below(document.vm_labels.size()));
            std::vector<const Label*> all = {&document.vm_labels[host.domain0()], &document.vm_labels[label]};
            for (const auto& [other, its] : running) all.push_back(&document.vm_labels[its]);
            const bool together = naive_runs_together(document, all);
            const bool authorised = naive_authorise(*all[0], *all[1]);
            EXPECT_EQ(host.admits(label), together);
            EXPECT_EQ(host.admission(label).allowed, together);
            EXPECT_NE(host.admission(label).reason, "a running domain excludes " + document.vm_labels[label].name.text);
            const Host before = host;
            const Status start = host.start(domain, domain, label);
            EXPECT_EQ(start.has_value(), together && authorised);
            if (start) {
                running[domain] = label;
                ++started;
            } else {
                EXPECT_EQ(host, before);
                if (!together) ++excluded;
            }
        }
        for (const auto& [domain, label] : running) host.stop(domain);
        EXPECT_EQ(host, empty); // the reference counts are back where they were
    }
    EXPECT_GT(started, 300U);
    EXPECT_GT(excluded, 30U);
}

TEST(Decide, SaysWhy) {
    const PolicyPtr policy = samples::make(samples::banks());
    const auto share = [&](const char* a, const char* b) { return policy->share(id(policy, a), id(policy, b)).reason; };
    EXPECT_EQ(share("A-Bank", "A-Bank"), "A-Bank and A-Bank share the type A-Bank");
    EXPECT_EQ(share("A-Bank", "B-Bank"), "A-Bank and B-Bank have no STE type in common: A-Bank against B-Bank");
    EXPECT_EQ(share("SystemManagement", "AutoCorp"), "SystemManagement and AutoCorp share the type AutoCorp");
    const auto authorise = [&](const char* a, const char* b) {
        return policy->authorise(id(policy, a), id(policy, b)).reason;
    };
    EXPECT_EQ(authorise("A-Bank", "AutoCorp"), "Domain-0 (A-Bank) does not have the type AutoCorp of AutoCorp, so this "
                                               "host is not authorised to run it");
    EXPECT_EQ(authorise("A-Bank", "A-Bank"), "Domain-0 (A-Bank) has every type of A-Bank");
}

namespace {

nlohmann::ordered_json matrix_of(const Document& document) {
    std::string text;
    matrix_json(*samples::make(document), [&text](std::string_view piece) { text += piece; });
    return nlohmann::ordered_json::parse(text);
}

} // namespace

TEST(Matrix, IsThatOfTheManualsPolicy) {
    const auto json = matrix_of(samples::banks());
    std::vector<std::string> keys;
    for (const auto& [key, value] : json.items()) keys.push_back(key);
    EXPECT_THAT(keys, ElementsAre("share", "coexist", "authorise"));
    const std::vector<std::string> all = {
        "SystemManagement",      "__UNLABELED__", "A-Bank",  "A-Bank.SecurityUnderwriting",
        "A-Bank.MarketAnalysis", "B-Bank",        "AutoCorp"};
    for (const char* relation : {"share", "coexist", "authorise"}) {
        std::vector<std::string> rows;
        for (const auto& [key, value] : json[relation].items()) rows.push_back(key);
        EXPECT_EQ(rows, all) << relation;
    }
    EXPECT_EQ(json["share"]["SystemManagement"], all);
    EXPECT_THAT(json["share"]["A-Bank"], ElementsAre("SystemManagement", "A-Bank"));
    EXPECT_THAT(json["share"]["A-Bank.MarketAnalysis"], ElementsAre("SystemManagement", "A-Bank.MarketAnalysis"));
    EXPECT_EQ(json["coexist"]["SystemManagement"], all);
    EXPECT_EQ(json["coexist"]["AutoCorp"], all);
    EXPECT_THAT(json["coexist"]["__UNLABELED__"], ElementsAre("SystemManagement", "__UNLABELED__", "AutoCorp"));
    EXPECT_THAT(json["coexist"]["A-Bank"], ElementsAre("SystemManagement", "A-Bank", "A-Bank.SecurityUnderwriting",
                                                       "A-Bank.MarketAnalysis", "AutoCorp"));
    EXPECT_THAT(json["coexist"]["A-Bank.MarketAnalysis"],
                ElementsAre("SystemManagement", "A-Bank", "A-Bank.MarketAnalysis", "AutoCorp"));
    EXPECT_THAT(json["coexist"]["B-Bank"], ElementsAre("SystemManagement", "B-Bank", "AutoCorp"));
    EXPECT_EQ(json["authorise"]["SystemManagement"], all);
    EXPECT_THAT(json["authorise"]["A-Bank"], ElementsAre("A-Bank"));
}

TEST(Matrix, GivesEmptyListsToALabelWithoutTypes) {
    Document document = samples::banks();
    document.vm_labels.push_back(samples::label("Idle: / B-Bank"));
    const auto json = matrix_of(document);
    EXPECT_THAT(json["share"]["Idle"], IsEmpty());
    EXPECT_THAT(json["authorise"]["Idle"], IsEmpty());
    EXPECT_THAT(json["coexist"]["Idle"], ElementsAre("SystemManagement", "B-Bank", "AutoCorp", "Idle"));
    EXPECT_THAT(json["authorise"]["SystemManagement"], testing::Not(testing::Contains("Idle")));
}

TEST(Matrix, IsATableForPeople) {
    std::string text;
    matrix_text(*samples::make(samples::initial()), [&text](std::string_view piece) { text += piece; });
    EXPECT_EQ(text, "DEFAULT 1.0: Domain-0 boots as SystemManagement\n"
                    "\nshare: a label may communicate with\n"
                    "  SystemManagement  all\n"
                    "  __UNLABELED__     all\n"
                    "\ncoexist: a label may run beside\n"
                    "  SystemManagement  all\n"
                    "  __UNLABELED__     all\n"
                    "\nauthorise: a label as Domain-0's lets run\n"
                    "  SystemManagement  all\n"
                    "  __UNLABELED__     __UNLABELED__\n");
}

} // namespace bulkhead::policy
