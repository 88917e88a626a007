#include "domain/flask_guard.hpp"
#include "policy/flask.hpp"
#include "policy/flask_names.hpp"
#include "policy/workloads.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <set>

extern "C" {
#include <xenctrl.h>
}

// A hypervisor with XSM instead of libxc's hypercalls.
namespace {

struct Fake {
    int enforcing = 1; // -1: no XSM
    std::set<std::string> contexts;
    std::vector<std::pair<std::string, bool>> booleans;
    std::vector<std::string> log;
    int settings_left = 1000; // before one fails
} fake;

int refuse(int code) {
    errno = code;
    return -1;
}

} // namespace

extern "C" {
xc_interface* xc_interface_open(xentoollog_logger* /*logger*/, xentoollog_logger* /*dombuild*/, unsigned /*flags*/) {
    return reinterpret_cast<xc_interface*>(&fake);
}
int xc_interface_close(xc_interface* /*xc*/) {
    return 0;
}
int xc_flask_getenforce(xc_interface* /*xc*/) {
    return fake.enforcing < 0 ? refuse(ENOSYS) : fake.enforcing;
}
int xc_flask_context_to_sid(xc_interface* /*xc*/, char* text, uint32_t size, uint32_t* sid) {
    *sid = 7;
    return fake.contexts.contains(std::string(text, size)) ? 0 : refuse(EINVAL);
}
int xc_flask_getbool_byid(xc_interface* /*xc*/, int id, char* name, uint32_t /*size*/, int* now, int* pending) {
    if (static_cast<std::size_t>(id) >= fake.booleans.size()) return refuse(ENOENT);
    const auto& [text, value] = fake.booleans[static_cast<std::size_t>(id)];
    text.copy(name, text.size()); // no NUL, as Xen
    *now = *pending = value ? 1 : 0;
    return 0;
}
int xc_flask_setbool(xc_interface* /*xc*/, char* name, int value, int /*commit*/) {
    if (fake.settings_left-- <= 0) return refuse(EPERM);
    for (auto& [text, present] : fake.booleans) {
        if (text != name) continue;
        present = value != 0;
        fake.log.push_back(text + (value != 0 ? "=1" : "=0"));
        return 0;
    }
    return refuse(ENOENT);
}
}

namespace bulkhead::domain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

policy::PolicyPtr banks() {
    policy::Workloads workloads;
    for (const char* name : {"__UNLABELED__", "A", "B", "C"}) workloads.organisations.push_back({{name, 0}, {}});
    workloads.exclusions.push_back({{}, {{"A", 0}, {"B", 0}}});
    policy::Problems problems;
    policy::Document document = policy::translate(workloads, "banks", "today", problems);
    EXPECT_TRUE(problems.none());
    return policy::Policy::make(std::move(document));
}

class FlaskGuard : public testing::Test {
protected:
    // Xen has the policy.
    void SetUp() override {
        fake = Fake();
        for (const auto& label : policy_->vm_labels()) fake.contexts.insert(policy::flask_context(label.name));
        for (const auto& boolean : policy::flask_booleans(*policy_, policy::Wall(policy_)))
            fake.booleans.emplace_back(boolean.name, boolean.value);
        fake.booleans.emplace_back("guest_writeconsole", true); // one of Xen's own
    }
    HypervisorCheck check() {
        auto made = check_hypervisor(xsm_, policy_);
        EXPECT_TRUE(made);
        return made ? *made : HypervisorCheck();
    }
    policy::PolicyPtr policy_ = banks();
    xen::Xsm xsm_ = *xen::Xsm::open();
};

TEST_F(FlaskGuard, SaysWhetherXenHasThisPolicyAndKeepsIt) {
    EXPECT_TRUE(check().ours);
    fake.enforcing = 0;
    EXPECT_TRUE(check().ours);
    EXPECT_THAT(check().sentence, HasSubstr("permissive"));
    fake.enforcing = -1;
    EXPECT_FALSE(check().ours);
    EXPECT_THAT(check().sentence, HasSubstr("no XSM"));
    fake.enforcing = 1;
    fake.contexts.erase(policy::flask_context("C"));
    EXPECT_FALSE(check().ours);
    EXPECT_THAT(check().sentence, HasSubstr("acm_vm_C_t"));
    SetUp();
    fake.booleans.erase(fake.booleans.begin());
    EXPECT_THAT(check().sentence, HasSubstr("acm_cw_block_A"));
}

