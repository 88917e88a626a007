#include "host/check.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "host/boot_words.hpp"
#include "host/collect.hpp"
#include "host/grub_files.hpp"
#include "host/pci_path.hpp"
#include "host/xen_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <sys/utsname.h>

using namespace bulkhead;
using host::Facts;
using host::Finding;
using host::ModuleState;
using host::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

// A host with nothing to complain about.
Facts ready() {
    Facts facts;
    facts.root = facts.under_xen = facts.firmware_iommu = true;
    facts.version = "4.17";
    facts.control_domain = true;
    facts.utilities = {"4.17"};
    facts.info = host::XenInfo{"4.17", "pv hvm hvm_directio pv_directio hap", "placeholder dom0_mem=1G,max:1G"};
    facts.log = host::XenLog{true, true, {}};
    facts.programs = {"xenstored", "xenconsoled"};
    facts.limits = host::StoreLimits{8000, 2000};
    facts.xl = host::XlSettings{"br0", "", "auto"};
    facts.bridges = {"br0"};
    facts.hotplug = {"block-hotplug", "vif-hotplug"};
    for (const char* name : {"xen-evtchn", "xen-gntdev", "xen-pciback", "xen-blkback", "xen-netback"})
        facts.modules.push_back({name, ModuleState::loaded});
    facts.space = {{"/var/lib/xen", 1ULL << 30}};
    facts.nics = {{"0000:00:19.0", "pciback", {}, "flr", {}, {}}};
    return facts;
}

std::vector<Finding> judge(const Facts& facts) {
    return host::judge(facts, {32, 4});
}

// The first finding of that name; an empty id if there is none.
Finding find(const Facts& facts, std::string_view id) {
    for (const Finding& finding : judge(facts))
        if (finding.id == id) return finding;
    return {};
}

std::vector<std::string> not_ok(const Facts& facts) {
    std::vector<std::string> ids;
    for (const Finding& finding : judge(facts)) {
        if (finding.state != State::ok) {
            ids.push_back(std::string(finding.id) + " " + host::state_text(finding.state));
            EXPECT_NE(finding.text, "");
        } else {
            EXPECT_EQ(finding.remedy, "") << finding.id;
        }
    }
    return ids;
}

struct Folder {
    Folder() {
        char name[] = "/tmp/bulkhead-host-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    void put(const std::string& file, const std::string& text) const {
        const std::string whole = path + file;
        EXPECT_TRUE(make_directories(whole.substr(0, whole.rfind('/'))));
        EXPECT_TRUE(write_file_atomic(whole, text));
    }
    std::string path;
};

} // namespace

TEST(HostCheck, AReadyHostHasNothingToRepair) {
    EXPECT_THAT(not_ok(ready()), IsEmpty());
}

