#include "policy/update.hpp"

#include "compiled.hpp"
#include "policy/difference.hpp"
#include "policy/history.hpp"
#include "samples.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bulkhead::policy {
namespace {

using samples::id;
using samples::label;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Problem>& problems) {
    std::vector<std::string> all;
    for (const Problem& problem : problems) all.push_back(problem.text);
    return all;
}

std::string label_of(const Host& host, const std::string& domain) {
    return host.policy()->vm_labels()[host.domains().at(domain).label].name;
}

// "POLICY:LABEL", with INV_ before it when invalid.
std::string label_of_resource(const Host& host, const std::string& resource) {
    const ResourceLabel& label = host.resource_labels().at(resource);
    return (label.valid ? "" : "INV_") + label.policy + ":" + label.label;
}

// The problems of an update, after which the host must be as it was.
std::vector<std::string> refused(const Host& host, const Document& next) {
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): to see that it does not change
    const Host before = host;
    const Update update = prepare_update(host, samples::make(next));
    EXPECT_FALSE(update.host);
    EXPECT_EQ(host, before);
    return texts(update.problems);
}

struct UpdatedBanks : testing::Test {
    PolicyPtr policy = samples::make(samples::banks());
    Host host{policy};
    Document next = samples::banks_update();

    void start(const std::string& name, const std::string& label) {
        ASSERT_TRUE(host.start(name, name, id(policy, label)));
    }
};

struct UpdatedColours : testing::Test {
    PolicyPtr policy = samples::make(samples::colours());
    Host host{policy};

    void start(const std::string& label) { ASSERT_TRUE(host.start(label, "guest-" + label, id(policy, label))); }
};

Document following(Document document) {
    document.header.from = FromPolicy{document.header.name, document.header.version};
    document.header.version.text = "1.1";
    return document;
}

} // namespace

// 10.3.5, as printed.
TEST_F(UpdatedBanks, AreUpdatedWhileTheyRun) {
    start("domain1", "A-Bank");
    start("domain4", "A-Bank.SecurityUnderwriting");
    ASSERT_TRUE(host.label_resource("disk1", "A-Bank"));
    ASSERT_TRUE(host.label_resource("disk4", "A-Bank.SecurityUnderwriting"));
    ASSERT_TRUE(host.label_resource("spare", "__UNLABELED__"));
    ASSERT_TRUE(host.label_resource("nobody's", "__INACCESSIBLE__"));
    ASSERT_TRUE(host.attach("domain1", "disk1"));
    ASSERT_TRUE(host.attach("domain4", "disk4"));
    Update update = prepare_update(host, samples::make(next));
    ASSERT_TRUE(update.host) << testing::PrintToString(texts(update.problems));
    host = std::move(*update.host);
    EXPECT_EQ(label_of(host, "domain1"), "A-Bank");
    EXPECT_EQ(label_of(host, "domain4"), "A-Bank.SU");
    EXPECT_EQ(label_of_resource(host, "disk4"), "mytest:A-Bank.SU");
    EXPECT_EQ(label_of_resource(host, "spare"), "INV_mytest:__UNLABELED__");
    EXPECT_THAT(host.may_use(0, "spare").reason, HasSubstr("made invalid; remove it, and label the resource again"));
    EXPECT_FALSE(host.may_use(0, "nobody's").allowed);
    ASSERT_TRUE(host.relabel_domain0(host.domain0(), *host.policy()->find_vm_label("A-Bank-WL")));
    EXPECT_FALSE(host.start("domain3", "domain3", *host.policy()->find_vm_label("AutoCorp")));
    host.stop("domain1");
    host.stop("domain4");
    EXPECT_EQ(host.admission(*host.policy()->find_vm_label("B-Bank")).reason, "no running domain excludes B-Bank");
}

