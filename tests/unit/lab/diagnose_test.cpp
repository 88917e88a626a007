#include "lab/diagnose.hpp"

#include <gmock/gmock.h>

namespace bulkhead::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Diagnose, HealthyConsole) {
    EXPECT_FALSE(find_fatal(""));
    EXPECT_FALSE(find_fatal("(XEN) Xen version 4.17.7\r\n[    0.0] Linux version 6.1\r\n@@ 6.50 stage ready\r\n"));
}

TEST(Diagnose, XenPanicWithItsReason) {
    const auto cause = find_fatal("(XEN) \r\n(XEN) ****************************************\r\n"
                                  "(XEN) Panic on CPU 0:\r\n(XEN) FATAL TRAP: vector = 6 (invalid opcode)\r\n");
    ASSERT_TRUE(cause);
    EXPECT_EQ(*cause, "Xen panicked: FATAL TRAP: vector = 6 (invalid opcode)");
}

TEST(Diagnose, Dom0PanicIsTheCauseOfDom0sCrash) {
    const auto cause = find_fatal("[    5.1] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n"
                                  "(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.\r\n");
    ASSERT_TRUE(cause);
    EXPECT_EQ(*cause, "dom0's kernel panicked: VFS: Unable to mount root fs");
}

TEST(Diagnose, InitsOwnErrorIsTheCauseOfThePanic) {
    const auto cause =
        find_fatal("lab-init: error: mounting /proc/xen: No such device\r\n"
                   "[    6.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\r\n");
    ASSERT_TRUE(cause);
    EXPECT_EQ(*cause, "dom0's init failed: mounting /proc/xen: No such device");
}

TEST(Diagnose, PanicAtTheEndOfTheText) {
    const auto cause = find_fatal("(XEN) Panic on CPU 1:");
    ASSERT_TRUE(cause);
    EXPECT_THAT(*cause, HasSubstr("Xen panicked"));
}

TEST(Diagnose, TextFromTheConsoleIsMadeSafe) {
    const auto cause = find_fatal("Kernel panic - not syncing: \x1b[31mred\r\n");
    ASSERT_TRUE(cause);
    EXPECT_THAT(*cause, HasSubstr("\\x1b[31mred"));
}

TEST(Diagnose, LastLines) {
    EXPECT_THAT(last_lines("a\r\nb\n\n \nc", 2), testing::ElementsAre("b", "c"));
    EXPECT_TRUE(last_lines("", 3).empty());
}

TEST(Diagnose, ExplainsFromEveryLog) {
    EXPECT_THAT(explain_death({"@@ 9.0 stage poweroff\n", "", ""}), HasSubstr("powered the machine off"));
    const std::string text = explain_death({"(XEN) booting\n", "[ndvm] oops\n",
                                            "warning: TCG doesn't support requested feature: CPUID.07H:EBX.rdseed\n"
                                            "qemu-system-x86_64: cannot set up guest memory\n"});
    EXPECT_THAT(text, HasSubstr("QEMU ended: qemu-system-x86_64: cannot set up guest memory"));
    EXPECT_THAT(text, HasSubstr("[ndvm] oops"));
    EXPECT_THAT(text, HasSubstr("(XEN) booting"));
    EXPECT_THAT(text, Not(HasSubstr("rdseed")));
    EXPECT_THAT(explain_death({}), HasSubstr("without a word"));
}

} // namespace
} // namespace bulkhead::lab
