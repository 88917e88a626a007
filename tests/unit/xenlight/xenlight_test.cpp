// The parts of src/xen around libxl that need no Xen.
#include "xen/context.hpp"
#include "xen/mac.hpp"
#include "xen/message_log.hpp"
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

TEST(Options, EveryKeyOfTheTableTakesAValue) {
    for (const std::string& key : xen::option_names()) {
        xen::ConfigValue list;
        list.is_list = true;
        list.items.push_back({false, "text", {}, 1});
        bool taken = static_cast<bool>(xen::check_option(key, list));
        for (const char* text :
             {"1", "seabios", "qemu-xen", "ide", "stdvga", "default", "none", "native", "disabled"}) {
            taken = taken || xen::check_option(key, {false, text, {}, 1});
        }
        EXPECT_TRUE(taken) << key;
    }
    for (const std::string& key : xen::unsupported_options()) EXPECT_FALSE(xen::knows_option(key)) << key;
}

TEST(Options, ChecksTypes) {
    EXPECT_EQ(xen::check_option("acpi", {false, "2", {}, 1}).error().message, "must be 0 or 1");
    EXPECT_EQ(xen::check_option("cap", {false, "-1", {}, 1}).error().message, "must be between 0 and 2147483647");
    EXPECT_EQ(xen::check_option("cap", {false, "1x", {}, 1}).error().message, "must be a number");
    EXPECT_FALSE(xen::check_option("tsc_mode", {false, "9", {}, 1}));
    EXPECT_TRUE(xen::check_option("tsc_mode", {false, "2", {}, 1}));
    EXPECT_FALSE(xen::check_option("no_such_key", {false, "2", {}, 1}));
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