TEST_F(FlaskGuard, GuardsByItsOwnPolicyAlone) {
    policy::Host host(policy_);
    ASSERT_TRUE(host.start("1", "one", *policy_->find_vm_label("A")));
    EXPECT_TRUE(hypervisor_guard(host).value());
    EXPECT_THAT(fake.log, ElementsAre("acm_cw_block_B=1"));
    fake.log.clear();
    fake.booleans.erase(fake.booleans.begin());
    EXPECT_FALSE(hypervisor_guard(host).value());
    fake.enforcing = -1;
    EXPECT_FALSE(hypervisor_guard(host).value());
    EXPECT_THAT(fake.log, IsEmpty());
}

TEST_F(FlaskGuard, BooleansFollowTheWall) {
    policy::Host host(policy_);
    ASSERT_TRUE(keep_wall(xsm_, host));
    EXPECT_THAT(fake.log, IsEmpty()); // nothing to change
    ASSERT_TRUE(host.start("1", "one", *policy_->find_vm_label("A")));
    ASSERT_TRUE(keep_wall(xsm_, host));
    EXPECT_THAT(fake.log, ElementsAre("acm_cw_block_B=1"));
    host.stop("1");
    ASSERT_TRUE(host.start("2", "two", *policy_->find_vm_label("B")));
    ASSERT_TRUE(keep_wall(xsm_, host));
    // What forbids comes first: at no time could both start.
    EXPECT_THAT(fake.log, ElementsAre("acm_cw_block_B=1", "acm_cw_block_A=1", "acm_cw_block_B=0"));
}

TEST_F(FlaskGuard, AFailureForbidsMoreNotLess) {
    policy::Host host(policy_);
    ASSERT_TRUE(host.start("1", "one", *policy_->find_vm_label("A")));
    ASSERT_TRUE(keep_wall(xsm_, host));
    host.stop("1");
    ASSERT_TRUE(host.start("2", "two", *policy_->find_vm_label("B")));
    fake.settings_left = 1;
    EXPECT_FALSE(keep_wall(xsm_, host));
    EXPECT_EQ(fake.booleans[0].second, true);
    EXPECT_EQ(fake.booleans[1].second, true);
    fake.booleans.erase(fake.booleans.begin()); // another policy
    fake.log.clear();
    EXPECT_THAT(keep_wall(xsm_, host).error().message, HasSubstr("no boolean acm_cw_block_A"));
    EXPECT_THAT(fake.log, IsEmpty());
}

std::string option(const xen::DomainSpec& spec, const std::string& key) {
    for (const xen::OptionSpec& each : spec.options) {
        if (each.key == key) return each.value.text;
    }
    return "";
}

TEST(FlaskLabels, ADomainGetsItsLabelsContext) {
    xen::DomainSpec spec;
    ASSERT_TRUE(label_for_flask(spec, "A-Bank"));
    EXPECT_EQ(option(spec, "seclabel"), "system_u:system_r:acm_vm_A_2dBank_t");
    EXPECT_EQ(option(spec, "device_model_stubdomain_seclabel"), "");
    spec.type = xen::DomainType::hvm;
    ASSERT_TRUE(label_for_flask(spec, "A-Bank")); // the same once more is no conflict
    EXPECT_EQ(option(spec, "device_model_stubdomain_seclabel"), "system_u:system_r:acm_dm_A_2dBank_t");
    EXPECT_THAT(label_for_flask(spec, "B-Bank").error().message, HasSubstr("acm_vm_B_2dBank_t"));
    xen::DomainSpec early;
    early.options.push_back({"init_seclabel", {false, "system_u:system_r:domU_t", {}, 1}});
    EXPECT_THAT(label_for_flask(early, "A-Bank").error().message, HasSubstr("init_seclabel"));
}

} // namespace
} // namespace bulkhead::domain
