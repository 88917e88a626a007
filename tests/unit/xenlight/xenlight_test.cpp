// The parts of src/xen around libxl that need no Xen.
#include "xen/context.hpp"
#include "xen/mac.hpp"
#include "xen/message_log.hpp"
#include "xen/spec_cpus.hpp"
#include "xen/spec_options.hpp"
#include "xen/uuid.hpp"
#include "xen/xlcfg.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

TEST(Uuid, TextAndBack) {
    const std::string text = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d11";
    const auto bytes = xen::uuid_bytes(text);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(xen::uuid_text(bytes->data()), text);
    EXPECT_EQ(xen::normal_uuid("5D0D9B2C-6A1E-4C6E-8F0A-3B2F6F1F6D11"), text);
    EXPECT_FALSE(xen::normal_uuid("5d0d9b2c6a1e-4c6e-8f0a-3b2f6f1f6d111"));
    EXPECT_FALSE(xen::normal_uuid("5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d1"));
    EXPECT_FALSE(xen::normal_uuid("5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6dxx"));
    const std::string fresh = xen::new_uuid();
    EXPECT_EQ(fresh[14], '4');
    EXPECT_TRUE(xen::normal_uuid(fresh));
    EXPECT_NE(fresh, xen::new_uuid());
}

TEST(Mac, IsStrict) {
    const auto mac = parse_mac("00:16:3E:0a:0B:ff");
    ASSERT_TRUE(mac);
    EXPECT_EQ(format_mac(*mac), "00:16:3e:0a:0b:ff");
    for (const char* wrong :
         {"", "00:16:3e:0a:0b", "00-16-3e-0a-0b-ff", "0:16:3e:0a:0b:fff", "00:16:3e:0a:0b:fg", "+0:16:3e:0a:0b:ff"}) {
        EXPECT_FALSE(parse_mac(wrong)) << wrong;
    }
}

TEST(XlCfg, KeepsLinesOfKeysAndItems) {
    const auto tree = xen::read_config(
        "# a = 1\na = 'x # no comment'; b = [ 1,\n 'two' , # c = 3\n [ 3, 4 ] ]\n\nd=5\na += 'y'", "t");
    ASSERT_TRUE(tree) << tree.error().message;
    ASSERT_EQ(tree->entries.size(), 3U);
    EXPECT_EQ(tree->find("a")->text, "x # no commenty");
    EXPECT_EQ(tree->find("a")->line, 2U);
    const xen::ConfigValue* list = tree->find("b");
    ASSERT_TRUE(list != nullptr && list->is_list);
    ASSERT_EQ(list->items.size(), 3U);
    EXPECT_EQ(list->items[0].line, 2U);
    EXPECT_EQ(list->items[1].line, 3U);
    EXPECT_EQ(list->items[2].line, 4U);
    EXPECT_EQ(list->items[2].items[1].text, "4");
    EXPECT_EQ(tree->find("d")->line, 6U);
    EXPECT_EQ(tree->find("c"), nullptr);
}

namespace {

// An empty text: the value is taken.
std::string wrong(std::string_view key, const xen::ConfigValue& value) {
    xen::OptionNotes notes;
    const Status checked = xen::check_option(key, value, notes);
    return checked ? "" : checked.error().message;
}

std::string wrong(std::string_view key, const std::string& text) {
    return wrong(key, xen::ConfigValue{false, text, {}, 1});
}

std::string wrong_item(std::string_view key, const std::string& text) {
    return wrong(key, xen::ConfigValue{true, "", {{false, text, {}, 1}}, 1});
}

} // namespace

TEST(Options, EveryKeyOfTheTableTakesAValue) {
    for (const std::string& key : xen::option_names()) {
        bool taken = false;
        for (const char* text : {"1", "seabios", "qemu-xen", "ide", "stdvga", "default", "none", "native", "disabled",
                                 "host", "512", "0-3", "v2", "optee", "sbsa_uart", "strategy=host"}) {
            taken = taken || wrong(key, text).empty();
        }
        for (const char* item :
             {"text", "1", "2f8-2ff", "1,1", "lmce", "vnc=1", "backend=dom", "type=pv", "type=hostdev,hostbus=1",
              "connection=pty", "backend-type=qemu", "tag=t,path=/p,security_model=none", "connectors=0:1x1"}) {
            taken = taken || wrong_item(key, item).empty();
        }
        taken = taken || wrong(key, {true, "", {{true, "", {{false, "size=1", {}, 1}}, 1}}, 1}).empty();
        taken = taken || wrong(key, {true, "", {{true, "", {{false, "card", {}, 1}}, 1}}, 1}).empty();
        EXPECT_TRUE(taken) << key;
    }
}

TEST(Options, ChecksTypes) {
    EXPECT_EQ(wrong("acpi", "2"), ""); // any number but 0 is true, as for xl
    EXPECT_EQ(wrong("acpi", "yes"), "must be 0 or 1");
    EXPECT_EQ(wrong("cap", "-1"), "must be between 0 and 2147483647");
    EXPECT_EQ(wrong("cap", "1x"), "must be a number");
    EXPECT_NE(wrong("tsc_mode", "9"), "");
    EXPECT_EQ(wrong("tsc_mode", "2"), "");
    EXPECT_EQ(wrong("rtc_timeoffset", "-3600"), "");
    EXPECT_NE(wrong("no_such_key", "2"), "");
}

