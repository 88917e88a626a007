// Whole images, from a made-up kernel package that a stand-in for apt hands out.
#include "fake_apt.hpp"
#include "image/client.hpp"
#include "image/digest.hpp"
#include "image/measurements.hpp"
#include "image/ndvm.hpp"
#include "image/unpack.hpp"

#include "base/process.hpp"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bulkhead::image {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using test::FakeApt;
using test::Folder;
using test::make_module;
using test::tar_entry;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string vmlinux = "\x7f"
                            "ELF" +
                            std::string(5000, 'v');

void fill_kernel(std::string& tar) {
    const std::string modules = "./lib/modules/6.1.0-test/";
    const auto module = [&](const std::string& path, const std::string& bytes) {
        tar_entry(tar, modules + "kernel/" + path, test::TarType::file, bytes);
    };
    tar_entry(tar, "./boot/vmlinuz-6.1.0-test", test::TarType::file, vmlinux);
    tar_entry(tar, modules + "modules.builtin", test::TarType::file, "kernel/x/builtin.ko\n");
    module("drivers/pci/xen-pcifront.ko", make_module("xen_pcifront", ""));
    module("drivers/net/xen-netback/xen-netback.ko", make_module("xen_netback", ""));
    module("drivers/net/xen-netfront.ko", make_module("xen_netfront", ""));
    module("drivers/block/xen-blkfront.ko", make_module("xen_blkfront", ""));
    module("drivers/net/ethernet/intel/e1000e/e1000e.ko", make_module("e1000e", "", {"alias=pci:v00008086d*"}));
    module("drivers/net/ethernet/intel/e1000/e1000.ko", make_module("e1000", "", {"alias=pci:v00008086d*"}));
    module("net/bridge/bridge.ko", make_module("bridge", "stp"));
    module("net/bridge/netfilter/nft_meta_bridge.ko", make_module("nft_meta_bridge", "nf_tables,bridge"));
    module("net/netfilter/nf_tables.ko", make_module("nf_tables", "nfnetlink"));
    module("net/netfilter/nfnetlink.ko", make_module("nfnetlink", ""));
    module("net/802/stp.ko", make_module("stp", ""));
}

class Images : public ::testing::Test {
protected:
    Images() {
        apt_.offer("linux-image-6.1.0-test", "6.1.1-1", fill_kernel);
        apt_.offer("busybox-static", "1:1.35",
                   [](std::string& tar) { tar_entry(tar, "./bin/busybox", test::TarType::file, "busybox", 0755); });
        test::put(folder_ / "agent", test::make_static_program());
        ndvm_.cache = folder_ / "cache";
        ndvm_.output = folder_ / "ndvm";
        ndvm_.agent = folder_ / "agent";
    }
    std::string archive() const { return *unpack(test::get(ndvm_.output + "/initramfs"), 16 << 20); }
    Folder folder_;
    FakeApt apt_;
    NdvmOptions ndvm_;
};

TEST_F(Images, NdvmHoldsTheAgentAndItsModulesOnly) {
    const auto built = build_ndvm(ndvm_);
    ASSERT_TRUE(built) << built.error().message;
    EXPECT_EQ(test::get(folder_ / "ndvm/kernel"), vmlinux);
    EXPECT_THAT(built->modules, testing::ElementsAre("bridge", "e1000e", "nf_tables", "nfnetlink", "nft_meta_bridge",
                                                     "stp", "xen_netback", "xen_pcifront"));
    const std::string files = archive();
    EXPECT_THAT(files, HasSubstr("program's code"));
    EXPECT_THAT(files, Not(HasSubstr("debug information")));
    EXPECT_THAT(files, Not(HasSubstr("busybox")));
    EXPECT_THAT(files, Not(HasSubstr("e1000.ko")));

    const json manifest = json::parse(test::get(folder_ / "ndvm/manifest.json"));
    EXPECT_EQ(manifest["kernel"]["sha256"], sha256(vmlinux));
    EXPECT_EQ(manifest["kernel"]["release"], "6.1.0-test");
    EXPECT_EQ(manifest["initramfs"]["sha256"], *sha256_file(folder_ / "ndvm/initramfs"));
    EXPECT_EQ(manifest["inputs"]["packages"]["linux-image-6.1.0-test"], "6.1.1-1");
    EXPECT_EQ(manifest["modules"]["stp"], sha256(make_module("stp", "")));
    EXPECT_EQ(built->manifest, test::get(folder_ / "ndvm/manifest.json"));
    EXPECT_THAT(built->manifest, Not(HasSubstr(folder_.path()))) << "paths of this machine";
}

