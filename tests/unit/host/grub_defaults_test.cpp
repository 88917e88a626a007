#include "host/grub_defaults.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bulkhead;
using host::ScriptFile;
using testing::HasSubstr;

namespace {

host::BootLines read(const std::vector<ScriptFile>& files) {
    auto lines = host::read_boot_lines(files);
    EXPECT_TRUE(lines) << lines.error().message;
    return lines ? *lines : host::BootLines{};
}

std::string joined(const std::vector<host::BootWord>& words) {
    std::string text;
    for (const host::BootWord& word : words) text += (text.empty() ? "" : " ") + word.text;
    return text;
}

// /etc/grub.d/20_linux_xen's own use of the variables, by a shell.
std::string by_shell(const std::vector<ScriptFile>& files) {
    std::string script;
    for (const ScriptFile& file : files) script += file.text + "\n";
    script += "if [ \"${GRUB_CMDLINE_LINUX_XEN_REPLACE}\" ]; then "
              "GRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE}\"; fi\n"
              "if [ \"${GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT}\" ]; then\n"
              "GRUB_CMDLINE_LINUX_DEFAULT=\"${GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT}\"; fi\n"
              "echo ${GRUB_CMDLINE_XEN} ${GRUB_CMDLINE_XEN_DEFAULT}\n"
              "echo ${GRUB_CMDLINE_LINUX} ${GRUB_CMDLINE_LINUX_DEFAULT}\n";
    const auto output = run({"env", "-i", "/bin/sh", "-s"}, std::chrono::seconds(20), script);
    return output ? output->out : output.error().message;
}

const ScriptFile defaults = {"/etc/default/grub",
                             "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX='root=/dev/x'\n"
                             "GRUB_CMDLINE_XEN=\"dom0_mem=1G\"\n"};
// The commands of Debian's file of this name.
const ScriptFile debian = {
    "/etc/default/grub.d/xen.cfg",
    "echo \"Including Xen overrides from /etc/default/grub.d/xen.cfg\" >&2\n"
    "if [ \"$XEN_OVERRIDE_GRUB_DEFAULT\" = \"\" ]; then\n\techo \"WARNING: it's (changed)\" \\\n\t  \"x\" >&2\n"
    "\tXEN_OVERRIDE_GRUB_DEFAULT=1\nfi\nif [ \"$XEN_OVERRIDE_GRUB_DEFAULT\" = \"1\" ]; then\n"
    "\tGRUB_DEFAULT=$( \\\n\t\tprintf \"$(gettext \"%s, with Xen hypervisor\")\" \\\n"
    "\t\t\"$GRUB_DISTRIBUTOR GNU/Linux\")\nfi\n"};

ScriptFile ours(const host::OwnOptions& options) {
    return {host::our_file, host::write_own(options)};
}

} // namespace

TEST(GrubDefaults, OursIsAddedToWhatIsThere) {
    const std::vector<ScriptFile> files = {
        defaults, ours({{"dom0_mem=2G,max:2G", "iommu=required"}, {"console=hvc0", "xen-pciback.hide=(0000:00:02.0)"}}),
        debian};
    const host::BootLines lines = read(files);
    EXPECT_EQ(joined(lines.xen), "dom0_mem=1G dom0_mem=2G,max:2G iommu=required");
    EXPECT_EQ(joined(lines.dom0), "root=/dev/x quiet console=hvc0 xen-pciback.hide=(0000:00:02.0)");
    EXPECT_EQ(joined(lines.xen) + "\n" + joined(lines.dom0) + "\n",
              by_shell({files[0], files[1]})); // xen.cfg has grub's own commands
    EXPECT_TRUE(lines.xen_known && lines.dom0_known);
    EXPECT_TRUE(lines.notes.empty());
    EXPECT_EQ(lines.xen[0].source, "/etc/default/grub");
    EXPECT_EQ(lines.xen[0].line, 3U);
    EXPECT_EQ(lines.xen[2].source, host::our_file);
    EXPECT_EQ(lines.xen[2].line, 3U);
    EXPECT_EQ(lines.dom0[1].source, "/etc/default/grub"); // taken over, not written by us
    EXPECT_EQ(lines.dom0[1].line, 1U);
    EXPECT_EQ(lines.dom0[2].line, 4U);
}

TEST(GrubDefaults, AReplacementHoldsUnderXenOnly) {
    const std::vector<ScriptFile> files = {defaults,
                                           {"/etc/default/grub.d/a.cfg",
                                            "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT=\"nomodeset\"\n"
                                            "GRUB_CMDLINE_LINUX_XEN_REPLACE=ro\n"},
                                           ours({{}, {"console=hvc0"}})};
    EXPECT_EQ(joined(read(files).dom0), "ro nomodeset console=hvc0");
    EXPECT_EQ("\n" + joined(read(files).dom0) + "\n", by_shell(files).substr(by_shell(files).find('\n')));
}

TEST(GrubDefaults, WhatACommandSaysIsUnknown) {
    const host::BootLines lines =
        read({{"/etc/default/grub", "GRUB_CMDLINE_XEN_DEFAULT=\"loglvl=all $(cat /x)\"\n"}, ours({{"iommu=1"}, {}})});
    EXPECT_FALSE(lines.xen_known);
    EXPECT_EQ(lines.xen_unknown, std::string(host::our_file) + ":2");
    EXPECT_EQ(joined(lines.xen), "loglvl=all iommu=1");
    EXPECT_TRUE(lines.dom0_known);
}

TEST(GrubDefaults, ReadsWhatItWrote) {
    const host::OwnOptions options = {{"dom0_mem=1G", "com1=115200,8n1"}, {"console=hvc0", "console=tty0"}};
    const std::string text = host::write_own(options);
    const auto again = host::read_own(text, "f");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, options);
    EXPECT_EQ(host::write_own({}), "");
    const auto changed = host::read_own(text + "GRUB_TIMEOUT=3\n", "f");
    ASSERT_FALSE(changed);
    EXPECT_THAT(changed.error().message, HasSubstr("f was changed by hand"));
    EXPECT_FALSE(host::read_own("GRUB_CMDLINE_XEN_DEFAULT='", "f"));
}

TEST(GrubDefaults, CharactersThatGrubWouldTakeForItsOwn) {
    EXPECT_TRUE(host::check_boot_word("xen-pciback.hide=(0000:00:02.0)(03:00.*)"));
    for (const char* word :
         {"a b", "a;b", "a$b", "a\"b", "a'b", "a\\b", "a`b", "a{b", "a#b", "a<b", "a\nb", "a\xff", "a&b"})
        EXPECT_FALSE(host::check_boot_word(word)) << word;
}