TEST_F(UpdatedBanks, NeedTheRightPredecessorAndVersion) {
    next.header.from.reset();
    EXPECT_THAT(refused(host, next), ElementsAre("it has no FromPolicy, so it cannot update mytest 1.0"));
    next = samples::banks_update();
    next.header.from->name.text = "other";
    next.header.from->version.text = "0.9";
    next.header.version.text = "1.0";
    EXPECT_THAT(refused(host, next), ElementsAre("its version 1.0 is not higher than that of mytest 1.0",
                                                 "it updates policy other, but mytest 1.0 is in force",
                                                 "it updates version 0.9, but mytest 1.0 is in force"));
    next = samples::banks_update();
    next.header.version.text = "1.10";
    EXPECT_TRUE(prepare_update(host, samples::make(next)).host);
    EXPECT_THAT(refused(host, samples::banks()), testing::SizeIs(2)); // the same again
}

TEST_F(UpdatedBanks, MayOnlyComeFromLabelsThatWere) {
    next.vm_labels[3].from->text = "A-Bank.Underwriting";
    EXPECT_THAT(refused(host, next),
                ElementsAre("VM label A-Bank.SU: comes from A-Bank.Underwriting, which policy mytest "
                            "1.0 does not have"));
    next = samples::banks_update();
    next.resource_labels[2].from->text = "A-Bank.Underwriting";
    EXPECT_THAT(refused(host, next),
                ElementsAre(HasSubstr("resource label A-Bank.SU: comes from A-Bank.Underwriting")));
}

TEST_F(UpdatedBanks, KeepWhatIsRunning) {
    ASSERT_TRUE(host.start("domain4", "domain4", host.vm_label("").value()));
    EXPECT_THAT(refused(host, next), ElementsAre("domain4 runs with the label __UNLABELED__, which the update neither "
                                                 "keeps nor renames"));
    host.stop("domain4");
    start("one", "A-Bank");
    start("two", "AutoCorp");
    next.conflicts.push_back(samples::rule("New", "A-Bank AutoCorp"));
    EXPECT_THAT(refused(host, next),
                ElementsAre("two could not go on running: A-Bank and AutoCorp exclude each other by "
                            "rule New; one (A-Bank) is running"));
    next = samples::banks_update();
    std::erase_if(next.vm_labels[0].ste, [](const Text& type) { return type.text == "AutoCorp"; });
    EXPECT_THAT(
        refused(host, next),
        ElementsAre("two could not go on running: Domain-0 (SystemManagement) does not have the type AutoCorp of "
                    "AutoCorp, so this host is not authorised to run it"));
    next = samples::banks_update();
    next.vm_labels[0].name.text = next.bootstrap.text = "System";
    EXPECT_THAT(refused(host, next),
                ElementsAre("Domain-0 has the label SystemManagement, which the update neither keeps "
                            "nor renames"));
    next.vm_labels[0].from = Text{"SystemManagement", 0};
    EXPECT_TRUE(prepare_update(host, samples::make(next)).host);
}

TEST_F(UpdatedBanks, KeepWhatIsInUse) {
    start("domain1", "A-Bank");
    ASSERT_TRUE(host.label_resource("disk1", "A-Bank"));
    ASSERT_TRUE(host.attach("domain1", "disk1"));
    next.resource_labels.erase(next.resource_labels.begin() + 1);
    EXPECT_THAT(refused(host, next),
                ElementsAre(HasSubstr("domain1 could not go on using what it uses: resource disk1 "
                                      "has the label A-Bank of policy mytest, which a policy change "
                                      "made invalid")));
    host.detach("domain1", "disk1");
    EXPECT_TRUE(prepare_update(host, samples::make(next)).host);
}

TEST_F(UpdatedBanks, KeepWhatIsShared) {
    start("ndvm", "SystemManagement");
    start("domain1", "A-Bank");
    ASSERT_TRUE(host.connect("domain1", "ndvm"));
    next = following(samples::banks());
    next.vm_labels.push_back(label("NDVM<SystemManagement: AutoCorp / AutoCorp"));
    next.vm_labels[0].name.text = next.bootstrap.text = "System";
    next.vm_labels[0].from.reset();
    const auto problems = refused(host, next);
    EXPECT_THAT(problems,
                testing::Contains(HasSubstr("domain1 could not go on sharing with ndvm: A-Bank and NDVM have no "
                                            "STE type in common")));
}

