// xm's constant expressions. Python itself is the oracle for the values below.
#include "config/xm_text.hpp"

#include "config/constant.hpp"
#include "config/domain_config.hpp"

#include <cerrno>
#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

bool is_key(std::string_view name) {
    return name == "name" || name == "disk" || name == "memory" || name == "vif";
}

std::string xl(const std::string& text) {
    const auto made = config::xl_text_of_xm(text, "f", is_key);
    return made ? *made : "ERROR " + made.error().message;
}

// What `memory = EXPRESSION` becomes.
std::string value_of(const std::string& expression) {
    const std::string made = xl("memory = " + expression);
    return made.substr(0, 9) == "memory = " ? made.substr(9, made.size() - 10) : made;
}

config::ParsedDomain parsed(const std::string& text, const std::vector<std::string>& overrides = {}) {
    auto domain = config::parse_domain(config::with_overrides(text, overrides), "f.cfg", config::XlConf());
    EXPECT_TRUE(domain) << domain.error().message;
    return domain ? std::move(*domain) : config::ParsedDomain();
}

std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
    const auto domain = config::parse_domain(config::with_overrides(text, overrides), "f.cfg", config::XlConf());
    return domain ? "" : domain.error().message;
}

} // namespace

TEST(XmText, Arithmetic) {
    EXPECT_EQ(value_of("1 + 2 * 3"), "7");
    EXPECT_EQ(value_of("(1 + 2) * 3"), "9");
    EXPECT_EQ(value_of("7 / 2"), "3");
    EXPECT_EQ(value_of("-7 / 2"), "\"-4\"");
    EXPECT_EQ(value_of("-7 % 3"), "2");
    EXPECT_EQ(value_of("7 % -3"), "\"-2\"");
    EXPECT_EQ(value_of("7 // -2 + 10"), "6");
    EXPECT_EQ(value_of("0x10 + 010 + 0o10"), "32");
    EXPECT_EQ(value_of("10L - - 5"), "15");
    EXPECT_EQ(value_of("True + 1"), "2");
    EXPECT_EQ(value_of("(-9223372036854775807 - 1) % -1"), "0");
}

