#include "domain/live_config.hpp"

#include "config/domain_config.hpp"

#include <gmock/gmock.h>

namespace bulkhead::domain {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* file = "name = 'web' # a comment\nkernel = '/k'\nmemory = 64\nvcpus = 2\n"
                             "vif = ['bridge=xenbr0', 'backend=ndvm,ip=10.0.0.2', 'backend=other']\n";

xen::DomainSpec parse(const std::string& text) {
    auto parsed = config::parse_domain(text, "web.cfg", {});
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed->spec;
}

xen::NicSpec nic(unsigned devid, const std::string& mac, const std::string& backend) {
    xen::NicSpec spec;
    spec.devid = devid;
    spec.mac = mac;
    spec.backend = backend;
    return spec;
}

xen::Live live() {
    xen::Live live;
    live.nics = {nic(1, "00:16:3e:00:00:01", "ndvm"), nic(5, "00:16:3e:00:00:05", "")};
    live.memory_kib = 64 * 1024;
    live.vcpus = 2;
    return live;
}

TEST(LiveConfig, DevicesAreWhatTheyAreNow) {
    const std::string text = live_config(file, parse(file), "web2", live(), {{"uuid", 2, "other"}});
    const xen::DomainSpec now = parse(text);
    EXPECT_EQ(now.name, "web2");
    ASSERT_EQ(now.nics.size(), 3U);
    EXPECT_EQ(now.nics[0].devid, 1U);
    EXPECT_EQ(now.nics[0].mac, "00:16:3e:00:00:01");
    EXPECT_EQ(now.nics[0].backend, "ndvm");
    EXPECT_EQ(now.nics[1].devid, 5U);
    EXPECT_EQ(now.nics[1].backend, "");
    EXPECT_EQ(now.nics[2].devid, 2U); // still waits
    EXPECT_EQ(now.nics[2].backend, "other");
    EXPECT_EQ(now.memory, 64);
    EXPECT_EQ(now.kernel, "/k");
    EXPECT_THAT(text, Not(HasSubstr("memory = 64\nvcpus = 2\nmemory")));
}

TEST(LiveConfig, Disks) {
    const std::string text = std::string(file) + "disk = ['phy:/dev/vg/a,xvda,w!', '/srv/b,raw,xvdb,r']\n";
    const xen::DomainSpec spec = parse(text);
    xen::Live now = live();
    now.disks = spec.disks;
    now.disks[0].script = "/usr/lib/bulkhead/block-hotplug";
    EXPECT_TRUE(parse(live_config(text, spec, "web", now, {})).disks[0].shared); // untouched
    now.disks.push_back({});
    now.disks[2].vdev = "xvdc";
    now.disks[2].target = "/srv/with, a comma";
    now.disks.erase(now.disks.begin() + 1);
    const xen::DomainSpec changed = parse(live_config(text, spec, "web", now, {}));
    ASSERT_EQ(changed.disks.size(), 2U);
    EXPECT_EQ(changed.disks[0].vdev, "xvda");
    EXPECT_EQ(changed.disks[0].target, "/dev/vg/a");
    EXPECT_FALSE(changed.disks[0].script);
    EXPECT_TRUE(changed.disks[0].readwrite);
    EXPECT_EQ(changed.disks[1].target, "/srv/with, a comma");
}

TEST(LiveConfig, OurScriptIsNotTheFilesBusiness) {
    xen::Live now = live();
    now.nics[0].script = "/usr/lib/bulkhead/vif-hotplug";
    now.nics[1].script = "/etc/xen/scripts/vif-route";
    const xen::DomainSpec read = parse(live_config(file, parse(file), "web", now, {}));
    EXPECT_EQ(read.nics[0].script, "");
    EXPECT_EQ(read.nics[1].script, "/etc/xen/scripts/vif-route");
}

TEST(LiveConfig, TheFilesOwnWordsSayMore) {
    const std::string text = "name = 'web'\nkernel = '/k'\n"
                             "vif = ['mac=00:16:3e:00:00:07,bridge=xenbr0,rate=10Mb/s', 'backend=ndvm']\n"
                             "disk = ['phy:/dev/vg/a,xvda,w!', '/srv/b,raw,xvdb,r']\n";
    const xen::DomainSpec spec = parse(text);
    xen::Live now;
    now.nics = {nic(0, "00:16:3e:00:00:07", ""),
                nic(1, "00:16:3e:00:00:01", "7")}; // ndvm is away: only its id is known
    now.disks = spec.disks;
    now.disks[0].shared = false; // libxl does not know it
    now.disks.pop_back();
    const xen::DomainSpec read = parse(live_config(text, spec, "web", now, {}));
    EXPECT_EQ(read.nics[0].rate, "10Mb/s");
    EXPECT_EQ(read.nics[1].backend, "ndvm");
    EXPECT_EQ(read.nics[1].mac, "00:16:3e:00:00:01");
    ASSERT_EQ(read.disks.size(), 1U);
    EXPECT_TRUE(read.disks[0].shared);
}

TEST(LiveConfig, PciDevices) {
    const std::string text = std::string(file) + "pci = ['00:02.0,permissive=1', '0000:03:00.1']\n";
    const xen::DomainSpec spec = parse(text);
    xen::Live now = live();
    now.pcis = {{"0000:03:00.1"}, {"0000:00:02.0"}};
    EXPECT_THAT(live_config(text, spec, "web", now, {}), Not(HasSubstr("pci = [\""))); // the same: as they were written
    now.pcis = {{"0000:00:02.0"}, {"0000:04:00.0", false, false, true, true}};
    const xen::DomainSpec read = parse(live_config(text, spec, "web", now, {}));
    ASSERT_EQ(read.pcis.size(), 2U);
    EXPECT_EQ(read.pcis[0].text, "00:02.0,permissive=1");
    EXPECT_EQ(read.pcis[1].text, "0000:04:00.0,msitranslate=0,power_mgmt=0,permissive=1,seize=1");
    now.pcis.clear();
    EXPECT_TRUE(parse(live_config(text, spec, "web", now, {})).pcis.empty());
    const std::string all = std::string(file) + "pci = ['03:00.*']\n";
    EXPECT_EQ(parse(live_config(all, parse(all), "web", now, {})).pcis.size(), 1U); // cannot be compared
}

TEST(LiveConfig, ReadsWhatEarlierVersionsWrote) {
    const std::string old = std::string(file) + "\n# --- as it was when it was last saved; written by bulkheadd ---\n" +
                            "vif = []\nmemory = 32\n";
    EXPECT_EQ(live_config(old, parse(file), "web", live(), {}), live_config(file, parse(file), "web", live(), {}));
}

TEST(LiveConfig, MemoryAndProcessors) {
    xen::Live less = live();
    less.memory_kib = 48 * 1024 - 100;
    less.vcpus = 1;
    const xen::DomainSpec now = parse(live_config(file, parse(file), "web", less, {}));
    EXPECT_EQ(now.memory, 48);
    EXPECT_EQ(now.vcpus, 1);
    EXPECT_EQ(now.maxvcpus, 2);
}

TEST(LiveConfig, DoesNotGrowWithEachSave) {
    const std::string once = live_config(file, parse(file), "web", live(), {});
    const std::string twice = live_config(once, parse(once), "web", live(), {});
    EXPECT_EQ(once, twice);
    const std::string none = live_config(once, parse(once), "web", {}, {});
    EXPECT_TRUE(parse(none).nics.empty());
}

} // namespace
} // namespace bulkhead::domain