TEST_F(UpdatedBanks, MayChangePlaces) {
    start("one", "A-Bank");
    next = following(samples::banks());
    next.vm_labels[2].from = Text{"B-Bank", 0};
    next.vm_labels[5].from = Text{"A-Bank", 0};
    const Update update = prepare_update(host, samples::make(next));
    ASSERT_TRUE(update.host);
    EXPECT_EQ(label_of(*update.host, "one"), "B-Bank");
    EXPECT_FALSE(update.host->admits(id(update.host->policy(), "A-Bank")));
}

// xm-test's group 9.
TEST_F(UpdatedColours, AreRefusedWhatRunningDomainsForbid) {
    start("red");
    start("green");
    Document next = following(samples::colours());
    next.conflicts = {samples::rule("RER", "red green")};
    EXPECT_THAT(refused(host, next), ElementsAre(HasSubstr("exclude each other by rule RER")));
    next = following(samples::colours());
    std::erase_if(next.vm_labels, [](const Label& label) { return label.name.text == "red"; });
    EXPECT_THAT(refused(host, next),
                ElementsAre(HasSubstr("guest-red runs with the label red, which the update neither")));
    next = following(samples::colours());
    std::erase_if(next.vm_labels, [](const Label& label) { return label.name.text == "blue"; });
    EXPECT_TRUE(prepare_update(host, samples::make(next)).host); // nobody has it
    next.vm_labels[1] = label("blue<green: blue / blue");
    EXPECT_THAT(refused(host, next), ElementsAre(HasSubstr("exclude each other by rule RER")));
}

// Group 10: refused while blue runs, then accepted, under another name.
TEST_F(UpdatedColours, AreUpdatedUnderAnotherName) {
    start("green");
    start("blue");
    for (const char* colour : {"green", "red", "blue"})
        ASSERT_TRUE(host.label_resource(std::string("file:") + colour, colour));
    refused(host, samples::colours_update());
    EXPECT_EQ(label_of_resource(host, "file:blue"), "xm-test:blue");
    host.stop("blue");
    Update update = prepare_update(host, samples::make(samples::colours_update()));
    ASSERT_TRUE(update.host) << testing::PrintToString(texts(update.problems));
    host = std::move(*update.host);
    EXPECT_EQ(host.policy()->name(), "xm-test-update");
    EXPECT_EQ(label_of(host, "green"), "GREEN");
    EXPECT_EQ(label_of_resource(host, "file:green"), "xm-test-update:GREEN");
    EXPECT_EQ(label_of_resource(host, "file:red"), "xm-test-update:RED");
    EXPECT_EQ(label_of_resource(host, "file:blue"), "INV_xm-test:blue");
    EXPECT_FALSE(host.start("red", "red", *host.policy()->find_vm_label("red")));
    host.stop("green");
    ASSERT_TRUE(host.start("red", "red", *host.policy()->find_vm_label("red")));
    host.stop("red");
    // Back to nothing: resources keep the labels that they had.
    update = prepare_update(host, samples::make(samples::initial()));
    ASSERT_TRUE(update.host);
    EXPECT_EQ(label_of_resource(*update.host, "file:green"), "INV_xm-test-update:GREEN");
    EXPECT_EQ(label_of_resource(*update.host, "file:blue"), "INV_xm-test:blue");
    // The same policy again does not make them valid.
    update = prepare_update(*update.host, samples::make(samples::colours()));
    ASSERT_TRUE(update.host) << "from DEFAULT no FromPolicy is asked";
    EXPECT_EQ(label_of_resource(*update.host, "file:blue"), "INV_xm-test:blue");
}

TEST(Update, ALabelOfAnotherPolicyIsNotTakenForUnlabeled) {
    Host host(samples::make(samples::colours()));
    ASSERT_TRUE(host.label_resource("file:red", "red"));
    Document other = samples::colours_update();
    other.header.name.text = "elsewhere";
    std::erase_if(other.resource_labels, [](const Label& label) { return label.from.has_value(); });
    const Update update = prepare_update(host, samples::make(other));
    ASSERT_TRUE(update.host);
    EXPECT_FALSE(update.host->may_use(*update.host->policy()->find_vm_label("__UNLABELED__"), "file:red").allowed);
}