TEST_F(Images, MeasurementsAreTheDigestsOfTheFiles) {
    ASSERT_TRUE(build_ndvm(ndvm_));
    const auto text = image_measurements(ndvm_.output, "console=hvc0 quiet");
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, *image_measurements(ndvm_.output, "console=hvc0 quiet"));
    const json measured = json::parse(*text)["measured"];
    ASSERT_EQ(measured.size(), 3U);
    for (const json& each : {measured[0], measured[1]}) {
        const std::string file = ndvm_.output + "/" + each["name"].get<std::string>();
        EXPECT_EQ(each["size"], test::get(file).size());
        for (const char* bank : {"sha1", "sha256", "sha384", "sha512"}) {
            const auto tool = run_checked({std::string(bank) + "sum", file}, 60s);
            ASSERT_TRUE(tool) << tool.error().message;
            EXPECT_EQ(each[bank], tool->substr(0, tool->find(' '))) << bank;
        }
    }
    EXPECT_EQ(measured[2]["name"], "command line");
    EXPECT_EQ(measured[2]["size"], 18);
    EXPECT_EQ(measured[2]["sha256"], sha256("console=hvc0 quiet"));
    EXPECT_EQ(json::parse(*image_measurements(ndvm_.output, std::nullopt))["measured"].size(), 2U);
    EXPECT_FALSE(image_measurements(folder_ / "none", std::nullopt));
}

