#include "lab/options.hpp"

#include <gmock/gmock.h>

namespace bulkhead::lab {
namespace {

using testing::HasSubstr;

TEST(Options, DefaultsAreGood) {
    EXPECT_TRUE(check_options(LabOptions()));
}

TEST(Options, Names) {
    EXPECT_TRUE(check_name("a"));
    EXPECT_TRUE(check_name("ci-7_x.y"));
    for (const char* bad :
         {"", ".", "..", "-x", ".hidden", "a/b", "a b", "a\n", "ä", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        EXPECT_FALSE(check_name(bad)) << bad;
    }
}

std::string error_of(const LabOptions& options) {
    const Status status = check_options(options);
    return status ? "" : status.error().message;
}

TEST(Options, ErrorsSayWhatIsAllowed) {
    LabOptions options;
    options.nic = "ne2000";
    EXPECT_THAT(error_of(options), HasSubstr("e1000e, e1000, rtl8139, virtio"));
    options = LabOptions();
    options.xenstored = "rust";
    EXPECT_THAT(error_of(options), HasSubstr("c, ocaml or ocaml-eagain"));
    options = LabOptions();
    options.memory = 1024;
    EXPECT_THAT(error_of(options), HasSubstr("1536"));
    options = LabOptions();
    options.dom0_memory = 100;
    EXPECT_NE(error_of(options), "");
    options = LabOptions();
    options.processors = 0;
    EXPECT_NE(error_of(options), "");
    options = LabOptions();
    options.dom0_arguments = "a\nb";
    EXPECT_NE(error_of(options), "");
    options = LabOptions();
    options.images = {{"../x", "/tmp"}};
    EXPECT_THAT(error_of(options), HasSubstr("--image"));
    options = LabOptions();
    options.parts = {"qemu", "vde"};
    EXPECT_THAT(error_of(options), HasSubstr("--with vde: choose from qemu, lvm"));
    options.parts = {"qemu", "qemu"};
    EXPECT_THAT(error_of(options), HasSubstr("twice"));
    options.parts = {"qemu", "lvm"};
    EXPECT_EQ(error_of(options), "");
}

} // namespace
} // namespace bulkhead::lab