TEST(XmText, StringsAndLists) {
    EXPECT_EQ(value_of(R"('a' "b" 'c"')"), R"("abc\"")");
    EXPECT_EQ(value_of(R"('a' + "b" * 3)"), R"("abbb")");
    EXPECT_EQ(value_of("['a'] + ['b'] * 2"), R"([ "a", "b", "b" ])");
    EXPECT_EQ(value_of("( 'a', 1 )"), R"([ "a", 1 ])");
    EXPECT_EQ(value_of("[ 'a', ]"), R"([ "a" ])");
    EXPECT_EQ(value_of("[]"), "[  ]");
    EXPECT_EQ(value_of("'''a\nb'''"), R"("a\nb")");
    EXPECT_EQ(value_of(R"('a\\b\'\d')"), R"("a\\b'\\d")");
    EXPECT_EQ(value_of("'a\\\nb'"), R"("ab")");
}

TEST(XmText, Formats) {
    EXPECT_EQ(value_of("'%d%%' % 5"), R"("5%")");
    EXPECT_EQ(value_of("'phy:disk%d,sda1,w' % (3 + 1)"), R"("phy:disk4,sda1,w")");
    EXPECT_EQ(value_of("'%s-%02x:%-4d|%4s' % ('a', 10, 7, 'b')"), R"("a-0a:7   |   b")");
    EXPECT_EQ(value_of("'%05d' % -42"), R"("-0042")");
    EXPECT_EQ(value_of("'%X%o%c' % (255, 8, 'z')"), R"("FF10z")");
    EXPECT_EQ(value_of("'%d' % (1, 2)"), "ERROR f:1:15: the format takes 1 of 2 values");
    EXPECT_EQ(value_of("'%d%d' % 1"), "ERROR f:1:17: the format has more than 1 conversions");
    EXPECT_EQ(value_of("'%d' % 'a'"), "ERROR f:1:15: %d needs a number, not a string");
    EXPECT_EQ(value_of("'%f' % 1"), "ERROR f:1:15: %f is not supported; %d, %s, %x, %X, %o and %c are");
    EXPECT_EQ(value_of("'%' % 1"), "ERROR f:1:14: the format ends behind a '%'");
    EXPECT_EQ(value_of("'%9999d' % 1").substr(0, 34), "ERROR f:1:19: a width in the forma");
}

TEST(XmText, LinesStay) {
    EXPECT_EQ(xl("# c\nvmid = 3\n\nname = 'vm%d' % vmid # x\ndisk = [ 'a',\n  'b%d'\n  % vmid ]; memory = 1\n"),
              "\n\n\nname = \"vm3\"\ndisk = [ \"a\", \n\"b3\" ]\nmemory = 1\n");
    EXPECT_EQ(xl("VG = 'vg0'\nname = VG + '-x'\nother = 1\nname += '!'"), "\n\nother = 1\nname = \"vg0-x!\"\n");
    EXPECT_EQ(xl("memory = 1; name = \\\n 'a'"), "memory = 1; name = \"a\"\n");
}

TEST(XmText, ItemsOfVariablesStandWhereTheyAreUsed) {
    EXPECT_EQ(xl("disk = x\nmemory = 1 + 1\n#%% given on the command line\nx = [ 'a',\n'b' ]\n"),
              "disk = [ \"a\", \"b\" ]\nmemory = 2\n");
    EXPECT_EQ(xl("memory = 1 + 1\r\nname = 'a' # x\r\n"), "memory = 2\nname = \"a\"\n"); // as DOS ends lines
}

TEST(XmText, ErrorsNameLineAndColumn) {
    EXPECT_EQ(xl("memory = 1 +\n"), "ERROR f:1:13: expected a value before the end of the line");
    EXPECT_EQ(xl("\nmemory = 'a' - 1"), "ERROR f:2:14: '-' cannot stand between a string and a number");
    EXPECT_EQ(xl("memory = 1 / 0"), "ERROR f:1:12: division by zero");
    EXPECT_EQ(xl("memory = 9223372036854775807 + 1"), "ERROR f:1:30: the result is larger than 64 bits");
    EXPECT_EQ(xl("memory = 9223372036854775808"),
              "ERROR f:1:10: '9223372036854775808' is not an integer of at most 64 bits");
    EXPECT_EQ(xl("memory = 1.5"), "ERROR f:1:10: '1.5' is not an integer of at most 64 bits");
    EXPECT_EQ(xl("memory = 'a"), "ERROR f:1:10: the string does not end");
    EXPECT_EQ(xl("memory = [ 1 2 ]"), "ERROR f:1:14: expected ',' or ']'");
    EXPECT_EQ(xl("memory = x"), "ERROR f:1:10: 'x' has no value here; set it above, or on the command line: x=1");
    EXPECT_EQ(xl("memory = 1 2"), "ERROR f:1:12: expected the end of the line, not '2'");
    EXPECT_EQ(xl("memory"), "ERROR f:1:7: expected '=' behind 'memory'");
    EXPECT_EQ(xl("= 2"), "ERROR f:1:1: expected NAME = VALUE, not '='");
    EXPECT_EQ(xl("memory = 'a' * 100000"), "ERROR f:1:14: the result is larger than 64 KiB");
    EXPECT_EQ(xl("memory = " + std::string(40, '(') + "1" + std::string(40, ')')),
              "ERROR f:1:43: more than 32 brackets in one another");
    EXPECT_EQ(xl("memory = " + std::string(40, '-') + "1"), "ERROR f:1:43: too many signs");
}

TEST(XmText, TheWholeIsBounded) {
    std::string text = "a = 'x' * 60000\n";
    for (int i = 0; i < 400; ++i) text += "b = a\n";
    EXPECT_NE(xl(text).find("too large together"), std::string::npos);
}

TEST(XmText, PythonIsNamed) {
    for (const char* text :
         {"import os", "arch = os.uname()[4]", "if 1:\n  memory = 2", "memory = int(3)", "def f():\n", "memory = a[1]",
          "vif = 'a', 'b'", "print 'x'", "memory = 1 if x else 2", "memory = r'x'"}) {
        const auto made = config::xl_text_of_xm(text, "f", is_key);
        ASSERT_FALSE(made) << text;
        EXPECT_EQ(made.error().code, ENOTSUP) << made.error().message;
        EXPECT_EQ(made.error().message.substr(0, 4), "f:1:");
    }
}

TEST(XmFiles, VariablesOfTheCommandLine) {
    const std::string file = R"(# after xmexample2
kernel = "/boot/vmlinuz-2.6-xenU"
vmid = 7
memory = 64
name = "VM%d" % vmid
vif = [ 'mac=00:16:3e:00:00:%02x, bridge=xenbr%d' % (vmid, vmid) ]
disk = [ 'phy:disk%d,sda1,w' % (3 + vmid),
         'phy:usr,sda6,r' ]
ip = '192.168.0.%d' % vmid
netmask = '255.255.255.0'
gateway = '192.168.0.254'
hostname = "vm%d" % vmid
root = "/dev/sda1 ro"
extra = "4"
)";
    const auto first = parsed(file, {"vmid=1"});
    EXPECT_EQ(first.spec.name, "VM1");
    ASSERT_EQ(first.spec.disks.size(), 2U);
    EXPECT_EQ(first.spec.disks[0].target, "disk4");
    EXPECT_EQ(first.spec.disks[0].vdev, "sda1");
    ASSERT_EQ(first.spec.nics.size(), 1U);
    EXPECT_EQ(first.spec.nics[0].mac, "00:16:3e:00:00:01");
    EXPECT_EQ(first.spec.cmdline,
              "ip=192.168.0.1:127.0.255.255:192.168.0.254:255.255.255.0:vm1:eth0:off root=/dev/sda1 ro 4");
    EXPECT_TRUE(first.warnings.empty());
    EXPECT_EQ(parsed(file).spec.name, "VM7");
    EXPECT_EQ(parsed(file, {"vmid=2", "name=web"}).spec.name, "web");
    EXPECT_EQ(parsed(file, {"vmid=2", "memory=96"}).spec.memory, 96);
}

TEST(XmFiles, NetworkAndNfsRoot) {
    const std::string base = "name='a'\nkernel='/k'\n";
    EXPECT_EQ(parsed(base + "dhcp='dhcp'\nroot='/dev/sda1'").spec.cmdline,
              "ip=:127.0.255.255::::eth0:dhcp root=/dev/sda1");
    EXPECT_EQ(parsed(base + "dhcp='off'\nroot='/dev/sda1'").spec.cmdline, "root=/dev/sda1");
    EXPECT_EQ(parsed(base + "dhcp='dhcp'\nroot='/dev/nfs'\nnfs_server='10.0.0.1'\nnfs_root='/export/vm'\nextra='x'")
                  .spec.cmdline,
              "ip=:10.0.0.1::::eth0:dhcp root=/dev/nfs nfsroot=10.0.0.1:/export/vm x");
    EXPECT_EQ(error_of(base + "nfs_root='/x'"), "f.cfg:3: nfs_root: needs nfs_server= with the server's address");
    EXPECT_EQ(error_of(base + "ip='a b'").substr(0, 30), "f.cfg:3: ip: must be one word ");
    const auto both = parsed(base + "cmdline='c'\ndhcp='dhcp'");
    EXPECT_EQ(both.spec.cmdline, "c");
    ASSERT_EQ(both.warnings.size(), 1U);
    EXPECT_EQ(both.warnings[0], "f.cfg:4: dhcp= is ignored beside cmdline=");
}

TEST(XmFiles, OtherFormsOfXm) {
    const auto domain = parsed("name='a'\nbuilder='linux'\nkernel='/k'\nvif=['type=netfront']\nnics=3\n"
                               "disk=['tap:aio:/i.img,/dev/hda,w!', 'file:/b.iso,hdc:cdrom,r']\ncpu=-1\n");
    EXPECT_EQ(domain.spec.type, xen::DomainType::pv);
    EXPECT_EQ(domain.spec.nics.size(), 3U);
    EXPECT_EQ(domain.spec.nics[0].type, "");
    ASSERT_EQ(domain.spec.disks.size(), 2U);
    EXPECT_EQ(domain.spec.disks[0].vdev, "hda");
    EXPECT_TRUE(domain.spec.disks[0].shared);
    EXPECT_TRUE(domain.spec.disks[1].cdrom);
    const auto hvm = parsed("name='a'\nbuilder='hvm'\nkernel='/usr/lib/xen/boot/hvmloader'\ndevice_model='/x'\n");
    EXPECT_EQ(hvm.spec.kernel, "");
    EXPECT_EQ(hvm.warnings.size(), 2U);
    EXPECT_EQ(parsed("name='a'\nfirmware='pvgrub64'").spec.kernel, "/usr/lib/xen-4.17/boot/pvgrub64.bin");
    EXPECT_EQ(error_of("name='a'\nkernel='/k'\nfirmware='pvgrub64'"), "f.cfg:3: firmware: cannot stand beside kernel=");
    EXPECT_EQ(error_of("name='a'\nfirmware='bios'"), "f.cfg:2: firmware: 'bios' must be \"pvgrub32\" or \"pvgrub64\"");
}

TEST(XmFiles, ErrorsOfDevicesKeepTheirLines) {
    EXPECT_EQ(error_of("name='a%d' % 1\nkernel='/k'\ndisk = [ 'phy:a,sda1,w',\n 'phy:%s' % 'b' ]").substr(0, 14),
              "f.cfg:4: disk:");
}