TEST(HostCheck, EachFactHasItsFinding) {
    const auto after = [](const std::function<void(Facts&)>& change) {
        Facts facts = ready();
        change(facts);
        return not_ok(facts);
    };
    EXPECT_THAT(after([](Facts& f) { f.control_domain = false; }), ElementsAre("dom0 problem"));
    EXPECT_THAT(after([](Facts& f) { f.control_domain.reset(); }), ElementsAre("dom0 problem"));
    EXPECT_THAT(after([](Facts& f) { f.utilities = {"4.14"}; }), ElementsAre("xen-utils problem"));
    EXPECT_THAT(after([](Facts& f) { f.info.reset(); }), ElementsAre("iommu warning"));
    EXPECT_THAT(after([](Facts& f) { f.log->interrupt_remapping = false; }),
                ElementsAre("interrupt-remapping warning"));
    EXPECT_THAT(after([](Facts& f) { f.log->ignored = {"parameter \"x\" unknown!"}; }),
                ElementsAre("boot-options warning"));
    EXPECT_THAT(after([](Facts& f) { f.programs = {"xenstored"}; }), ElementsAre("xenconsoled problem"));
    EXPECT_THAT(after([](Facts& f) { f.store_error = "no"; }), ElementsAre("xenstored problem"));
    EXPECT_THAT(after([](Facts& f) {
                    f.limits = host::StoreLimits{1000, 128};
                }),
                ElementsAre("xenstore-quota warning"));
    EXPECT_THAT(after([](Facts& f) { f.limits = host::StoreLimits{1000, {}}; }), ElementsAre("xenstore-quota warning"));
    EXPECT_THAT(after([](Facts& f) { f.limits.reset(); }), IsEmpty());
    EXPECT_THAT(after([](Facts& f) { f.daemon_error = "not running"; }), ElementsAre("bulkheadd problem"));
    EXPECT_THAT(after([](Facts& f) { f.automatic = {"a.cfg"}; }), IsEmpty()); // nobody starts it
    EXPECT_THAT(after([](Facts& f) { f.automatic = {"a.cfg"}, f.xendomains = true; }),
                ElementsAre("autostart warning"));
    EXPECT_THAT(after([](Facts& f) { f.automatic = {"a.cfg"}, f.xendomains = f.own_domains_unit = true; }), IsEmpty());
    EXPECT_THAT(after([](Facts& f) { f.bridges = {"br1"}; }), ElementsAre("bridge problem"));
    EXPECT_THAT(after([](Facts& f) { f.bridges = {}, f.xl->bridge = ""; }), ElementsAre("bridge warning"));
    EXPECT_THAT(after([](Facts& f) { f.bridges = {}, f.xl->backend = "ndvm"; }), IsEmpty());
    EXPECT_THAT(after([](Facts& f) { f.hotplug.pop_back(); }), ElementsAre("hotplug warning"));
    EXPECT_THAT(after([](Facts& f) { f.bridge_rules = true; }), IsEmpty());
    EXPECT_THAT(after([](Facts& f) { f.xl.reset(), f.xl_error = "xl.conf:1: x"; }), ElementsAre("xl.conf warning"));
    EXPECT_THAT(after([](Facts& f) { f.xl->autoballoon = "on"; }), ElementsAre("dom0-memory warning"));
    EXPECT_THAT(after([](Facts& f) { f.info->command_line = ""; }), ElementsAre("dom0-memory warning"));
    EXPECT_THAT(after([](Facts& f) { f.info->command_line = "dom0_mem=1G"; }), ElementsAre("dom0-memory warning"));
    EXPECT_THAT(after([](Facts& f) { f.modules[2].state = ModuleState::available; }),
                ElementsAre("xen-pciback warning"));
    EXPECT_THAT(after([](Facts& f) { f.modules[2].state = ModuleState::missing; }), ElementsAre("xen-pciback problem"));
    EXPECT_THAT(after([](Facts& f) { f.modules[4].state = ModuleState::missing; }), ElementsAre("xen-netback warning"));
    EXPECT_THAT(after([](Facts& f) { f.modules[4].state = ModuleState::available; }),
                ElementsAre("xen-netback warning"));
    EXPECT_THAT(after([](Facts& f) { f.modules[4].state = ModuleState::available, f.udev = true; }), IsEmpty());
    EXPECT_THAT(after([](Facts& f) { f.modules[2].state = ModuleState::available, f.udev = true; }),
                ElementsAre("xen-pciback warning"));
    EXPECT_THAT(after([](Facts& f) {
                    f.hidden = {{"0000:00:02.0", true, "e1000e"}};
                }),
                ElementsAre("hidden-device problem"));
    EXPECT_THAT(after([](Facts& f) {
                    f.hidden = {{"0000:00:02.0", false, ""}};
                }),
                ElementsAre("hidden-device problem"));
    EXPECT_THAT(after([](Facts& f) { f.hidden = {{"0000:00:02.0", true, "pciback"}}; }), IsEmpty());
    EXPECT_THAT(after([](Facts& f) { f.kernel_command_line = "quiet intel_iommu=on"; }),
                ElementsAre("kernel-options warning"));
    EXPECT_THAT(after([](Facts& f) { f.space[0].bytes = 1 << 20; }), ElementsAre("space problem"));
    EXPECT_THAT(after([](Facts& f) { f.space[0].bytes = 200 << 20; }), ElementsAre("space warning"));
    EXPECT_THAT(after([](Facts& f) { f.nics.clear(); }), ElementsAre("nic warning"));
    EXPECT_THAT(after([](Facts& f) { f.nics[0].reset = ""; }), ElementsAre("nic warning"));
    EXPECT_THAT(after([](Facts& f) { f.nics[0].peers = {"0000:02:00.0"}; }), ElementsAre("nic warning"));
    EXPECT_THAT(after([](Facts& f) { f.nics[0].together = {"0000:00:19.1"}; }), ElementsAre("nic warning"));
}