// Builds in a child process whose surroundings differ as much as possible.
void build_elsewhere(NdvmOptions options, const Folder& place) {
    ::chmod(place.path().c_str(), 0777);
    fs::copy(options.cache, place / "cache", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    fs::copy(options.agent, place / "other-name");
    ::chmod((place / "other-name").c_str(), 0644);
    for (const auto& entry : fs::recursive_directory_iterator(place / "cache")) {
        if (!entry.is_symlink()) fs::permissions(entry.path(), fs::perms{0777});
    }
    fs::permissions(place / "cache", fs::perms{0777});
    options.cache = place / "cache";
    options.agent = place / "other-name";
    options.output = "deep/er/image";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::umask(027);
        ::setenv("TZ", "Pacific/Chatham", 1);
        ::setenv("LC_ALL", "de_DE.UTF-8", 1);
        ::setenv("SOURCE_DATE_EPOCH", "12345", 1);
        bool ready = ::chdir(place.path().c_str()) == 0;
        if (::getuid() == 0)
            ready = ready && ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
        const auto built = build_ndvm(options);
        if (!built) std::fprintf(stderr, "%s\n", built.error().message.c_str());
        ::_exit(ready && built ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
}

TEST_F(Images, TwoBuildsAreTheSameToTheByte) {
    for (const Compression compression : {Compression::zstd, Compression::gzip, Compression::xz}) {
        ndvm_.compression = compression;
        ASSERT_TRUE(build_ndvm(ndvm_));
        const Folder place;
        build_elsewhere(ndvm_, place);
        for (const char* file : {"/kernel", "/initramfs", "/manifest.json"})
            EXPECT_EQ(test::get(place / "deep/er/image" + file), test::get(ndvm_.output + file)) << file;
    }
}

TEST_F(Images, AnImageIsReplacedInOneStepAndNothingElseIs) {
    ASSERT_TRUE(build_ndvm(ndvm_));
    const std::string first = test::get(ndvm_.output + "/initramfs");
    ndvm_.nics = {"e1000"};
    ndvm_.output += "/";
    ASSERT_TRUE(build_ndvm(ndvm_));
    EXPECT_NE(test::get(folder_ / "ndvm/initramfs"), first);
    test::put(folder_ / "ndvm/precious", "mine");
    const auto refused = build_ndvm(ndvm_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("precious"));
    test::put(folder_ / "plain", "mine");
    ndvm_.output = folder_ / "plain";
    EXPECT_FALSE(build_ndvm(ndvm_));
    EXPECT_EQ(test::get(folder_ / "plain"), "mine");
    for (const auto& entry : fs::directory_iterator(folder_.path()))
        EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(Images, KeepCurrentBuildsOnlyWhenSomethingChanged) {
    ndvm_.keep_current = true;
    EXPECT_TRUE(build_ndvm(ndvm_)->rebuilt);
    const auto again = build_ndvm(ndvm_);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->rebuilt);
    EXPECT_EQ(again->kernel_version, "6.1.0-test");
    EXPECT_EQ(again->modules.size(), 8U); // the driver, the bridge, nf_tables and what they need
    EXPECT_EQ(again->kernel_size, vmlinux.size());
    test::put(ndvm_.output + "/initramfs", "tampered");
    EXPECT_TRUE(build_ndvm(ndvm_)->rebuilt);
    ndvm_.nics = {"e1000", "e1000e"};
    EXPECT_TRUE(build_ndvm(ndvm_)->rebuilt);
    std::string agent = test::make_static_program();
    agent[130] = 'P';
    test::put(folder_ / "agent", agent);
    EXPECT_TRUE(build_ndvm(ndvm_)->rebuilt);
    test::put(ndvm_.output + "/manifest.json", "[1, 2]");
    EXPECT_TRUE(build_ndvm(ndvm_)->rebuilt);
    EXPECT_FALSE(build_ndvm(ndvm_)->rebuilt);
}

TEST_F(Images, ADynamicOrMissingAgentIsRefused) {
    ndvm_.agent = "/bin/true";
    EXPECT_THAT(build_ndvm(ndvm_).error().message, HasSubstr("not a static program"));
    ndvm_.agent = folder_ / "missing";
    EXPECT_THAT(build_ndvm(ndvm_).error().message, HasSubstr("--agent"));
    test::put(folder_ / "script", "#!/bin/sh\n");
    ndvm_.agent = folder_ / "script";
    EXPECT_FALSE(build_ndvm(ndvm_));
    EXPECT_FALSE(fs::exists(ndvm_.output));
}

TEST_F(Images, TheDebugShellIsThereOnlyWhenAskedFor) {
    ndvm_.debug_shell = true;
    const auto built = build_ndvm(ndvm_);
    ASSERT_TRUE(built) << built.error().message;
    EXPECT_THAT(archive(), HasSubstr("exec /sbin/bulkhead-agent"));
    EXPECT_EQ(json::parse(built->manifest)["inputs"]["debug_shell"], true);
}

TEST_F(Images, ClientHoldsItsScriptAndFrontends) {
    ImageOptions options;
    options.cache = folder_ / "cache";
    options.output = folder_ / "client";
    const auto built = build_client(options);
    ASSERT_TRUE(built) << built.error().message;
    EXPECT_THAT(built->modules, testing::ElementsAre("xen_blkfront", "xen_netfront"));
    const std::string files = *unpack(test::get(folder_ / "client/initramfs"), 16 << 20);
    EXPECT_THAT(files, HasSubstr("test_transfer"));
    EXPECT_THAT(files, HasSubstr("busybox"));
}

TEST(ClientScript, IsSyntacticallySound) {
    const auto checked = run_checked({"sh", "-n", CLIENT_SCRIPT_FILE}, 10s);
    EXPECT_TRUE(checked) << checked.error().message;
}

} // namespace
} // namespace bulkhead::image
