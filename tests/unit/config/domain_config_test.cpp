#include "config/domain_config.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;
using config::parse_domain;

namespace {

const config::XlConf host;

std::string error_of(const std::string& text) {
    const auto parsed = parse_domain(text, "f.cfg", host);
    return parsed ? "no error" : parsed.error().message;
}

const std::string minimal = "name=\"a\"\nkernel=\"/k\"\n";

} // namespace

TEST(DomainConfig, ReadsADriverDomain) {
    const auto parsed = parse_domain(R"(# comment with 'quotes" and name = "wrong"
name = "ndvm"   # trailing
type = "pv"
kernel = "/k"; ramdisk = "/r"
extra = "console=hvc0"
root = "/dev/xvda"
memory = 0x60
maxmem = 128
vcpus = 2
driver_domain = 1
pci_permissive = 1
pci = [ "00:02.0,msitranslate=1",
        '0000:03:00.1@5' ]
vif = [ "mac=00:16:3E:00:00:01,bridge=xenbr0,backend=other", "" ]
disk = [ "/i.raw,raw,xvda,rw" ]
on_crash = "restart"
on_reboot = "coredump-restart"
supervise = "reincarnate"
heartbeat_timeout = 5
tsc_mode = "native"
)",
                                     "f.cfg", host);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const xen::DomainSpec& spec = parsed->spec;
    EXPECT_TRUE(parsed->warnings.empty());
    EXPECT_EQ(spec.name, "ndvm");
    EXPECT_EQ(spec.cmdline, "root=/dev/xvda console=hvc0");
    EXPECT_EQ(spec.ramdisk, "/r");
    EXPECT_EQ(spec.memory, 96);
    EXPECT_EQ(spec.vcpus, 2);
    EXPECT_EQ(spec.driver_domain, true);
    ASSERT_EQ(spec.pcis.size(), 2U);
    EXPECT_TRUE(spec.pcis[1].permissive);
    ASSERT_EQ(spec.nics.size(), 2U);
    EXPECT_EQ(spec.nics[0].mac, "00:16:3e:00:00:01");
    EXPECT_EQ(spec.nics[0].backend, "other");
    EXPECT_EQ(spec.disks.size(), 1U);
    EXPECT_EQ(spec.on_crash, xen::OnShutdown::restart);
    EXPECT_EQ(spec.on_reboot, xen::OnShutdown::coredump_restart);
    EXPECT_EQ(spec.on_poweroff, xen::OnShutdown::destroy);
    EXPECT_EQ(spec.heartbeat_timeout, 5);
    ASSERT_EQ(spec.options.size(), 1U);
    EXPECT_EQ(spec.options[0].key, "tsc_mode");
}

TEST(DomainConfig, ErrorsNameFileLineAndKey) {
    EXPECT_EQ(error_of(minimal + "\nmemory = \"lots\"\n"),
              "f.cfg:4: memory: 'lots' is not a number from 1 to 16777216");
    EXPECT_EQ(error_of(minimal + "memory=512\nmaxmem=256"), "f.cfg:4: maxmem: 256 is less than memory=512");
    EXPECT_EQ(error_of(minimal + "vcpus=0"), "f.cfg:3: vcpus: '0' is not a number from 1 to 512");
    EXPECT_EQ(error_of(minimal + "type=\"xen\""), "f.cfg:3: type: 'xen' must be \"pv\", \"pvh\" or \"hvm\"");
    EXPECT_EQ(error_of(minimal + "type=\"pv\"\nbuilder=\"hvm\""), "f.cfg:4: builder: contradicts type=\"pv\"");
    EXPECT_EQ(error_of(minimal + "uuid=\"1-2\"").substr(0, 26), "f.cfg:3: uuid: '1-2' is no");
    EXPECT_EQ(error_of(minimal + "driver_domain='yes'"), "f.cfg:3: driver_domain: 'yes' must be 0 or 1");
    EXPECT_EQ(error_of(minimal + "on_crash=\"explode\"").substr(0, 42), "f.cfg:3: on_crash: 'explode' must be destr");
    EXPECT_EQ(error_of(minimal + "tsc_mode=\"x\"\n").substr(0, 31), "f.cfg:3: tsc_mode: must be one ");
    EXPECT_EQ(error_of(minimal + "vif=\"mac=1\""), "f.cfg:3: vif: must be a list: vif = [ \"...\" ]");
    EXPECT_EQ(error_of("kernel=\"/k\""), "f.cfg: name: is missing; every domain needs one");
    EXPECT_EQ(error_of("name=\"a\""), "f.cfg: kernel: is missing; a PV or PVH domain needs kernel= or bootloader=");
    EXPECT_NE(error_of("name=\"a b\"\nkernel=\"/k\"").find("f.cfg:1: name: 'a b' must be"), std::string::npos);
    EXPECT_NE(error_of("name=\"17\"\nkernel=\"/k\"").find("taken for a domain id"), std::string::npos);
}

