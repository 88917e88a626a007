#include "measure/grub_boot.hpp"

#include "grub_files.hpp"
#include "measure/diff.hpp"
#include "measure/event_log.hpp"
#include "measure/grub_script.hpp"
#include "measure/replay.hpp"
#include "support.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>
#include <sstream>

namespace bulkhead::measure::grub {
namespace {

using test::FakeFiles;
using test::vector_file;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string modules = "(hd0,msdos1)/boot/grub/x86_64-efi/";
const std::string command_list = "*echo: echo\n*load_env: loadenv\n*save_env: loadenv\n*serial: serial\n[: test\n"
                                 "boot: boot\nconfigfile: configfile\ninitrd: linux\ninitrdefi: linux\nlinux: linux\n"
                                 "linuxefi: linux\nloadfont: font\nmodule2: multiboot2\nmultiboot2: multiboot2\n"
                                 "*search: search\nsearch.fs_uuid: search_fs_uuid\nsource: configfile\n"
                                 "terminal_input: terminal\nterminal_output: terminal\ntest: test\ntrue: true\n"
                                 "regexp: regexp\nfalse: true\nhalt: halt\n";

BootOptions debian_options() {
    BootOptions options;
    options.prefix = "(hd0,msdos1)/boot/grub";
    options.builtin = {"boot",       "configfile", "echo",           "font",   "gzio",     "linux", "loadenv", "normal",
                       "part_msdos", "search",     "search_fs_uuid", "serial", "terminal", "test",  "tpm",     "true"};
    return options;
}

// The boot of which vectors/grub-xen has the log. grub.cfg and grubenv are the real ones; of the other files the
// SHA-256 is known from the disk, the other banks' digests and those of multiboot2.mod only from the log.
TEST(GrubBoot, ReproducesTheGoldenLog) {
    const EventList log = parse_event_log(vector_file("grub-xen/xen-grub206-ovmf.eventlog")).value();
    FakeFiles files(log.banks);
    std::map<std::string, std::string> sha256;
    std::istringstream lines(vector_file("grub-xen/files.sha256"));
    for (std::string digest, name; lines >> digest >> name;) sha256[name.substr(1)] = digest;
    for (const Event& event : log.events) {
        if (event.pcr != 9) continue;
        std::string name = describe(event);
        if (!name.starts_with('(')) name.insert(0, "(hd0,msdos1)");
        const auto known = sha256.find(name.substr(12));
        if (known != sha256.end()) {
            EXPECT_EQ(to_hex(event.digests.at(Bank::sha256)), known->second) << name;
        } else {
            EXPECT_EQ(name, modules + "multiboot2.mod");
        }
        files.put_digests(name, event.digests);
    }
    for (const char* name : {"grub.cfg", "grubenv"}) {
        const std::string content = vector_file(std::string("grub-xen/") + name);
        files.put(std::string("(hd0,msdos1)/boot/grub/") + name, content);
        files.put_digests(std::string("(hd0,msdos1)/boot/grub/") + name, hash(log.banks, content));
    }
    files.put(modules + "command.lst", command_list);
    files.put(modules + "terminal.lst", "iserial: serial\noserial: serial\n");
    files.put(modules + "moddep.lst", "multiboot2: boot linux\n");

    BootOptions options = debian_options();
    options.banks = log.banks;
    const auto prediction = predict(options, files);
    ASSERT_TRUE(prediction) << prediction.error().message;
    const auto comparison = compare(log, *prediction, "log", "prediction");
    ASSERT_TRUE(comparison) << comparison.error().message;
    for (const Difference& difference : comparison->differences) ADD_FAILURE() << to_text(difference);
    EXPECT_EQ(comparison->pcrs, (std::set<std::uint32_t>{8, 9}));

    std::vector<std::pair<std::uint32_t, std::string>> ours, theirs;
    for (const Event& event : prediction->events) ours.emplace_back(event.pcr, event.data);
    for (const Event& event : log.events) {
        if (event.pcr == 8 || event.pcr == 9) theirs.emplace_back(event.pcr, event.data);
    }
    EXPECT_EQ(ours, theirs);
    const auto values = replay(*prediction).at(Bank::sha256);
    EXPECT_EQ(to_hex(values.at(8)), "d15e7eea12a220910961174de81a72c61beec92f7536b87bbb9e8e4759a42ee5");
    EXPECT_EQ(to_hex(values.at(9)), "f16c11b37c1a8611ca20dc3591e25e93d60b13c7e4c63584833d3642f66fa1b9");
}

// What a configuration measures, behind the four lists and grub.cfg, in words; or the error.
std::vector<std::string> measured(const std::string& configuration, const BootOptions& options = debian_options(),
                                  const std::map<std::string, std::string>& more = {}) {
    FakeFiles files({Bank::sha256});
    files.put(modules + "command.lst", command_list);
    files.put(modules + "moddep.lst", "a: b\nb:\nmultiboot2:\nregexp:\nterminal_x:\ngettext:\n");
    files.put("(hd0,msdos1)/boot/grub/grub.cfg", configuration);
    files.put("(hd0,msdos1)/vmlinuz", "kernel");
    for (const auto& [name, content] : more) files.put(name, content);
    const auto list = predict(options, files);
    if (!list) return {list.error().message};
    std::vector<std::string> texts;
    for (const Event& event : list->events) {
        std::string text = event.data.substr(0, event.data.size() - 1);
        if (text.starts_with("grub_cmd: ")) text.erase(0, 10);
        if (!text.ends_with(".lst") && !text.ends_with("grub.cfg")) texts.push_back(text);
    }
    return texts;
}

// The same for commands before a boot, which is left out.
std::vector<std::string> commands(const std::string& configuration,
                                  const std::map<std::string, std::string>& more = {}) {
    auto texts = measured(configuration + "\nlinux /vmlinuz\nboot\n", debian_options(), more);
    if (texts.size() >= 4) texts.resize(texts.size() - 4);
    return texts;
}

TEST(GrubBoot, WordsAreExpandedAsGrubDoes) {
    EXPECT_THAT(commands("echo a'b c'\"d  e\"f\\ g"), ElementsAre("echo ab cd  ef g"));
    EXPECT_THAT(commands("x='a b'\necho $x \"$x\" '$x' ${x}y"), ElementsAre("x=a b", "echo a b a b $x a by"));
    EXPECT_THAT(commands("echo $none x \"$none\" y"), ElementsAre("echo x  y"));
    EXPECT_THAT(commands("$none"), ElementsAre());
    EXPECT_THAT(commands("echo a\\\nb \\\n c"), ElementsAre("echo ab c"));
    EXPECT_THAT(commands("echo \"a\\\"b\\$c\\\\d\\e\""), ElementsAre("echo a\"b$c\\d\\e"));
    EXPECT_THAT(commands("echo $\"t $x\""), ElementsAre("echo t "));
    EXPECT_THAT(commands("echo a#b # comment\n# comment\n  # comment"), ElementsAre("echo a#b"));
    EXPECT_THAT(commands("echo if then fi"), ElementsAre("echo if then fi"));
    EXPECT_THAT(commands("echo '*' \\? \"*\""), ElementsAre("echo * ? *"));
    EXPECT_THAT(commands("x=' a'\necho b$x"), ElementsAre("x= a", "echo b a"));
}

TEST(GrubBoot, ControlFlowIsNotMeasuredItsCommandsAre) {
    EXPECT_THAT(commands("if true; then echo y; else echo n; fi"), ElementsAre("true", "echo y"));
    EXPECT_THAT(commands("if false; then echo 1; elif true; then echo 2; else echo 3; fi"),
                ElementsAre("false", "true", "echo 2"));
    EXPECT_THAT(commands("for i in a \"b c\"; do echo $i; done"), ElementsAre("echo a", "echo b c"));
    EXPECT_THAT(commands("set i=x\nwhile [ $i != xxx ]; do set i=x$i; done"),
                ElementsAre("set i=x", "[ x != xxx ]", "set i=xx", "[ xx != xxx ]", "set i=xxx", "[ xxx != xxx ]"));
    EXPECT_THAT(commands("until true; do echo x; done"), ElementsAre("true"));
    EXPECT_THAT(commands("for i in a b c; do if [ $i = b ]; then break; fi; done"),
                ElementsAre("[ a = b ]", "[ b = b ]", "break"));
    EXPECT_THAT(commands("for i in a b; do continue; echo $i; done"), ElementsAre("continue", "continue"));
    EXPECT_THAT(commands("function f {\n echo $# \"$1\" $2\n return 1\n echo no\n}\nif f x 'y z'; then echo t; fi"),
                ElementsAre("f x y z", "echo 2 x y z", "return 1"));
    EXPECT_THAT(commands("function f { echo $@; shift; echo $1; }\nf a b"),
                ElementsAre("f a b", "echo a b", "shift", "echo b"));
    EXPECT_THAT(commands("! true\necho $?"), ElementsAre("! true", "echo 1"));
    EXPECT_THAT(commands("nonsense\necho $?"), ElementsAre("nonsense", "echo 1"));
}

TEST(GrubBoot, TestsDecideAsGrubDoes) {
    const auto holds = [](const std::string& expression) {
        const auto texts = commands("if [ " + expression + " ]; then echo yes; fi");
        return !texts.empty() && texts.back() == "echo yes";
    };
    for (const char* yes : {"a = a", "a != b", "a", "\"\" -o a", "! \"\"", "-n a", "-z \"\"", "2 -lt 10", "0x10 -eq 16",
                            "\"(\" a = b \")\" -o c = c", "a = a -a b = b", "vmlinuz-2 -plt vmlinuz-11",
                            "-d /boot/grub", "-e /vmlinuz", "-f /vmlinuz", "-s /vmlinuz", "a \"<\" b", "-f", ""})
        EXPECT_TRUE(holds(yes)) << yes;
    for (const char* no : {"\"\"", "a = b", "a = a -a b = c", "! a", "-f /nothing", "-s /nothing", "-d /vmlinuz",
                           "10 -le 2", "vmlinuz-11 -plt vmlinuz-2"})
        EXPECT_FALSE(holds(no)) << no;
    EXPECT_THAT(commands("[ -s /vmlinuz ]"), ElementsAre("[ -s /vmlinuz ]", "/vmlinuz"));
    EXPECT_THAT(commands("[ -f /vmlinuz ]"), ElementsAre("[ -f /vmlinuz ]"));
    EXPECT_THAT(commands("[ a -nt b ]"), ElementsAre(HasSubstr("grub.cfg: line 1: test -nt")));
}

TEST(GrubBoot, MenusChooseByNumberTitleIdAndPath) {
    const std::string menu = "menuentry 'One' --id first { linux /vmlinuz 1\n}\n"
                             "submenu 'More>' --class x { menuentry Two { linux /vmlinuz $chosen\n}\n}\n";
    const auto booted = [&](const std::string& line) {
        const auto texts = measured(line + "\n" + menu);
        return texts.back();
    };
    EXPECT_EQ(booted(""), "kernel_cmdline: /vmlinuz 1");
    EXPECT_EQ(booted("default=0"), "kernel_cmdline: /vmlinuz 1");
    EXPECT_EQ(booted("default=first"), "kernel_cmdline: /vmlinuz 1");
    EXPECT_EQ(booted("default=One"), "kernel_cmdline: /vmlinuz 1");
    EXPECT_EQ(booted("default='1>0'"), "kernel_cmdline: /vmlinuz More>>>Two");
    EXPECT_EQ(booted("default='More>>>Two'"), "kernel_cmdline: /vmlinuz More>>>Two");
    EXPECT_THAT(booted("default=Three"), HasSubstr("no menu entry is called 'Three'"));
    EXPECT_THAT(booted("default=7"), HasSubstr("there are 2"));
    BootOptions options = debian_options();
    options.entry = "1>Two";
    EXPECT_EQ(measured("default=0\n" + menu, options).back(), "kernel_cmdline: /vmlinuz More>>>Two");
    EXPECT_EQ(measured("menuentry 'it''s' x { true\n}\n").back(), "the menu entry 'its' boots nothing");
    EXPECT_THAT(measured("menuentry \"it's\" x {\n linux /vmlinuz \"$1\" $2\n}\n"),
                ElementsAre("menuentry it's x {\n linux /vmlinuz \"$1\" $2\n}", "setparams it's x",
                            "linux /vmlinuz it's x", "/vmlinuz", "kernel_cmdline: /vmlinuz it\\'s x"));
}

TEST(GrubBoot, CommentLinesAndCarriageReturnsLeaveTheBlock) {
    EXPECT_THAT(measured("menuentry x {\r\n# gone\n # stays\n linux /vmlinuz\n}\n"),
                ElementsAre("menuentry x {\n # stays\n linux /vmlinuz\n}", "setparams x", "linux /vmlinuz", "/vmlinuz",
                            "kernel_cmdline: /vmlinuz"));
}

TEST(GrubBoot, EnvironmentBlocks) {
    const std::string name = "(hd0,msdos1)/boot/grub/grubenv";
    const std::string block = "# GRUB Environment Block\nsaved_entry=a\\\\b\nmore=1\n######";
    EXPECT_THAT(commands("load_env\necho $saved_entry $more", {{name, block}}),
                ElementsAre("load_env", name, "echo a\\b 1"));
    EXPECT_THAT(commands("load_env saved_entry\necho $more", {{name, block}}),
                ElementsAre("load_env saved_entry", name, "echo"));
    EXPECT_THAT(commands("load_env --skip-sig\necho $more", {{name, block}}),
                ElementsAre("load_env --skip-sig", "echo 1"));
    EXPECT_THAT(commands("load_env\necho $?"), ElementsAre("load_env", "echo 1"));
    EXPECT_THAT(commands("load_env", {{name, "x"}}), ElementsAre(HasSubstr("byte 0: an environment block begins")));
    EXPECT_THAT(commands("save_env x", {{name, block}}), ElementsAre("save_env x"));
    EXPECT_THAT(commands("save_env x\nload_env", {{name, block}}),
                ElementsAre(HasSubstr("is opened after save_env changed it")));
}

TEST(GrubBoot, ModulesBringWhatTheyNeed) {
    EXPECT_THAT(commands("insmod a\ninsmod b\ninsmod echo", {{modules + "a.mod", "a"}, {modules + "b.mod", "b"}}),
                ElementsAre("insmod a", modules + "a.mod", modules + "b.mod", "insmod b", "insmod echo"));
    EXPECT_THAT(commands("insmod a\necho $?"), ElementsAre("insmod a", "echo 1"));
    EXPECT_THAT(commands("insmod a", {{modules + "a.mod", "a"}}), ElementsAre(HasSubstr("needs b, which is not in")));
    // A command of command.lst loads its module when it is first used.
    EXPECT_THAT(commands("multiboot2 /vmlinuz\nmodule2 --nounzip /vmlinuz a\\\\b", {{modules + "multiboot2.mod", "m"}}),
                ElementsAre("multiboot2 /vmlinuz", modules + "multiboot2.mod", "/vmlinuz", "kernel_cmdline: ",
                            "module2 --nounzip /vmlinuz a\\b", "/vmlinuz", "module_cmdline: a\\\\b"));
    EXPECT_THAT(commands("insmod regexp\necho /boot/*", {{modules + "regexp.mod", "r"}}),
                ElementsAre(HasSubstr("cannot be predicted")));
    EXPECT_THAT(commands("echo /boot/*"), ElementsAre("echo /boot/*"));
}

TEST(GrubBoot, AWrittenPrefixReadsTheListsAgain) {
    FakeFiles files({Bank::sha256});
    files.put("(hd0,gpt1)/EFI/debian/grub.cfg",
              "search.fs_uuid 12-34 root hd0,gpt2\nset prefix=($root)'/boot/grub'\nlocal=1\n"
              "configfile $prefix/grub.cfg\n");
    files.put("(hd0,gpt2)/boot/grub/x86_64-efi/command.lst", command_list);
    files.put("(hd0,gpt2)/boot/grub/grub.cfg", "echo \"$local\" $config_file\nmenuentry x {\n linux /vmlinuz\n}\n");
    files.put("(hd0,gpt2)/vmlinuz", "kernel");
    BootOptions options = debian_options();
    options.prefix = "(hd0,gpt1)/EFI/debian";
    EXPECT_THAT(predict(options, files).error().message, HasSubstr("no x86_64-efi/command.lst under $prefix"));
    files.put("(hd0,gpt1)/EFI/debian/x86_64-efi/command.lst", command_list);
    EXPECT_THAT(predict(options, files).error().message,
                AllOf(HasSubstr("grub.cfg: line 1: "), HasSubstr("name it in 'search' as \"fs-uuid:12-34\"")));
    options.search["fs-uuid:12-34"] = "hd0,gpt2";
    const auto list = predict(options, files);
    ASSERT_TRUE(list) << list.error().message;
    std::vector<std::string> texts;
    for (const Event& event : list->events) texts.push_back(describe(event));
    EXPECT_THAT(texts,
                ElementsAre("(hd0,gpt1)/EFI/debian/x86_64-efi/command.lst", "(hd0,gpt1)/EFI/debian/grub.cfg",
                            "grub_cmd: search.fs_uuid 12-34 root hd0,gpt2", "grub_cmd: set prefix=(hd0,gpt2)/boot/grub",
                            "(hd0,gpt2)/boot/grub/x86_64-efi/command.lst", "grub_cmd: local=1",
                            "grub_cmd: configfile (hd0,gpt2)/boot/grub/grub.cfg", "(hd0,gpt2)/boot/grub/grub.cfg",
                            "grub_cmd: echo  (hd0,gpt2)/boot/grub/grub.cfg", // `local` was not exported
                            "grub_cmd: menuentry x {\\x0a linux /vmlinuz\\x0a}", "grub_cmd: setparams x",
                            "grub_cmd: linux /vmlinuz", "/vmlinuz", "kernel_cmdline: /vmlinuz"));
}

TEST(GrubBoot, ACatalogueOpensWhenTheLanguageIsSet) {
    BootOptions options = debian_options();
    options.builtin.insert("gettext");
    const std::string text = "set lang=de_DE\necho $\"x\"\nlinux /vmlinuz\nboot\n";
    EXPECT_EQ(measured(text, options)[1], "echo x");
    const std::string file = "(hd0,msdos1)/boot/grub/locale/de.mo";
    EXPECT_THAT(measured(text, options, {{file, "mo"}}), ElementsAre(HasSubstr("a message catalogue is open")));
    EXPECT_EQ(measured("set lang=de_DE\nlinux /vmlinuz\n boot\n", options, {{file, "mo"}})[1], file);
}

TEST(GrubBoot, WhatTheFirmwareCanIsAFact) {
    BootOptions options = debian_options();
    options.builtin.insert("efifwsetup");
    const std::map<std::string, std::string> more = {{modules + "command.lst", command_list + "fwsetup: efifwsetup\n"}};
    const std::string text = "fwsetup --is-supported\nif [ \"$?\" = 0 ]; then menuentry s {\n fwsetup\n}\nfi\n"
                             "linux /vmlinuz\nboot\n";
    EXPECT_THAT(measured(text, options, more), ElementsAre(HasSubstr("say so in 'fwsetup'")));
    options.firmware_setup = false;
    EXPECT_EQ(measured(text, options, more)[1], "[ 1 = 0 ]");
    options.firmware_setup = true;
    EXPECT_EQ(measured(text, options, more)[2], "menuentry s {\n fwsetup\n}");
}

TEST(GrubBoot, WhatIsNotKnownIsAnError) {
    EXPECT_THAT(commands("halt", {{modules + "halt.mod", "h"}}), ElementsAre(HasSubstr("moddep.lst does not know")));
    BootOptions options = debian_options();
    options.builtin.insert("halt");
    EXPECT_THAT(measured("halt\n", options), ElementsAre(HasSubstr("the command 'halt' is not modelled")));
    options.builtin.erase("tpm");
    EXPECT_THAT(measured("", options), ElementsAre(HasSubstr("does not name the module tpm")));
    EXPECT_THAT(measured("echo"), ElementsAre("the configuration boots nothing and has no menu"));
    EXPECT_THAT(commands("search --no-floppy --fs-uuid --set=root 1-2"), ElementsAre(HasSubstr("\"fs-uuid:1-2\"")));
    EXPECT_THAT(commands("while true; do true; done"), ElementsAre(HasSubstr("more than")));
    EXPECT_THAT(commands("function f { f \"$@\" \"$@\"; }\nf a"), ElementsAre(HasSubstr("more than 4096 arguments")));
    EXPECT_THAT(commands("x=a; while true; do x=\"$x$x\"; done"), ElementsAre(HasSubstr("too much room")));
    EXPECT_THAT(commands("x=a; while true; do x=$\"$x$x$x\"; done"), ElementsAre(HasSubstr("too much room")));
    EXPECT_THAT(commands("function f { f; }\nf"), ElementsAre(HasSubstr("too deep")));
    EXPECT_THAT(commands("source /boot/grub/grub.cfg"), ElementsAre(HasSubstr("nested more than")))
        << "it reads itself";
    EXPECT_THAT(measured("theme=x\nmenuentry x {\n linux /vmlinuz\n}\n"), ElementsAre(HasSubstr("has a theme")));
    EXPECT_THAT(commands("linux (hd0)+1"), ElementsAre(HasSubstr("names no file of a file system")));
}

TEST(GrubScript, SyntaxErrorsNameTheLine) {
    const auto error = [](const std::string& text) {
        const auto script = parse_script(text);
        return script ? "" : script.error().message;
    };
    EXPECT_EQ(error("echo a\nif true; then echo b\n"), "line 3: a command is wanted, not the end");
    EXPECT_EQ(error("echo a\nfi\n"), "line 2: a command is wanted, not 'fi'");
    EXPECT_EQ(error("echo 'a\n"), "line 1: a single quote is not closed");
    EXPECT_EQ(error("echo \"a\n"), "line 2: a double quote is not closed");
    EXPECT_EQ(error("echo a | b"), "line 1: '|' is no GRUB syntax");
    EXPECT_EQ(error("echo $"), "line 1: '$' needs a name behind it");
    EXPECT_EQ(error("menuentry x {\necho\n"), "line 3: a command is wanted, not the end");
    EXPECT_EQ(error("menuentry x { echo }"), "");
    EXPECT_EQ(error("for 1 in a; do echo; done"), "line 1: a name is wanted, not '1'");
    EXPECT_THAT(error(std::string("a\0b", 3)), HasSubstr("byte 1: a NUL"));
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "if true; then ";
    EXPECT_THAT(error(deep), HasSubstr("nested more than 64 deep"));
}

} // namespace
} // namespace bulkhead::measure::grub