namespace {

// A follower of `document`: labels renamed, deleted, exchanged and added, types and rules changed, all at random.
Document mutated(const Document& document, std::mt19937& random) {
    const auto below = [&random](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    Document next = samples::random_document(random);
    next.header.from = FromPolicy{document.header.name, document.header.version};
    next.header.version.text = below(20) == 0 ? "1.0" : "1.1";
    for (auto [labels, olds] :
         {std::pair{&next.vm_labels, &document.vm_labels}, {&next.resource_labels, &document.resource_labels}}) {
        std::vector<std::string> free;
        for (const Label& old : *olds) free.push_back(old.name.text);
        std::shuffle(free.begin(), free.end(), random);
        for (Label& label : *labels) {
            if (label.name.text == "SystemManagement" || below(3) != 0 || free.empty()) continue;
            label.name.text += "new";
            if (free.back() != "SystemManagement") label.from = Text{free.back(), 0};
            free.pop_back();
        }
        // No rename from a name that is still there: check.cpp refuses it.
        for (Label& label : *labels) {
            const auto still = [&label](const Label& other) { return label.from && other.name == *label.from; };
            if (std::any_of(labels->begin(), labels->end(), still)) label.from.reset();
        }
    }
    return next;
}

std::optional<std::string> naive_new_name(const std::vector<Label>& nexts, const std::string& old) {
    for (const Label& label : nexts) {
        if (label.from && label.from->text == old) return label.name.text;
    }
    for (const Label& label : nexts) {
        if (label.name.text == old) return old;
    }
    return std::nullopt;
}

} // namespace

// An update is taken exactly when a host that starts empty under the next policy could come to the same state; it then
// is that host. Otherwise nothing has changed.
TEST(Update, IsAllOrNothing) {
    std::mt19937 random(5); // NOLINT: the same each time
    const auto below = [&random](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    std::size_t taken = 0, denied = 0;
    for (int round = 0; round < 500; ++round) {
        const Document document = samples::random_document(random);
        const PolicyPtr policy = samples::compile(document);
        Host host(policy);
        for (const Label& label : document.resource_labels)
            ASSERT_TRUE(host.label_resource("of-" + label.name.text, label.name.text));
        for (std::size_t i = below(4); i > 0; --i) {
            const std::string domain = "d" + std::to_string(i);
            if (!host.start(domain, domain, static_cast<LabelId>(below(document.vm_labels.size())))) continue;
            for (const auto& [resource, label] : host.resource_labels()) {
                if (below(3) == 0) (void)host.attach(domain, resource);
            }
            if (below(2) == 0) (void)host.connect(domain, "d" + std::to_string(i + 1));
        }
        const Document next_document = mutated(document, random);
        const PolicyPtr next = samples::compile(next_document);
        ASSERT_TRUE(next);

        bool possible = next_document.header.version.text == "1.1";
        for (const auto* labels : {&next_document.vm_labels, &next_document.resource_labels}) {
            const auto& olds = labels == &next_document.vm_labels ? document.vm_labels : document.resource_labels;
            for (const Label& label : *labels) {
                const auto was = [&label](const Label& old) { return label.from && old.name == *label.from; };
                if (label.from && std::none_of(olds.begin(), olds.end(), was)) possible = false;
            }
        }
        Host fresh(next);
        const auto domain0 = naive_new_name(next_document.vm_labels, policy->vm_labels()[host.domain0()].name);
        possible = possible && domain0 && fresh.relabel_domain0(fresh.domain0(), id(next, *domain0));
        for (const auto& [resource, label] : host.resource_labels()) {
            const auto name = naive_new_name(next_document.resource_labels, label.label);
            if (name) {
                ASSERT_TRUE(fresh.label_resource(resource, *name));
            }
        }
        std::size_t lost = 0; // resources whose label is gone: `fresh` cannot have invalid ones
        for (const auto& [resource, label] : host.resource_labels())
            lost += fresh.resource_labels().count(resource) == 0;
        for (const auto& [key, domain] : host.domains()) {
            const auto name = naive_new_name(next_document.vm_labels, policy->vm_labels()[domain.label].name);
            possible = possible && name && fresh.start(key, domain.name, id(next, *name));
            for (const std::string& resource : domain.resources)
                possible = possible && fresh.resource_labels().count(resource) != 0 && fresh.attach(key, resource);
        }
        for (const auto& [key, domain] : host.domains()) {
            for (const std::string& peer : domain.peers) possible = possible && fresh.connect(key, peer);
        }

        const Host before = host;
        Update update = prepare_update(host, next);
        EXPECT_EQ(host, before);
        ASSERT_EQ(update.host.has_value(), possible) << testing::PrintToString(texts(update.problems));
        EXPECT_EQ(update.problems.empty(), possible);
        if (!possible) {
            ++denied;
            continue;
        }
        ++taken;
        std::size_t invalid = 0;
        for (const auto& [resource, label] : update.host->resource_labels()) invalid += label.valid ? 0 : 1;
        EXPECT_EQ(invalid, lost);
        if (lost == 0) {
            EXPECT_EQ(*update.host, fresh);
        }
        EXPECT_EQ(update.host->domains(), fresh.domains());
        for (LabelId label = 0; label < next->vm_labels().size(); ++label)
            EXPECT_EQ(update.host->may_start(label).allowed, fresh.may_start(label).allowed);
    }
    EXPECT_GT(taken, 25U);
    EXPECT_GT(denied, 25U);
}

namespace {

struct History : testing::Test {
    RenameHistory history;
    PolicyPtr active = samples::make(samples::banks());

    void update(const Document& document) {
        const PolicyPtr next = samples::compile(document);
        Problems problems;
        history.add(*active, *next, map_labels(*active, *next, problems));
        EXPECT_TRUE(problems.none());
        active = next;
    }
    std::string vm(const char* policy, const char* label, std::optional<Version> version = std::nullopt) const {
        const auto found = history.vm_label(*active, policy, version, label);
        return found ? *found : found.error().message;
    }
};

} // namespace

TEST_F(History, FollowsRenames) {
    EXPECT_EQ(vm("mytest", "A-Bank"), "A-Bank");
    update(samples::banks_update());
    EXPECT_EQ(vm("mytest", "A-Bank.SecurityUnderwriting"), "A-Bank.SU");
    EXPECT_EQ(vm("mytest", "A-Bank.SU"), "A-Bank.SU");
    EXPECT_EQ(vm("mytest", "A-Bank-WL"), "A-Bank-WL");
    EXPECT_EQ(vm("mytest", "A-Bank-WL", Version{1, 0}),
              "label A-Bank-WL of policy mytest 1.0: there was no such label");
    Document next = samples::banks_update();
    next.header.from->version.text = "1.1";
    next.header.version.text = "1.2";
    next.header.name.text = "renamed";
    next.vm_labels[3] = label("SU<A-Bank.SU: A-Bank.SU / A-Bank A-Bank.SU");
    next.vm_labels[4].from.reset();
    for (Label& label : next.resource_labels) label.from.reset();
    update(next);
    EXPECT_EQ(vm("mytest", "A-Bank.SecurityUnderwriting"), "SU");
    EXPECT_EQ(vm("mytest", "A-Bank.SU", Version{1, 1}), "SU");
    EXPECT_EQ(vm("renamed", "SU"), "SU");
    EXPECT_EQ(vm("mytest", "__UNLABELED__"),
              "label __UNLABELED__ of policy mytest: an update deleted it; label it again under policy renamed 1.2");
    EXPECT_EQ(vm("renamed", "A-Bank.SU"), "label A-Bank.SU of policy renamed: there was no such label");
    EXPECT_THAT(vm("other", "A-Bank"), HasSubstr("does not come from that policy"));
    EXPECT_EQ(history.resource_label(*active, "mytest", std::nullopt, "A-Bank.MarketAnalysis").value(), "A-Bank.MA");
}

TEST_F(History, DoesNotGuess) {
    Document next = following(samples::banks());
    next.vm_labels[2].from = Text{"B-Bank", 0}; // they change places
    next.vm_labels[5].from = Text{"A-Bank", 0};
    update(next);
    EXPECT_EQ(vm("mytest", "A-Bank"),
              "label A-Bank of policy mytest: the name meant different labels at different times; "
              "label it again under policy mytest 1.1");
    EXPECT_EQ(vm("mytest", "A-Bank", Version{1, 0}), "B-Bank");
    EXPECT_EQ(vm("mytest", "A-Bank", Version{1, 1}), "A-Bank");
    // Deleted, then there again with another meaning.
    Document third = next;
    third.header.from = FromPolicy{{"mytest", 0}, {"1.1", 0}};
    third.header.version.text = "1.2";
    for (Label& label : third.vm_labels) label.from.reset();
    const Label car = third.vm_labels.back();
    third.vm_labels.pop_back();
    update(third);
    third.header.from->version.text = "1.2";
    third.header.version.text = "1.3";
    third.vm_labels.push_back(car);
    update(third);
    EXPECT_THAT(vm("mytest", "AutoCorp"), HasSubstr("different labels at different times"));
    EXPECT_EQ(vm("mytest", "AutoCorp", Version{1, 3}), "AutoCorp");
    EXPECT_THAT(vm("mytest", "AutoCorp", Version{1, 0}), HasSubstr("an update deleted it"));
}

TEST(Difference, SaysWhatAnUpdateChanges) {
    const PolicyPtr old = samples::make(samples::banks()), next = samples::make(samples::banks_update());
    const Difference difference = compare(old, next);
    EXPECT_THAT(difference.problems, IsEmpty());
    EXPECT_THAT(difference.ste.added, ElementsAre("A-Bank.SU", "A-Bank.MA"));
    EXPECT_THAT(difference.ste.removed,
                ElementsAre("__UNLABELED__", "A-Bank.SecurityUnderwriting", "A-Bank.MarketAnalysis"));
    EXPECT_THAT(difference.rules.added, ElementsAre("RER: A-Bank, B-Bank", "RER: A-Bank.SU, A-Bank.MA"));
    EXPECT_THAT(difference.vm.added, ElementsAre("A-Bank-WL"));
    EXPECT_THAT(difference.vm.removed, ElementsAre("__UNLABELED__"));
    ASSERT_EQ(difference.vm.changed.size(), 3U); // SystemManagement's types, and the two departments
    EXPECT_EQ(difference.vm.changed[1].to, "A-Bank.SU");
    const auto json = difference_json(*old, *next, difference);
    EXPECT_EQ(json["applicable"], true);
    EXPECT_EQ(json["vm_labels"]["changed"][1]["from"], "A-Bank.SecurityUnderwriting");
    const std::string text = difference_text(*old, *next, difference);
    EXPECT_THAT(text, HasSubstr("~ VM label A-Bank.SecurityUnderwriting is now A-Bank.SU, loses STE type "
                                "A-Bank.SecurityUnderwriting, gains STE type A-Bank.SU"));
    EXPECT_THAT(text, HasSubstr("- VM label __UNLABELED__ (nothing that has it may be running or in use)\n"));
    EXPECT_THAT(text, HasSubstr("from mytest 1.0 to mytest 1.1 can be applied"));
}

TEST(Difference, SaysWhyItCannotBeApplied) {
    const PolicyPtr old = samples::make(samples::banks());
    const Difference difference = compare(old, old);
    EXPECT_EQ(difference.problems.size(), 2U);
    const std::string text = difference_text(*old, *old, difference);
    EXPECT_THAT(text, testing::StartsWith("The policies say the same.\n"));
    EXPECT_THAT(text, HasSubstr("cannot be applied:\n  line 4: it has no FromPolicy"));
    EXPECT_EQ(difference_json(*old, *old, difference)["applicable"], false);
}

} // namespace bulkhead::policy