TEST(DomainConfig, ItemsOfListsHaveTheirOwnLines) {
    const std::string text = minimal + "vif = [\n  # one\n  \"bridge=b\",\n\n  \"brigde=b\"\n]\n";
    EXPECT_EQ(error_of(text).substr(0, 65), "f.cfg:7: vif: unknown word 'brigde'; did you mean 'bridge'? (a vi");
    EXPECT_EQ(error_of(minimal + "pci = [\n\"00:02.0\",\n\"nonsense\" ]").substr(0, 27), "f.cfg:5: pci: 'nonsense' is");
    EXPECT_EQ(error_of(minimal + "pci = [ \"00:02.0\" ]\ntype=\"pvh\"").substr(0, 14), "f.cfg:3: pci: ");
    EXPECT_EQ(error_of(minimal + "disk = [ \"a,b,c,d,e,f\" ]").substr(0, 15), "f.cfg:3: disk: ");
    // += goes on with the list; the lines follow.
    EXPECT_EQ(error_of(minimal + "vif = [ \"\" ]\n\nvif += [ \"mac=1\" ]").substr(0, 13), "f.cfg:5: vif:");
}

TEST(DomainConfig, SyntaxErrorsAreLibxlutils) {
    EXPECT_EQ(error_of(minimal + "memory = = 3\n").substr(0, 8), "f.cfg:3:");
    EXPECT_EQ(error_of(minimal + "x = [ 1, 2").substr(0, 6), "f.cfg:");
    EXPECT_EQ(error_of(minimal + "x = \"never closed\n").substr(0, 8), "f.cfg:3:");
    EXPECT_EQ(error_of(std::string("name=\"a\"\n\0", 10)), "f.cfg:2: a NUL byte; a configuration is a text file");
    EXPECT_NE(error_of(std::string(300 * 1024, '\n')).find("larger than 256 KiB"), std::string::npos);
}

TEST(DomainConfig, UnknownKeysWarn) {
    const auto parsed = parse_domain(minimal + "memroy = 3\nquite_unknown = 1", "f.cfg", host);
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed->warnings.size(), 2U);
    EXPECT_EQ(parsed->warnings[0], "f.cfg:3: unknown key 'memroy' is ignored; did you mean 'memory'?");
    EXPECT_EQ(parsed->warnings[1], "f.cfg:4: unknown key 'quite_unknown' is ignored");
    const auto ignored =
        parse_domain(minimal + "device_model = '/usr/lib/xen/bin/qemu-dm'\nbootentry = 'a'", "f.cfg", host);
    ASSERT_TRUE(ignored);
    ASSERT_EQ(ignored->warnings.size(), 2U);
    EXPECT_EQ(ignored->warnings[1], "f.cfg:4: bootentry= is a key of xm that xl does not have either");
}

TEST(DomainConfig, KeysOfOtherTypesOnlyWarn) {
    const auto parsed = parse_domain(minimal + "bios = 'nonsense'\nvfb = [ 'type=vnc' ]", "f.cfg", host);
    ASSERT_TRUE(parsed) << parsed.error().message;
    ASSERT_EQ(parsed->warnings.size(), 2U);
    EXPECT_EQ(parsed->warnings[0],
              "f.cfg:3: bios: has no effect for this type of domain, and must be one of rombios, seabios, ovmf");
    EXPECT_EQ(parsed->warnings[1], "f.cfg:4: vfb: 'type=vnc' is ignored, as by xl");
    EXPECT_EQ(error_of(minimal + "timer_mode=1"), "f.cfg:3: timer_mode: is not for PV domains");
    EXPECT_FALSE(parse_domain(minimal + "type='hvm'\nbios = 'nonsense'", "f.cfg", host));
}

TEST(DomainConfig, TheLastAssignmentWins) {
    const auto parsed = parse_domain(
        config::with_overrides(minimal + "memory=64\n# end", {"memory=96", "name=web", "ramdisk=7a/b"}), "f.cfg", host);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->spec.memory, 96);
    EXPECT_EQ(parsed->spec.name, "web"); // a shell took its quotes
    EXPECT_EQ(parsed->spec.ramdisk, "7a/b");
    EXPECT_EQ(config::with_overrides("a=1", {"b=\"x\"", "c=[1]", "d=0x1f"}),
              "a=1\n#%% given on the command line\nb=\"x\"\nc=[1]\nd=0x1f\n");
}

TEST(DomainConfig, TheHostsDefaultsReachTheVifs) {
    const auto conf = config::parse_xl_conf("vif.default.bridge=\"br1\"\nvif.default.backend=\"ndvm\"\n", "xl.conf");
    ASSERT_TRUE(conf);
    const auto parsed = parse_domain(minimal + "vif=['', 'bridge=br2']", "f.cfg", *conf);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->spec.nics[0].bridge, "br1");
    EXPECT_EQ(parsed->spec.nics[1].bridge, "br2");
    EXPECT_EQ(parsed->spec.nics[1].backend, "ndvm");
}
