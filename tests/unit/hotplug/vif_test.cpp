// The program on real links in a network namespace of its own, with a fake xenstored and the test as libxl and netback.
#include "hotplug/vif.hpp"

#include "base/process.hpp"
#include "support/fake_xenstored.hpp"
#include "support/network_namespace.hpp"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

namespace bulkhead::hotplug {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class VifHotplug : public testing::Test {
protected:
    const std::string path = "/local/domain/0/backend/vif/3/0";
    const std::string frontend = "/local/domain/3/device/vif/0";

    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / ("bulkhead-vif-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder);
        server.add_domain(0);
        server.listen(folder / "xenstored", 0);
        ::setenv("XENSTORED_PATH", (folder / "xenstored").c_str(), 1);
        ::setenv("XENBUS_PATH", "backend/vif/3/0", 1);
        ::setenv("vif", "vif3.0", 1);
        ::setenv("INTERFACE", "vif3.0-emu", 1);
        for (const auto& [name, value] : std::map<std::string, std::string>{
                 {"frontend", frontend}, {"state", "2"}, {"bridge", "xenbr0"}, {"hotplug-status", ""}})
            server.write(path + "/" + name, value);
        ASSERT_TRUE(netlink.create_bridge("xenbr0"));
        ASSERT_TRUE(netlink.create("vif3.0", "veth"));
    }
    void TearDown() override {
        const auto links = netlink.links();
        for (const net::Link& link : *links) {
            if (!link.loopback) (void)netlink.remove(link.index);
        }
        std::filesystem::remove_all(folder);
    }
    int program(const std::vector<std::string>& arguments) {
        std::vector<std::string> words{VIF_HOTPLUG};
        words.insert(words.end(), arguments.begin(), arguments.end());
        const auto output = run(words, 20s);
        EXPECT_TRUE(output) << output.error().message;
        said = output ? output->err : "";
        return output ? output->status : -1;
    }
    int online() { return program({"online", "type_if=vif"}); }
    void set(const std::string& name, const std::string& value) { server.write(path + "/" + name, value); }
    std::string get(const std::string& name) { return server.read(path + "/" + name).value_or("(none)"); }
    net::Link link(const std::string& name) {
        auto found = netlink.link(name);
        return found && *found ? **found : net::Link{};
    }
    void set_mtu(const std::string& name, unsigned mtu) {
        net::LinkChange change;
        change.mtu = mtu;
        ASSERT_TRUE(netlink.change(link(name).index, change));
    }
    void serves(const std::string& name, const std::string& bridge) {
        const net::Link vif = link(name);
        EXPECT_TRUE(vif.up);
        EXPECT_EQ(vif.mac, net::vif_mac);
        EXPECT_EQ(vif.master, link(bridge).index);
        EXPECT_NE(vif.master, 0);
    }