TEST(HostCheck, TellsWhyThereIsNoIommu) {
    Facts facts = ready();
    facts.info->virt_caps = "pv hvm hap";
    EXPECT_THAT(find(facts, "iommu").text, HasSubstr("but Xen does not use it"));
    facts.firmware_iommu = false;
    EXPECT_THAT(find(facts, "iommu").text, HasSubstr("firmware describes no IOMMU"));
    EXPECT_THAT(find(facts, "iommu").remedy, HasSubstr("VT-d or AMD-Vi"));
    facts.info->command_line = "iommu=verbose,no dom0_mem=1G,max:1G";
    EXPECT_THAT(find(facts, "iommu").text, HasSubstr("turns the IOMMU off: iommu=verbose,no"));
    EXPECT_EQ(find(facts, "iommu").state, State::problem);
    EXPECT_STREQ(find(facts, "interrupt-remapping").id, "");
    facts = ready();
    facts.info->command_line += " iommu=no-intremap";
    EXPECT_THAT(find(facts, "interrupt-remapping").text, HasSubstr("by Xen's command line: iommu=no-intremap"));
}

TEST(HostCheck, WithoutXenSaysSoFirst) {
    Facts facts;
    facts.daemon_error = "no Xen";
    EXPECT_STREQ(judge(facts)[0].id, "xen");
    EXPECT_THAT(judge(facts)[0].remedy, HasSubstr("apt install"));
    facts.installed = {"xen-4.17-amd64.gz"};
    EXPECT_THAT(judge(facts)[0].remedy, HasSubstr("GRUB's entry"));
    EXPECT_STREQ(find(facts, "xenstored").id, "");
}

TEST(HostCheck, TheLastWordAboutTheIommuCounts) {
    EXPECT_TRUE(host::iommu_switched_off("iommu=0"));
    EXPECT_TRUE(host::iommu_switched_off("no-iommu"));
    EXPECT_TRUE(host::iommu_switched_off("iommu=1 iommu=verbose,off"));
    EXPECT_FALSE(host::iommu_switched_off("iommu=0 iommu=1"));
    EXPECT_FALSE(host::iommu_switched_off("iommu=no-intremap dom0_mem=1G"));
    EXPECT_FALSE(host::iommu_switched_off(""));
    EXPECT_TRUE(host::interrupts_switched_off("iommu=intremap=0"));
    EXPECT_FALSE(host::interrupts_switched_off("iommu=no-intremap iommu=intremap"));
    EXPECT_EQ(host::xen_words("a no-iommu b iommu=1", "iommu"), "no-iommu iommu=1");
}

TEST(HostCheck, ReadsWhatXlPrints) {
    const auto info =
        host::parse_xen_info("host                   : dom0\nxen_major              : 4\nxen_minor              : 17\n"
                             "virt_caps              : pv hvm hvm_directio pv_directio hap\n"
                             "xen_commandline        : placeholder console=com1 iommu=verbose\n");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->version, "4.17");
    EXPECT_EQ(info->virt_caps, "pv hvm hvm_directio pv_directio hap");
    EXPECT_EQ(info->command_line, "placeholder console=com1 iommu=verbose");
    EXPECT_FALSE(host::parse_xen_info("xen_major : 4\n"));
    EXPECT_FALSE(host::parse_xen_info("xen_major : x\nxen_minor : 1\n"));
    const host::XenLog log =
        host::parse_xen_log("(XEN) parameter \"domo_mem\" unknown!\n(XEN) I/O virtualisation enabled\n"
                            "(XEN)  - Dom0 mode: Relaxed\n(XEN) Interrupt remapping disabled\n"
                            "(XEN) parameter \"iommu\" has invalid value \"onn\", rc=-22!\n");
    EXPECT_EQ(log.iommu, true);
    EXPECT_EQ(log.interrupt_remapping, false);
    EXPECT_THAT(log.ignored, ElementsAre("parameter \"domo_mem\" unknown!",
                                         "parameter \"iommu\" has invalid value \"onn\", rc=-22!"));
    EXPECT_FALSE(host::parse_xen_log("").iommu);
}

