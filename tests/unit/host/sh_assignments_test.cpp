#include "host/sh_assignments.hpp"

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace bulkhead;
using host::ShellVariables;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

ShellVariables read(const std::string& text) {
    ShellVariables variables;
    const Status done = host::read_assignments(text, "f", variables);
    EXPECT_TRUE(done) << done.error().message;
    return variables;
}

std::string error_of(const std::string& text) {
    ShellVariables variables;
    const Status done = host::read_assignments(text, "f", variables);
    return done ? "no error" : done.error().message;
}

// What a shell itself makes of the file: "NAME=VALUE" with NUL bytes behind.
std::string by_shell(const std::string& text, const std::vector<std::string>& names) {
    std::string script = text + "\n";
    for (const std::string& name : names) script += "printf '" + name + "=%s\\n.\\n' \"${" + name + "-UNSET}\"\n";
    const auto output = run({"env", "-i", "/bin/sh", "-s"}, std::chrono::seconds(20), script);
    return output && output->status == 0 ? output->out
                                         : "sh failed: " + (output ? output->err : output.error().message);
}

std::string by_us(const ShellVariables& variables, const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        const auto found = variables.values.find(name);
        text += name + "=" + (found == variables.values.end() ? "UNSET" : found->second.text) + "\n.\n";
    }
    return text;
}

// Random files out of the pieces that shell scripts are made of.
class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}
    std::string file() {
        std::string text;
        for (unsigned i = 0, count = 1 + pick(12); i < count; ++i) text += line();
        return text;
    }

private:
    unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
    const char* one_of(std::initializer_list<const char*> texts) {
        return *(texts.begin() + pick(static_cast<unsigned>(texts.size())));
    }
    std::string name() { return one_of({"GRUB_A", "GRUB_B", "GRUB_CMDLINE_XEN", "GRUB_D"}); }
    std::string expansion() {
        switch (pick(5)) {
        case 0:
            return "$" + name();
        case 1:
            return "${" + name() + "}";
        case 2:
            return "${" + name() + one_of({":-", "-", ":+", "+"}) + one_of({"x", "a b", "", "=,:", "$GRUB_A"}) + "}";
        default:
            return "$" + name() + one_of({"/", ".", "-", " ", "="});
        }
    }
    std::string piece() {
        switch (pick(8)) {
        case 0:
            return one_of({"plain", "a=b", "1,2", "#x", "x#y", "x~", "*", "a\\ b", "\\$x", "\\\\"});
        case 1:
            return "'" + std::string(one_of({"a b", "$GRUB_A", "\"", "\\", "#", "two\nlines", ""})) + "'";
        case 2:
            return "\"" + std::string(one_of({"a  b", "it's", "\\\"", "\\$x", "\\x", "a\\\nb", "# no", ""})) + "\"";
        case 3:
            return "\"" + expansion() + one_of({"", " x", "'q'"}) + expansion() + "\"";
        case 4:
            return "\\\n";
        case 5:
            return expansion().substr(0, 30).find(' ') == std::string::npos ? "$GRUB_B" : "\"$GRUB_D \"";
        default:
            return one_of({"dom0_mem=1G,max:1G", "console=com1", "$", "\"$\"", "x\\\ny"});
        }
    }
    std::string value() {
        std::string text = one_of({"x", "", "''"});
        for (unsigned i = 0, count = pick(4); i < count; ++i) text += piece();
        return text;
    }
    std::string line() {
        const std::string assignment = name() + "=" + value();
        switch (pick(12)) {
        case 0:
            return "# comment '\" `\n";
        case 1:
            return "  " + assignment + " # it's a comment\n";
        case 2:
            return assignment + ";" + name() + "=2\n";
        case 3:
            return "echo \"" + name() + "=$GRUB_A\" 'x' >/dev/null\n";
        case 4:
            return "unset " + name() + "\n";
        case 5:
            return "if false; then " + name() + "_X=1; else\n:; fi\n";
        case 6:
            return "cat >/dev/null <<END\n" + name() + "=\"unclosed\nEND\n";
        case 7:
            return "export " + name() + "='e x'\n";
        case 8:
            return "export " + name() + "\n\n";
        default:
            return assignment + "\n";
        }
    }
    std::minstd_rand random_;
};

} // namespace

