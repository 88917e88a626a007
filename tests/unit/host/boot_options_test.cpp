#include "host/boot_options.hpp"

#include "host/dom0_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bulkhead;
using host::OwnOptions;
using host::PlacedWord;
using host::Side;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

PlacedWord placed(const std::string& word) {
    const auto done = host::place_word(word);
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : PlacedWord{};
}

std::string error_of(const std::string& word) {
    const auto done = host::place_word(word);
    return done ? "no error" : done.error().message;
}

OwnOptions apply(std::vector<std::string> set, std::vector<std::string> unset, const OwnOptions& before = {}) {
    const auto done = host::apply({std::move(set), std::move(unset)}, before);
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : OwnOptions{};
}

std::string apply_error(std::vector<std::string> set, std::vector<std::string> unset = {}) {
    const auto done = host::apply({std::move(set), std::move(unset)}, {});
    return done ? "no error" : done.error().message;
}

} // namespace

TEST(BootOptions, FindsWhoseOptionItIs) {
    EXPECT_EQ(placed("dom0_mem=1G"), (PlacedWord{Side::xen, "dom0_mem=1G"}));
    EXPECT_EQ(placed("no-iommu"), (PlacedWord{Side::xen, "no-iommu"}));
    EXPECT_EQ(placed("console=com1,vga"), (PlacedWord{Side::xen, "console=com1,vga"}));
    EXPECT_EQ(placed("console=hvc0"), (PlacedWord{Side::dom0, "console=hvc0"}));
    EXPECT_EQ(placed("dom0:console=ttyS1,115200n8"), (PlacedWord{Side::dom0, "console=ttyS1,115200n8"}));
    EXPECT_EQ(placed("xen-pciback.hide=00:19.0,0000:03:00.*"),
              (PlacedWord{Side::dom0, "xen-pciback.hide=(0000:00:19.0)(0000:03:00.*)"}));
    EXPECT_EQ(placed("xen_pciback.hide=(00:19.0)"), (PlacedWord{Side::dom0, "xen-pciback.hide=(0000:00:19.0)"}));
    EXPECT_EQ(placed("xen-netback.max_queues=4"), (PlacedWord{Side::dom0, "xen_netback.max_queues=4"}));
    EXPECT_EQ(placed("quiet"), (PlacedWord{Side::dom0, "quiet"}));
    EXPECT_THAT(error_of("console=com3"), testing::AllOf(HasSubstr("as an option of Xen"), HasSubstr("hvc0 is Xen's")));
    EXPECT_THAT(error_of("xen:console=hvc0"), HasSubstr("none of: vga"));
    EXPECT_THAT(error_of("dom0_memory=1G"), HasSubstr("did you mean 'dom0_mem'?"));
    EXPECT_THAT(error_of("xen-pciback.hid=(00:19.0)"), HasSubstr("did you mean 'xen-pciback.hide'?"));
    EXPECT_THAT(error_of("intel_iommu=on"), HasSubstr("the IOMMU is Xen's"));
    EXPECT_THAT(error_of("pciback.hide=(00:19.0)"), HasSubstr("set xen-pciback.hide"));
    EXPECT_THAT(error_of("xen-pciback.hide=(0:19)"), HasSubstr("is not a PCI address"));
    EXPECT_THAT(error_of("xen-pciback.hide=(00:19.0"), HasSubstr("in parentheses"));
    EXPECT_THAT(error_of("crashkernel=128M<4G"), HasSubstr("would not pass through GRUB"));
    EXPECT_THAT(error_of("quiet=1"), HasSubstr("takes no value"));
    EXPECT_THAT(error_of("xen-pciback.passthrough=2"), HasSubstr("none of: 0, 1"));
}

