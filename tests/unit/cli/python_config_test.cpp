#include "cli/python_config.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

namespace bulkhead::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PythonConfig, ComputesWhatXmComputed) {
    const auto text = run_python_config("import os\n"
                                        "def disks(n):\n"
                                        "    return ['phy:vg/d%d,xvd%c,w' % (i, 97 + i) for i in range(n)]\n"
                                        "name = 'vm%d' % vmid\n"
                                        "disk = disks(2)\n"
                                        "memory = 64 * 2\n"
                                        "pae = True\n"
                                        "extra = \"say='x'\"\n"
                                        "_hidden = 1\n",
                                        "web", {"vmid=3", "memory=96"});
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_THAT(*text, HasSubstr("name = \"vm3\"\n"));
    EXPECT_THAT(*text, HasSubstr("disk = [\"phy:vg/d0,xvda,w\", \"phy:vg/d1,xvdb,w\"]\n"));
    EXPECT_THAT(*text, HasSubstr("memory = 96\n")); // the command line wins
    EXPECT_THAT(*text, HasSubstr("pae = 1\n"));
    EXPECT_THAT(*text, HasSubstr("extra = \"say='x'\"\n"));
    EXPECT_THAT(*text, Not(HasSubstr("hidden")));
    EXPECT_THAT(*text, Not(HasSubstr("os =")));
}

std::string error_of(const char* program) {
    const auto text = run_python_config(program, "web", {});
    return text ? "no error: " + *text : text.error().message;
}

TEST(PythonConfig, MayDoNothingElse) {
    EXPECT_THAT(error_of("x = 1 / 0"), HasSubstr("ZeroDivisionError"));
    EXPECT_THAT(error_of("x = ("), HasSubstr("web"));
    EXPECT_THAT(error_of("x = 'a\\nb'"), HasSubstr("no configuration can hold"));
    EXPECT_THAT(error_of("x = 'a' * (1 << 30)"), HasSubstr("MemoryError"));
    EXPECT_THAT(error_of("while True: pass"), HasSubstr("web"));
    EXPECT_THAT(error_of("f = open('/tmp/bulkhead-python-test', 'w'); f.write('x'); f.flush()"),
                HasSubstr("OSError: [Errno 27] File too large"));
    ::unlink("/tmp/bulkhead-python-test");
    EXPECT_THAT(error_of("import os; os.setuid(0)"), HasSubstr("PermissionError"));
    EXPECT_THAT(error_of("import os; assert os.getuid() != 0; uid = os.getuid()"), HasSubstr("no error: uid = "));
    EXPECT_THAT(error_of("import socket; socket.create_connection(('127.0.0.1', 9), 1)"), HasSubstr("Error"));
}

} // namespace
} // namespace bulkhead::cli