TEST(ShAssignments, ReadsWhatPeopleWrite) {
    const auto variables = read("# GRUB\nGRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT='quiet splash'\n"
                                "GRUB_CMDLINE_XEN=\"dom0_mem=1024M,max:1024M \\\n com1=115200,8n1\"\n"
                                "export GRUB_CMDLINE_LINUX=console=\"hvc0\"\\ x # end\n");
    EXPECT_EQ(variables.get("GRUB_DEFAULT").text, "0");
    EXPECT_EQ(variables.get("GRUB_CMDLINE_LINUX_DEFAULT").text, "quiet splash");
    EXPECT_EQ(variables.get("GRUB_CMDLINE_XEN").text, "dom0_mem=1024M,max:1024M  com1=115200,8n1");
    EXPECT_EQ(variables.get("GRUB_CMDLINE_LINUX").text, "console=hvc0 x");
    EXPECT_TRUE(variables.notes.empty());
    ASSERT_EQ(variables.history.size(), 4U);
    EXPECT_EQ(variables.history[3].line, 6U);
}

TEST(ShAssignments, KnowsWhatItCannotKnow) {
    const auto variables = read("GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\n"
                                "A=$(printf \"$(gettext \"x) y\")\" 'a)')\nB=\"b $HOME\"\nif true; then C=1; fi\n"
                                "true && D=1\nE=1 | cat\nf() { G=1; }\nH=${A%x}\nI=~/x\nJ=1 K=$J\nL=fine\n"
                                "case $L in a) M=1;; esac\nfor N in 1 2; do :; done\n: ${GRUB_O:=1}\n. /etc/default/x\n"
                                "P+=x\n");
    for (const char* name : {"GRUB_DISTRIBUTOR", "A", "B", "C", "D", "E", "G", "H", "I", "K", "M", "N", "GRUB_O"})
        EXPECT_FALSE(variables.get(name).known) << name;
    EXPECT_EQ(variables.get("L"), (host::ShellValue{"fine", true}));
    EXPECT_EQ(variables.get("B").text, "b ");
    EXPECT_THAT(variables.notes, ElementsAre(HasSubstr("f:7: defines a function"), HasSubstr("f:15: runs '.'"),
                                             HasSubstr("f:16: 'P+=x' is no assignment in sh")));
}

TEST(ShAssignments, ErrorsNameTheLine) {
    EXPECT_EQ(error_of("A=1\nB='x\n\n"), "f:2: a ' is not closed");
    EXPECT_EQ(error_of("A=\"x\n"), "f:1: a \" is not closed");
    EXPECT_EQ(error_of("\nA=$(x\n"), "f:2: a $( is not closed");
    EXPECT_EQ(error_of("A=${B:-'x'}"),
              "f:1: a quote inside ${...} is not understood; set the variable in a line of its own");
    EXPECT_EQ(error_of(std::string("A=1\nB=\0", 7)), "f:2: a NUL byte; this is a text file");
    EXPECT_THAT(error_of("cat <<X\nA=1\n"), HasSubstr("here-document has no end 'X'"));
    std::string grows = "A=xxxxxxxxxxxxxxxx\n";
    for (int i = 0; i < 40; ++i) grows += "A=\"$A$A\"\n";
    EXPECT_THAT(error_of(grows), HasSubstr("longer than 65536 bytes"));
    EXPECT_THAT(error_of(std::string(300000, '\n')), HasSubstr("larger than 256 KiB"));
    EXPECT_THAT(error_of("A=" + std::string(40000, '(')), testing::AnyOf("no error", HasSubstr("f:1")));
    std::string deep = "A=";
    for (int i = 0; i < 100; ++i) deep += "$(";
    EXPECT_THAT(error_of(deep), HasSubstr("more than 32 deep"));
}

TEST(ShAssignments, AgreesWithTheShell) {
    const std::vector<std::string> names = {"GRUB_A", "GRUB_B", "GRUB_CMDLINE_XEN", "GRUB_D"};
    unsigned compared = 0;
    for (unsigned seed = 1; seed <= 400; ++seed) {
        const std::string text = Generator(seed).file();
        ShellVariables variables;
        const Status done = host::read_assignments(text, "f", variables);
        const std::string shell = by_shell(text, names);
        if (!done) {
            ADD_FAILURE() << "seed " << seed << ": " << done.error().message << "\n" << text << "\nsh: " << shell;
            continue;
        }
        bool known = true;
        for (const auto& [name, value] : variables.values) known = known && (value.known || name.ends_with("_X"));
        if (!known) continue;
        ++compared;
        EXPECT_EQ(by_us(variables, names), shell) << "seed " << seed << "\n" << text;
    }
    EXPECT_GT(compared, 300U);
}
