#include "compiled.hpp"
#include "flask_oracle.hpp"
#include "samples.hpp"

#include "policy/flask.hpp"
#include "policy/flask_names.hpp"

#include <gmock/gmock.h>

namespace bulkhead::policy {
namespace {

using namespace samples;
using testing::HasSubstr;
using Permissions = std::set<std::string>;
using Question = FlaskOracle::Question;

FlaskOracle oracle(const PolicyPtr& policy, LabelId domain0) {
    auto made = FlaskOracle::compile(compile_flask(policy, domain0).text);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? *made : FlaskOracle();
}

std::string type_of(const PolicyPtr& policy, LabelId label) {
    return flask_type(policy->vm_labels()[label].name);
}

// The policies of the manual and of Xen's own tests, and some that nobody thought of.
std::vector<PolicyPtr> policies(int random_ones) {
    std::vector<PolicyPtr> list;
    for (const Document& document : {banks(), banks_update(), colours(), colours_update(), initial()})
        list.push_back(compile(document));
    std::mt19937 random(7);
    for (int i = 0; i < random_ones; ++i) list.push_back(compile(random_document(random)));
    return list;
}

TEST(Flask, DomainsReachEachOtherIfTheirLabelsShare) {
    for (const PolicyPtr& policy : policies(3)) {
        SCOPED_TRACE(policy->name());
        const LabelId count = static_cast<LabelId>(policy->vm_labels().size());
        std::vector<Question> questions;
        for (LabelId a = 0; a < count; ++a) {
            for (LabelId b = 0; b < count; ++b) {
                questions.push_back({type_of(policy, a), type_of(policy, b), "grant"});
                questions.push_back({type_of(policy, a), type_of(policy, b), "argo"});
                questions.push_back({type_of(policy, a) + "_channel", type_of(policy, b), "event"});
                questions.push_back({type_of(policy, a), type_of(policy, b), "mmu"});
            }
        }
        const auto answers = oracle(policy, policy->bootstrap()).ask(questions);
        for (LabelId a = 0; a < count; ++a) {
            for (LabelId b = 0; b < count; ++b) {
                SCOPED_TRACE(type_of(policy, a) + " to " + type_of(policy, b));
                const bool share = policy->can_share(a, b);
                const auto* answer = &answers.allowed[std::size_t{4} * (std::size_t{a} * count + b)];
                EXPECT_EQ(answer[0], share ? (Permissions{"map_read", "map_write", "copy", "unmap"}) : Permissions());
                EXPECT_EQ(answer[1], share ? (Permissions{"send", "register_single_source"}) : Permissions());
                EXPECT_EQ(answer[2], share ? Permissions{"bind"} : Permissions());
                EXPECT_EQ(answer[3], Permissions());
            }
        }
    }
}

TEST(Flask, Domain0CreatesWhatItsLabelAuthorises) {
    for (const PolicyPtr& policy : policies(0)) {
        SCOPED_TRACE(policy->name());
        std::set<std::string> off;
        for (const FlaskBoolean& boolean : flask_booleans(*policy, Wall(policy))) off.insert(boolean.name);
        for (LabelId domain0 = 0; domain0 < policy->vm_labels().size(); ++domain0) {
            std::vector<Question> questions;
            for (LabelId label = 0; label < policy->vm_labels().size(); ++label) {
                const std::string& name = policy->vm_labels()[label].name;
                questions.push_back({"dom0_t", flask_type(name), "domain"});
                questions.push_back({"dom0_t", flask_model_type(name), "domain"});
                questions.push_back({"dom0_t", flask_type(name), "grant"});
                questions.push_back({flask_type(name), flask_type(name), "domain"});
            }
            const auto answers = oracle(policy, domain0).ask(questions, {}, off);
            for (LabelId label = 0; label < policy->vm_labels().size(); ++label) {
                SCOPED_TRACE(type_of(policy, domain0) + " creates " + type_of(policy, label));
                const auto* answer = &answers.allowed[std::size_t{4} * label];
                const Permissions domain =
                    policy->can_authorise(domain0, label) ? Permissions{"create", "destroy"} : Permissions{"destroy"};
                EXPECT_EQ(answer[0], domain);
                EXPECT_EQ(answer[1], domain);
                EXPECT_EQ(answer[2], policy->can_share(domain0, label)
                                         ? (Permissions{"map_read", "map_write", "copy", "unmap"})
                                         : Permissions{"unmap"});
                EXPECT_EQ(answer[3], Permissions());
            }
        }
    }
}

// With Domain-0 as it boots, and one domain of each label in turn.
TEST(Flask, BooleansAreTheWall) {
    for (const PolicyPtr& policy : policies(1)) {
        SCOPED_TRACE(policy->name());
        const LabelId domain0 = policy->bootstrap();
        const FlaskOracle flask = oracle(policy, domain0);
        std::vector<Question> questions;
        for (LabelId label = 0; label < policy->vm_labels().size(); ++label)
            questions.push_back({"dom0_t", type_of(policy, label), "domain"});
        const auto check = [&](const Wall& wall, const FlaskOracle::Answers& answers) {
            for (LabelId label = 0; label < policy->vm_labels().size(); ++label) {
                EXPECT_EQ(answers.allowed[label].contains("create"),
                          policy->can_authorise(domain0, label) && wall.admits(label))
                    << type_of(policy, label);
            }
        };
        Wall booted(policy);
        booted.enter(domain0);
        check(booted, flask.ask(questions)); // as the module declares them
        for (LabelId running = 0; running < policy->vm_labels().size(); ++running) {
            SCOPED_TRACE(type_of(policy, running) + " runs");
            Wall wall = booted;
            wall.enter(running);
            std::set<std::string> on, off;
            for (const FlaskBoolean& boolean : flask_booleans(*policy, wall))
                (boolean.value ? on : off).insert(boolean.name);
            check(wall, flask.ask(questions, on, off));
        }
    }
}

TEST(Flask, DevicesAreForWhomTheirLabelIs) {
    const PolicyPtr policy = compile(banks());
    std::vector<Question> questions;
    for (const Policy::LabelTypes& vm : policy->vm_labels()) {
        for (const Policy::LabelTypes& resource : policy->resource_labels())
            questions.push_back({flask_type(vm.name), flask_resource_type(resource.name), "resource"});
        questions.push_back({flask_type(vm.name), "device_t", "resource"});
    }
    const auto answers = oracle(policy, policy->bootstrap()).ask(questions);
    std::size_t next = 0;
    for (LabelId vm = 0; vm < policy->vm_labels().size(); ++vm) {
        for (const Policy::LabelTypes& resource : policy->resource_labels())
            EXPECT_EQ(answers.allowed[next++].contains("use_iommu"), policy->can_use(vm, resource))
                << type_of(policy, vm) << " " << resource.name;
        EXPECT_EQ(answers.allowed[next++].contains("use_iommu"), policy->can_use(vm, *policy->unlabeled_resource()))
            << type_of(policy, vm);
    }
}

TEST(Flask, ADomainWithoutALabelHasTheUnlabelledOnesType) {
    EXPECT_EQ(flask_context("__UNLABELED__"), "system_u:system_r:domU_t");
    const auto create = [](const Document& document) {
        const PolicyPtr policy = compile(document);
        return oracle(policy, policy->bootstrap()).ask({{"dom0_t", "domU_t", "domain"}}).allowed[0];
    };
    EXPECT_EQ(create(banks()), (Permissions{"create", "destroy"}));
    EXPECT_EQ(create(banks_update()), Permissions{"destroy"}); // it has no such label
}

TEST(Flask, RenamedLabelsKeepTheirDomains) {
    const PolicyPtr policy = compile(banks_update());
    const auto sids = oracle(policy, policy->bootstrap())
                          .ask({}, {}, {},
                               {flask_context("A-Bank.SU"), flask_context("A-Bank.SecurityUnderwriting"),
                                flask_model_context("A-Bank.SecurityUnderwriting"), flask_context("A-Bank")})
                          .sids;
    EXPECT_EQ(sids[0], sids[1]);
    EXPECT_NE(sids[0], sids[2]);
    EXPECT_NE(sids[0], sids[3]);
}

TEST(Flask, LabelsThatChangePlacesNeedABoot) {
    Document document = banks_update();
    EXPECT_TRUE(compile_flask(compile(document), 0).warnings.empty());
    for (Label& label : document.vm_labels) {
        if (label.name.text == "A-Bank") label.from = Text{"B-Bank", 41};
        if (label.name.text == "B-Bank") label.from = Text{"A-Bank", 42};
    }
    document.header.from.reset();
    const PolicyPtr policy = Policy::make(document); // only an update may have them
    const FlaskModule module = compile_flask(policy, policy->bootstrap());
    ASSERT_EQ(module.warnings.size(), 2U);
    EXPECT_EQ(module.warnings[0].line, 41U);
    EXPECT_THAT(module.warnings[0].text, HasSubstr("only at boot"));
    EXPECT_TRUE(FlaskOracle::compile(module.text));
}

// As Xen's own rule for Argo, and what another module might do.
TEST(Flask, APolicyThatOpensAnotherWayIsRefused) {
    const PolicyPtr policy = compile(banks());
    const std::string module = compile_flask(policy, policy->bootstrap()).text;
    const std::string a = flask_type("A-Bank"), b = flask_type("B-Bank");
    for (const std::string& rule :
         {std::string("allow domain_type domain_type:argo { send register_single_source };"),
          "allow " + a + " " + b + ":grant map_read;", "allow " + a + "_channel " + b + ":event bind;",
          "allow " + a + " " + b + ":mmu map_read;", "allow " + a + " " + b + ":domain create;",
          "bool x false; if (x) { allow " + a + " " + b + ":grant map_read; }"}) {
        const auto made = FlaskOracle::compile(module, rule + "\n");
        ASSERT_FALSE(made) << rule;
        EXPECT_THAT(made.error().message, HasSubstr("neverallow")) << rule;
    }
}

TEST(Flask, NamesCannotMeet) {
    EXPECT_EQ(flask_escape("A-Bank.SU"), "A_2dBank_2eSU");
    EXPECT_EQ(flask_escape("_2d"), "_5f2d");
    EXPECT_EQ(flask_resource_type("res_HardDrive(hda)"), "acm_res_res_5fHardDrive_28hda_29_t");
    // Each of them is another name's derived one, if prefixes, suffixes and escapes were careless.
    Document document = colours();
    std::set<std::string> names;
    for (const char* name : {"t", "ste_t", "dm_t", "vm_t", "t_self", "t_channel", "t_target", "a-b", "a_2db", "a.b",
                             "define", "shift", "dom0", "domU", "if"}) {
        document.ste.push_back({name, 0});
        document.vm_labels.push_back({{name, 0}, {}, {{name, 0}}, {}});
        document.resource_labels.push_back({{name, 0}, {}, {{name, 0}}, {}});
        document.vm_labels[0].ste.push_back({name, 0}); // Domain-0's
        EXPECT_TRUE(names.insert(flask_type(name)).second);
    }
    const PolicyPtr policy = compile(document);
    const auto allowed = oracle(policy, policy->bootstrap())
                             .ask({{flask_type("a-b"), flask_type("a_2db"), "grant"},
                                   {flask_type("t"), flask_type("t"), "grant"},
                                   {"dom0_t", flask_type("t_self"), "domain"}})
                             .allowed;
    EXPECT_EQ(allowed[0], Permissions());
    EXPECT_TRUE(allowed[1].contains("map_read"));
    EXPECT_TRUE(allowed[2].contains("create"));
}

TEST(Flask, TheLongestNames) {
    Document document = colours();
    const std::string name(name_max, '_'); // each becomes three characters
    document.ste.push_back({name, 0});
    document.chinese_wall.push_back({name, 0});
    document.conflicts.push_back(rule("r", name + " green"));
    document.vm_labels.push_back({{name, 0}, {}, {{name, 0}}, {{name, 0}}});
    const PolicyPtr policy = compile(document);
    // No questions: the lines that checkpolicy -d reads are shorter.
    const auto made = FlaskOracle::compile(compile_flask(policy, policy->bootstrap()).text);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
}

} // namespace
} // namespace bulkhead::policy