TEST(Options, DevicesSayWhatIsWrong) {
    EXPECT_EQ(wrong_item("vfb", "vnc=on"), "vnc: 'on' must be 0 or 1");
    xen::OptionNotes notes;
    EXPECT_TRUE(xen::check_option("vfb", {true, "", {{false, "type=vnc,vnc=1, nonsense", {}, 7}}, 1}, notes));
    ASSERT_EQ(notes.warnings.size(), 2U);
    EXPECT_EQ(notes.line, 7U);
    EXPECT_EQ(notes.warnings[1], "'nonsense' is ignored, as by xl");
    EXPECT_EQ(wrong_item("p9", "pth=/x").substr(0, 44), "unknown word 'pth'; did you mean 'path'? (it");
    EXPECT_EQ(wrong_item("p9", "nonsense"), "'nonsense' is not KEY=VALUE");
    EXPECT_EQ(wrong("vfb", "vnc=1"), "must be a list: [ \"...\", \"...\" ]");
    EXPECT_EQ(wrong_item("vkb", "width=3"), "backend-type= is missing; it is qemu or linux");
    EXPECT_EQ(wrong_item("vkb", "backend-type=x"), "backend-type: 'x' must be qemu or linux");
    EXPECT_NE(wrong_item("vkb", "backend-type=linux,feature-multi-touch=1"), "");
    EXPECT_EQ(wrong_item("vtpm", "uuid=5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d11"), "backend= is missing");
    EXPECT_EQ(wrong_item("vtpm", "backend=d,uuid=5"), "uuid: '5' is not a UUID");
    EXPECT_EQ(wrong_item("p9", "tag=a,path=/b"), "security_model= is missing");
    EXPECT_EQ(wrong_item("usbctrl", "type=usb3"), "type: 'usb3' must be auto, pv, devicemodel or qusb");
    EXPECT_EQ(wrong_item("usbdev", "type=hostdev,hostbus=256"), "hostbus: '256' is not a number from 0 to 255");
    EXPECT_EQ(wrong_item("channel", "name=a,connection=socket"), "connection=socket needs path=");
    EXPECT_EQ(wrong_item("channel", "name=a"), "connection= is missing; pty or socket");
    EXPECT_EQ(wrong_item("vdispl", "backend=d,connectors=id0:1920"),
              "connectors: 'id0:1920' is not ID:WIDTHxHEIGHT, or several of these with ';' between");
    EXPECT_EQ(wrong("vsnd", {true, "", {{true, "", {{false, "tape, name=x", {}, 1}}, 1}}, 1}),
              "begins with 'tape' instead of card, pcm or stream");
}

TEST(Options, HardwareSaysWhatIsWrong) {
    EXPECT_EQ(wrong_item("ioports", "2ff-2f8"), "'2ff-2f8' is not a hexadecimal port or range such as 2f8-2ff");
    EXPECT_EQ(wrong_item("irqs", "0x5"), "'0x5' is not the number of an interrupt");
    EXPECT_NE(wrong_item("iomem", "fee00"), "");
    EXPECT_EQ(wrong_item("iomem", "fee00,1@a0000"), "");
    EXPECT_EQ(wrong("mmio_hole", "255"), "must be a number of MiB from 256 to 3840");
    EXPECT_EQ(wrong_item("viridian", "!crash_ctl"), "");
    EXPECT_EQ(wrong_item("viridian", "vista"), "'vista' is not all, defaults or an enlightenment of xl.cfg(5)");
    EXPECT_NE(wrong("rdm", "strategy=guest"), "");
    EXPECT_NE(wrong("cpuid", "aes=0"), "");
    EXPECT_EQ(wrong("cpuid", "host,aes=0,family=6"), "");
    EXPECT_EQ(wrong("cpuid", "host,ae=0"), "'ae=0' has an unknown flag");
    EXPECT_EQ(wrong_item("cpuid", "1:ecx=1"), "'1:ecx=1' has a policy that is not exactly 32 characters long");
}

TEST(Options, CpuRanges) {
    const auto ranges = xen::parse_cpu_ranges("0-3,^1,node:1,nodes:2-3,all,");
    ASSERT_TRUE(ranges) << ranges.error().message;
    ASSERT_EQ(ranges->size(), 5U);
    EXPECT_EQ((*ranges)[0].last, 3U);
    EXPECT_TRUE((*ranges)[1].exclude);
    EXPECT_TRUE((*ranges)[2].nodes);
    EXPECT_EQ((*ranges)[3].first, 2U);
    EXPECT_TRUE((*ranges)[4].all);
    for (const char* text : {"3-0", "^all", "x", "1-", "-1", "1-2-3", "8192", "node:all x"}) {
        EXPECT_FALSE(xen::parse_cpu_ranges(text)) << text;
    }
}

TEST(Specs, AskLibxlutil) {
    EXPECT_TRUE(xen::check_pci("0000:00:02.0@4,permissive=1,seize=1"));
    EXPECT_FALSE(xen::check_pci("00:02.0,permissve=1"));
    EXPECT_TRUE(xen::check_rate("10Mb/s"));
    EXPECT_FALSE(xen::check_rate("10"));
}

TEST(MessageLog, DropsLibxlsPlaces) {
    EXPECT_EQ(xen::without_place("libxl_pci.c:1677:libxl__device_pci_add: Domain 6:PCI device is not assignable"),
              "Domain 6: PCI device is not assignable");
    EXPECT_EQ(xen::without_place("libxl.c:1:f: x: y"), "x: y");
    for (const char* plain : {"", "no place here", "x.c: not a place", "x.c:12 not", "x.c:12:f", "x.c:12:f g: h"}) {
        EXPECT_EQ(xen::without_place(plain), plain);
    }
}

TEST(Context, SaysWhatIsMissingWhereThereIsNoXen) {
    if (::access("/dev/xen/privcmd", F_OK) == 0) return; // on a Xen host there is nothing missing
    const auto context = xen::Context::open();
    ASSERT_FALSE(context);
    EXPECT_NE(context.error().message.find("cannot reach Xen: "), std::string::npos);
}