TEST(HostCheck, BridgesThatDoNotRedirect) {
    // An extended capability of another kind at 100h, ACS behind it.
    std::string space(4096, '\0');
    const auto put = [&](std::size_t at, std::uint32_t value) { std::memcpy(space.data() + at, &value, sizeof value); };
    put(0x100, 0x1480'0001);
    put(0x148, 0x0001'000d);
    put(0x14c, 0x001d'001f); // capabilities, control
    EXPECT_TRUE(host::redirects_peers(space));
    EXPECT_FALSE(host::redirects_peers(space.substr(0, 256)));
    EXPECT_FALSE(host::redirects_peers(space.substr(0, 0x14d)));
    put(0x14c, 0x001c'001f); // without Source Validation
    EXPECT_FALSE(host::redirects_peers(space));
    put(0x148, 0x1000'0002); // a list that goes round
    EXPECT_FALSE(host::redirects_peers(space));

    const std::string root = "/sys/devices/pci0000:00/";
    const std::map<std::string, std::string> paths = {
        {"0000:00:02.0", root + "0000:00:02.0"},
        {"0000:00:1c.0", root + "0000:00:1c.0"},
        {"0000:01:00.0", root + "0000:00:1c.0/0000:01:00.0"}, // a switch: upstream port, two downstream ports
        {"0000:02:01.0", root + "0000:00:1c.0/0000:01:00.0/0000:02:01.0"},
        {"0000:02:02.0", root + "0000:00:1c.0/0000:01:00.0/0000:02:02.0"},
        {"0000:03:00.0", root + "0000:00:1c.0/0000:01:00.0/0000:02:01.0/0000:03:00.0"},
        {"0000:03:00.1", root + "0000:00:1c.0/0000:01:00.0/0000:02:01.0/0000:03:00.1"},
        {"0000:04:00.0", root + "0000:00:1c.0/0000:01:00.0/0000:02:02.0/0000:04:00.0"},
    };
    const auto all = [](const std::string&) { return true; };
    const auto none = [](const std::string&) { return false; };
    EXPECT_THAT(host::unguarded_peers("0000:03:00.0", paths, all), IsEmpty());
    EXPECT_THAT(host::unguarded_peers("0000:03:00.0", paths, none), ElementsAre("0000:04:00.0"));
    EXPECT_THAT(host::unguarded_peers("0000:03:00.0", paths,
                                      [](const std::string& bridge) { return bridge != "0000:02:01.0"; }),
                IsEmpty()); // alone behind that one
    EXPECT_THAT(host::unguarded_peers("0000:00:02.0", paths, none), IsEmpty());
    EXPECT_THAT(host::unguarded_peers("0000:09:00.0", paths, none), IsEmpty());
}

TEST(HostCollect, ReadsTheKernelsFiles) {
    const Folder folder;
    utsname kernel{};
    ASSERT_EQ(::uname(&kernel), 0);
    const std::string modules = std::string("/lib/modules/") + kernel.release;
    folder.put("/sys/hypervisor/type", "xen\n");
    folder.put("/sys/hypervisor/version/major", "4\n");
    folder.put("/sys/hypervisor/version/minor", "17\n");
    folder.put("/proc/xen/capabilities", "control_d\n");
    folder.put("/proc/1/comm", "systemd\n");
    folder.put("/proc/77/comm", "oxenstored\n");
    folder.put("/proc/cmdline", "root=/dev/x xen-pciback.hide=(00:02.0)(00:03.0)\n");
    folder.put("/boot/xen-4.17-amd64.gz", "");
    folder.put("/usr/lib/xen-4.17/bin/xl", "");
    folder.put("/usr/lib/xen-common/bin/xl", "");
    folder.put("/sys/firmware/acpi/tables/XMAR", "");
    folder.put("/etc/rc2.d/S01xendomains", "");
    folder.put("/etc/xen/auto/web.cfg", "");
    folder.put("/etc/default/xendomains", "# comment\nXENDOMAINS_SAVE=/var/lib/xen/save\n");
    folder.put("/sys/class/net/br0/bridge/x", "");
    folder.put("/sys/class/net/eth0/x", "");
    folder.put("/usr/lib/bulkhead/vif-hotplug", "");
    folder.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
    folder.put("/sys/module/xen_netback/initstate", "live\n");
    folder.put(modules + "/modules.builtin", "kernel/drivers/xen/xen-evtchn.ko\n");
    folder.put(modules + "/modules.dep", "kernel/drivers/xen/xen-pciback/xen-pciback.ko.xz: kernel/x.ko\n");
    folder.put("/sys/bus/pci/devices/0000:00:02.0/class", "0x020000\n");
    folder.put("/sys/bus/pci/devices/0000:00:02.0/reset_method", "flr bus\n");
    folder.put("/sys/bus/pci/devices/0000:00:02.1/class", "0x040000\n");
    std::filesystem::create_symlink("../drivers/e1000e", folder.path + "/sys/bus/pci/devices/0000:00:02.0/driver");

    const Facts facts = host::collect_files(folder.path);
    EXPECT_TRUE(facts.under_xen);
    EXPECT_EQ(facts.version, "4.17");
    EXPECT_EQ(facts.control_domain, true);
    EXPECT_THAT(facts.programs, ElementsAre("oxenstored"));
    EXPECT_THAT(facts.installed, ElementsAre("xen-4.17-amd64.gz"));
    EXPECT_THAT(facts.utilities, ElementsAre("4.17"));
    EXPECT_TRUE(facts.firmware_iommu);
    EXPECT_TRUE(facts.xendomains);
    EXPECT_THAT(facts.automatic, ElementsAre("web.cfg"));
    EXPECT_EQ(facts.saved_to, "/var/lib/xen/save");
    EXPECT_THAT(facts.bridges, ElementsAre("br0"));
    EXPECT_THAT(facts.hotplug, ElementsAre("vif-hotplug"));
    EXPECT_TRUE(facts.bridge_rules);
    ASSERT_EQ(facts.modules.size(), 5U);
    EXPECT_EQ(facts.modules[0].state, ModuleState::built_in);
    EXPECT_EQ(facts.modules[1].state, ModuleState::missing);
    EXPECT_EQ(facts.modules[2].state, ModuleState::available);
    EXPECT_EQ(facts.modules[4].state, ModuleState::loaded);
    ASSERT_EQ(facts.hidden.size(), 2U);
    EXPECT_EQ(facts.hidden[0].driver, "e1000e");
    EXPECT_FALSE(facts.hidden[1].exists);
    ASSERT_EQ(facts.nics.size(), 1U);
    EXPECT_EQ(facts.nics[0].reset, "flr bus");
    EXPECT_THAT(facts.nics[0].together, ElementsAre("0000:00:02.1"));
    ASSERT_EQ(facts.space.size(), 2U);
    EXPECT_GT(facts.space[0].bytes, 0U);
}

TEST(GrubFiles, ReadsInOrderAndReplacesOurs) {
    const Folder folder;
    EXPECT_TRUE(host::read_grub_files(folder.path)->empty());
    folder.put("/etc/default/grub", "A=1\n");
    folder.put("/etc/default/grub.d/xen.cfg", "C=3\n");
    folder.put("/etc/default/grub.d/a.cfg", "B=2\n");
    folder.put("/etc/default/grub.d/a.cfg.bak", "no");
    folder.put("/etc/default/grub.d/bulkhead.cfg.tmp.999", "half");
    folder.put("/boot/grub/grub.cfg", "menu");
    EXPECT_FALSE(host::menu_outdated(folder.path));
    ASSERT_TRUE(host::store_own(folder.path, "OURS=1\n"));
    EXPECT_TRUE(host::menu_outdated(folder.path));
    EXPECT_FALSE(exists(folder.path + "/etc/default/grub.d/bulkhead.cfg.tmp.999"));
    const auto files = host::read_grub_files(folder.path);
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 4U);
    EXPECT_EQ((*files)[1].path, "/etc/default/grub.d/a.cfg");
    EXPECT_EQ((*files)[2].path, host::our_file);
    EXPECT_EQ(host::own_text(*files), "OURS=1\n");
    const auto without = host::with_own(*files, "");
    EXPECT_EQ(without.size(), 3U);
    const auto again = host::with_own(without, "NEW");
    EXPECT_EQ(again[2].text, "NEW");
    EXPECT_EQ(again[3].path, "/etc/default/grub.d/xen.cfg");
    ASSERT_TRUE(host::store_own(folder.path, ""));
    EXPECT_FALSE(exists(folder.path + host::our_file));
    EXPECT_TRUE(host::store_own(folder.path, ""));
}