TEST(BootOptions, SetsAndUnsets) {
    OwnOptions options = apply({"dom0_mem=1G", "console=com1", "console=hvc0", "console=tty0"}, {});
    EXPECT_THAT(options.xen, ElementsAre("dom0_mem=1G", "console=com1"));
    EXPECT_THAT(options.dom0, ElementsAre("console=hvc0", "console=tty0"));
    EXPECT_EQ(apply({"dom0_mem=1G", "console=com1", "console=hvc0", "console=tty0"}, {}, options),
              options); // idempotent
    options = apply({"dom0_mem=2G", "no-iommu"}, {}, options);
    EXPECT_THAT(options.xen, ElementsAre("dom0_mem=2G", "console=com1", "no-iommu"));
    options = apply({"iommu=1", "dom0:console=hvc0"}, {"dom0_mem"}, options);
    EXPECT_THAT(options.xen, ElementsAre("console=com1", "iommu=1"));
    EXPECT_THAT(options.dom0, ElementsAre("console=hvc0"));
    options = apply({}, {"xen:console", "dom0:console", "iommu", "loglvl"}, options);
    EXPECT_EQ(options, OwnOptions{});
    EXPECT_THAT(apply_error({"dom0_mem=1G", "dom0_mem=2G"}), HasSubstr("xen:dom0_mem is to be set twice"));
    EXPECT_THAT(apply_error({"dom0_mem=1G"}, {"dom0_mem"}), HasSubstr("both to be set and to be unset"));
    EXPECT_THAT(apply_error({}, {"console"}), HasSubstr("write xen:console or dom0:console"));
    EXPECT_THAT(apply_error({}, {"dom0_mem=1G"}), HasSubstr("names alone"));
    EXPECT_THAT(apply_error({}, {"nonsense"}), HasSubstr("neither of Xen"));
}

TEST(BootOptions, ReadsTheRequest) {
    const auto request = host::parse_boot_request({"set", "a=1", "b", "unset", "c", "set", "d=2"});
    ASSERT_TRUE(request);
    EXPECT_THAT(request->set, ElementsAre("a=1", "b", "d=2"));
    EXPECT_THAT(request->unset, ElementsAre("c"));
    EXPECT_FALSE(host::parse_boot_request({"dom0_mem=1G"}));
    EXPECT_FALSE(host::parse_boot_request({"set"}));
    EXPECT_FALSE(host::parse_boot_request(std::vector<std::string>(100, "set a")));
}

TEST(BootOptions, ExaminesWhatOthersWrote) {
    const auto lines = host::read_boot_lines(
        {{"/etc/default/grub",
          "GRUB_CMDLINE_XEN='dom0_mem=1G sched=sedf'\nGRUB_CMDLINE_LINUX='quiet intel_iommu=on x.y=z'\n"},
         {host::our_file, host::write_own({{"dom0_mem=2G"}, {}})}});
    ASSERT_TRUE(lines);
    const auto shown = host::examine(*lines);
    ASSERT_EQ(shown.size(), 6U);
    EXPECT_EQ(shown[0].later, std::string(host::our_file) + ":2");
    EXPECT_EQ(shown[0].problem, "");
    EXPECT_THAT(shown[1].problem, HasSubstr("'sedf' is none of"));
    EXPECT_EQ(shown[2].later, "");
    EXPECT_EQ(shown[3].problem, "");
    EXPECT_THAT(shown[4].problem, HasSubstr("the IOMMU is Xen's"));
    EXPECT_EQ(shown[5].problem, "");
}

TEST(BootOptions, SaysWhatStandsInTheWay) {
    const OwnOptions ours = {{"dom0_mem=2G"}, {}};
    const auto obstacles = [&](const std::string& later, const host::BootRequest& request) {
        const auto lines = host::read_boot_lines({{"/etc/default/grub", "GRUB_CMDLINE_XEN=loglvl=all\n"},
                                                  {host::our_file, host::write_own(ours)},
                                                  {"/etc/default/grub.d/z.cfg", later}});
        return host::obstacles(request, ours, *lines);
    };
    EXPECT_THAT(obstacles("", {{"dom0_mem=2G"}, {}}), IsEmpty());
    EXPECT_THAT(obstacles("GRUB_CMDLINE_XEN_DEFAULT=x2apic=0\n", {}),
                ElementsAre(HasSubstr("does not reach the command line")));
    EXPECT_THAT(obstacles("GRUB_CMDLINE_XEN_DEFAULT=\"$GRUB_CMDLINE_XEN_DEFAULT dom0_mem=3G\"\n", {}),
                ElementsAre("dom0_mem=2G is set again, to dom0_mem=3G, by /etc/default/grub.d/z.cfg:1"));
    EXPECT_THAT(obstacles("", {{}, {"loglvl"}}), ElementsAre(HasSubstr("comes from /etc/default/grub:1")));
}
