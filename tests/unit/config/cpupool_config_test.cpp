#include "config/cpupool_config.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

config::CpuPoolConfig parsed(const std::string& text) {
    const auto config = config::parse_cpupool(text, "/etc/xen/web", true);
    EXPECT_TRUE(config) << config.error().message;
    return config.value_or(config::CpuPoolConfig());
}

std::string error_of(const std::string& text) {
    const auto config = config::parse_cpupool(text, "command line", false);
    return config ? "no error" : config.error().message;
}

TEST(CpuPoolConfig, ReadsEveryKey) {
    const auto config = parsed("name = \"fast\"\nsched = \"credit\"\ncpus = \"2-3,^2\"\n");
    EXPECT_EQ(config.name, "fast");
    EXPECT_EQ(config.scheduler, "credit");
    EXPECT_EQ(config.cpus, "2-3,^2");
    EXPECT_FALSE(config.what_is_free);
    EXPECT_EQ(parsed("cpus = [\"1\", \"3\"]").cpus, "1,3");
    const auto nodes = parsed("nodes = [\"0\", \"1\"]\ncpus = \"7\"");
    EXPECT_EQ(nodes.cpus, "node:0,node:1");
    EXPECT_TRUE(nodes.what_is_free);
}

TEST(CpuPoolConfig, NameOfTheFile) {
    const auto config = parsed("");
    EXPECT_EQ(config.name, "web");
    EXPECT_EQ(config.scheduler, "");
    EXPECT_EQ(config.cpus, "");
    EXPECT_EQ(error_of("cpus=\"1\""), "the CPU pool has no name; add name=\"...\"");
}

TEST(CpuPoolConfig, Refuses) {
    EXPECT_EQ(error_of("name=\"a\"\ncpu=\"1\""),
              "command line:2: cpu: a CPU pool has name, sched, cpus and nodes only");
    EXPECT_EQ(error_of("name=\"a\"\nnodes=\"1\""), "command line:2: nodes: must be a list such as [\"0\", \"1\"]");
    EXPECT_EQ(error_of("name=\"a\"\ncpus=[\"1-2\"]"), "command line:2: cpus: '1-2' is no number");
    for (const char* name : {"1", "", "a/b"}) {
        EXPECT_FALSE(config::check_pool_name(name)) << name;
    }
    EXPECT_FALSE(config::check_pool_name(std::string(64, 'x')));
    EXPECT_TRUE(config::check_pool_name(std::string(63, 'x')));
    EXPECT_TRUE(config::check_pool_name("Pool-node1"));
}

} // namespace