    std::filesystem::path folder;
    test::FakeXenstored server;
    net::Netlink netlink = std::move(*net::Netlink::open());
    std::string said;
};

TEST_F(VifHotplug, ComesAndGoes) {
    ASSERT_EQ(online(), 0) << said;
    serves("vif3.0", "xenbr0");
    EXPECT_EQ(get("hotplug-status"), "connected");
    EXPECT_EQ(server.read(frontend + "/mtu"), "1500");
    ASSERT_EQ(online(), 0) << said; // once more changes nothing
    serves("vif3.0", "xenbr0");
    ASSERT_EQ(program({"offline", "type_if=vif"}), 0) << said;
    EXPECT_FALSE(link("vif3.0").up);
    EXPECT_EQ(link("vif3.0").master, 0);
    ASSERT_TRUE(netlink.remove(link("vif3.0").index));
    EXPECT_EQ(program({"offline", "type_if=vif"}), 0) << said; // netback was faster
}

TEST_F(VifHotplug, TakesTheBridgesMtuUnlessToldAnother) {
    set_mtu("vif3.0", 1280);
    ASSERT_TRUE(netlink.create("member", "veth"));
    set_mtu("member", 1400);
    net::LinkChange join;
    join.master = link("xenbr0").index;
    ASSERT_TRUE(netlink.change(link("member").index, join));
    ASSERT_EQ(link("xenbr0").mtu, 1400U);
    ASSERT_EQ(online(), 0) << said;
    EXPECT_EQ(link("vif3.0").mtu, 1400U);
    EXPECT_EQ(server.read(frontend + "/mtu"), "1400");
    set("mtu", "1300");
    ASSERT_EQ(online(), 0) << said;
    EXPECT_EQ(link("vif3.0").mtu, 1300U);
    EXPECT_EQ(server.read(frontend + "/mtu"), "1300");
    set("mtu", "12");
    EXPECT_EQ(online(), 1);
    EXPECT_THAT(get("hotplug-error"), HasSubstr("mtu '12'"));
    EXPECT_EQ(get("hotplug-status"), "error");
}

TEST_F(VifHotplug, TakesAnotherName) {
    set("vifname", "web");
    ASSERT_EQ(online(), 0) << said;
    EXPECT_EQ(link("vif3.0").index, 0);
    serves("web", "xenbr0");
    ASSERT_EQ(online(), 0) << said;
    serves("web", "xenbr0");
    ASSERT_EQ(program({"offline", "type_if=vif"}), 0) << said;
    EXPECT_EQ(link("web").master, 0);
}

TEST_F(VifHotplug, LeavesOthersLinksAlone) {
    ASSERT_TRUE(netlink.create("web", "veth"));
    set("vifname", "web");
    EXPECT_EQ(online(), 1);
    EXPECT_THAT(get("hotplug-error"), HasSubstr("'web' already"));
    EXPECT_EQ(link("vif3.0").master, 0);
    ASSERT_TRUE(netlink.remove(link("vif3.0").index));
    EXPECT_EQ(online(), 1);
    EXPECT_THAT(get("hotplug-error"), HasSubstr("no network link vif3.0"));
    EXPECT_EQ(program({"offline", "type_if=vif"}), 0) << said;
    EXPECT_EQ(link("web").master, 0);
    set("vifname", "a name");
    EXPECT_EQ(online(), 1);
    EXPECT_THAT(get("hotplug-error"), HasSubstr("is not a name"));
}

TEST_F(VifHotplug, SaysWhichBridgesThereAre) {
    set("bridge", "nothing");
    EXPECT_EQ(online(), 1);
    EXPECT_EQ(get("hotplug-error"), "bridge 'nothing' does not exist; there are: xenbr0");
    EXPECT_EQ(get("hotplug-status"), "error");
    set("bridge", "vif3.0");
    EXPECT_EQ(online(), 1);
    EXPECT_THAT(get("hotplug-error"), HasSubstr("not a bridge"));
    EXPECT_FALSE(link("vif3.0").up);
}

TEST_F(VifHotplug, FindsTheBridgeOfOldFilesAndTheOnlyOne) {
    ASSERT_TRUE(netlink.create_bridge("eth7"));
    set("bridge", "xenbr7");
    ASSERT_EQ(online(), 0) << said;
    serves("vif3.0", "eth7");
    server.remove(path + "/bridge");
    ASSERT_EQ(online(), 0) << said;
    serves("vif3.0", "xenbr0");
}

TEST_F(VifHotplug, TapOfAnEmulatedCard) {
    ASSERT_TRUE(netlink.create("vif3.0-emu", "veth"));
    ASSERT_EQ(program({"add", "type_if=tap"}), 0) << said;
    serves("vif3.0-emu", "xenbr0");
    EXPECT_EQ(link("vif3.0").master, 0);
    EXPECT_EQ(get("hotplug-status"), ""); // that is the vif's
    ASSERT_EQ(program({"remove", "type_if=tap"}), 0) << said;
    EXPECT_EQ(link("vif3.0-emu").master, 0);
    set("vifname", "web");
    ASSERT_EQ(program({"add", "type_if=tap"}), 0) << said;
    serves("web-emu", "xenbr0");
    // The other kinds' calls are not for it.
    EXPECT_EQ(program({"add", "type_if=vif"}), 0) << said;
    EXPECT_EQ(program({"online", "type_if=tap"}), 0) << said;
    EXPECT_EQ(link("vif3.0").master, 0);
}

TEST_F(VifHotplug, RefusesOtherCalls) {
    EXPECT_EQ(program({}), 2);
    EXPECT_EQ(program({"start"}), 2);
    ::unsetenv("XENBUS_PATH");
    EXPECT_EQ(online(), 2);
}

TEST_F(VifHotplug, AVifThatNobodyWantsAnyMore) {
    server.remove(path + "/state");
    EXPECT_EQ(online(), 1);
    EXPECT_EQ(get("hotplug-status"), "error");
}

TEST_F(VifHotplug, LeavesToXensScriptWhatOnlyItDoes) {
    auto opened = xen::Store::open();
    ASSERT_TRUE(opened);
    const std::string root = folder;
    const VifCall call{"backend/vif/3/0", "vif3.0", false};
    const auto chosen = [&] { return xens_script(*opened, call, root)->value_or("ours"); };
    const auto file = [&](const std::string& name, const std::string& text, bool executable = false) {
        std::filesystem::create_directories((root + name).substr(0, (root + name).rfind('/')));
        std::ofstream(root + name) << text;
        if (executable) std::filesystem::permissions(root + name, std::filesystem::perms::owner_all);
    };
    set("ip", "10.0.0.7");
    EXPECT_EQ(chosen(), "ours"); // Xen's does nothing without iptables either
    file("/usr/sbin/iptables", "", true);
    EXPECT_EQ(chosen(), root + "/etc/xen/scripts/vif-bridge");
    set("ip", "");
    EXPECT_EQ(chosen(), "ours");
    file("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n");
    EXPECT_EQ(chosen(), "ours");
    file("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
    EXPECT_EQ(chosen(), root + "/etc/xen/scripts/vif-bridge");
    file("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n");
    file("/etc/xen/scripts/vif-post.d/note.hook", "#!/bin/sh\n");
    EXPECT_EQ(chosen(), "ours"); // not executable: Xen would pass it over
    file("/etc/xen/scripts/vif-post.d/note.hook", "#!/bin/sh\n", true);
    EXPECT_EQ(chosen(), root + "/etc/xen/scripts/vif-bridge");
}

} // namespace
} // namespace bulkhead::hotplug
