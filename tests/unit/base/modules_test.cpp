#include "base/modules.hpp"

#include "base/file.hpp"

#include <cerrno>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead {
namespace {

constexpr const char* index_text = "# comment\n"
                                   "bridge /lib/modules/6.1/bridge.ko llc,stp\n"
                                   "llc /lib/modules/6.1/llc.ko -\n"
                                   "stp /lib/modules/6.1/stp.ko llc\n"
                                   "\n"
                                   "xen_netback /lib/modules/6.1/xen-netback.ko - queues=2 debug=0\n";

TEST(Modules, ParsesTheIndex) {
    const auto index = parse_module_index(index_text);
    ASSERT_TRUE(index) << index.error().message;
    ASSERT_EQ(index->size(), 4U);
    EXPECT_EQ(index->at("bridge").path, "/lib/modules/6.1/bridge.ko");
    EXPECT_EQ(index->at("bridge").dependencies, (std::vector<std::string>{"llc", "stp"}));
    EXPECT_TRUE(index->at("llc").dependencies.empty());
    EXPECT_EQ(index->at("xen_netback").parameters, "queues=2 debug=0");
    EXPECT_EQ(index->at("llc").parameters, "");
}

TEST(Modules, RefusesBadLinesAndNamesThem) {
    for (const char* bad : {"bridge /a", "bridge /a - more", "bridge /a - =1", "bridge a.ko -", "bridge /a/../b -",
                            "br.idge /a -", "bridge /a llc,", "bridge /a ,", "x /a -\nx /b -"}) {
        EXPECT_FALSE(parse_module_index(bad)) << bad;
    }
    const auto twice = parse_module_index("x /a -\nx /b -");
    EXPECT_EQ(twice.error().message, "line 2: module x is listed twice");
    EXPECT_FALSE(parse_module_list("a b"));
    EXPECT_FALSE(parse_module_aliases("pci:*"));
}

TEST(Modules, AliasesMatchAsModprobeDoes) {
    const auto aliases = parse_module_aliases("pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\n"
                                              "pci:v000010ECd00008139sv*sd*bc*sc*i* 8139cp\n"
                                              "pci:v000010ECd00008139sv*sd*bc*sc*i* 8139too\n"
                                              "virtio:d00000001v* virtio-net\n");
    ASSERT_TRUE(aliases);
    EXPECT_EQ(modules_for(*aliases, "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"),
              (std::vector<std::string>{"e1000e"}));
    EXPECT_EQ(modules_for(*aliases, "pci:v000010ECd00008139sv00001AF4sd00001100bc02sc00i00"),
              (std::vector<std::string>{"8139cp", "8139too"}));
    EXPECT_EQ(modules_for(*aliases, "virtio:d00000001v00001AF4"), (std::vector<std::string>{"virtio_net"}));
    EXPECT_TRUE(modules_for(*aliases, "pci:v00001234d00001111").empty());
}

class ModuleLoaderTest : public testing::Test {
protected:
    void SetUp() override {
        directory = std::filesystem::temp_directory_path() / ("bulkhead-modules-" + std::to_string(::getpid()));
        std::filesystem::create_directories(directory);
        put("modules", index_text);
    }
    void TearDown() override { std::filesystem::remove_all(directory); }
    void put(const char* name, std::string_view text) { ASSERT_TRUE(write_file_atomic(directory / name, text)); }
    Result<ModuleLoader> open() {
        return ModuleLoader::open(directory, [this](const std::string& path, const std::string& parameters) -> Status {
            inserted.push_back(parameters.empty() ? path : path + " " + parameters);
            if (path == broken) return fail_errno(path, ENOEXEC);
            return {};
        });
    }
    std::filesystem::path directory;
    std::vector<std::string> inserted;
    std::string broken;
};

TEST_F(ModuleLoaderTest, LoadsDependenciesFirstAndEachOnce) {
    auto loader = open();
    ASSERT_TRUE(loader) << loader.error().message;
    ASSERT_TRUE(loader->load("bridge"));
    ASSERT_TRUE(loader->load("bridge"));
    ASSERT_TRUE(loader->load("xen-netback")) << "'-' and '_' are the same";
    EXPECT_EQ(inserted, (std::vector<std::string>{"/lib/modules/6.1/llc.ko", "/lib/modules/6.1/stp.ko",
                                                  "/lib/modules/6.1/bridge.ko",
                                                  "/lib/modules/6.1/xen-netback.ko queues=2 debug=0"}));
    EXPECT_EQ(loader->load("nothing").error().code, ENOENT);
}

TEST_F(ModuleLoaderTest, LoadsWhatTheListSaysAndGoesOnAfterAFailure) {
    put("load", "bridge\nmissing\nxen_netback\n");
    broken = "/lib/modules/6.1/stp.ko";
    auto loader = open();
    ASSERT_TRUE(loader);
    const Status done = loader->load_all();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "module bridge: loading module stp: /lib/modules/6.1/stp.ko: Exec format error "
                                    "(and 1 more)");
    EXPECT_EQ(inserted.back(), "/lib/modules/6.1/xen-netback.ko queues=2 debug=0");
}

TEST_F(ModuleLoaderTest, LoadsDriversByAlias) {
    put("aliases", "xen-backend:vif xen_netback\n");
    auto loader = open();
    ASSERT_TRUE(loader);
    EXPECT_EQ(*loader->load_for("xen-backend:vif"), 1U);
    EXPECT_EQ(*loader->load_for("pci:nothing"), 0U);
    EXPECT_EQ(inserted.size(), 1U);
}

TEST_F(ModuleLoaderTest, ErrorsNameTheFile) {
    put("modules", "broken");
    const auto loader = open();
    ASSERT_FALSE(loader);
    EXPECT_EQ(loader.error().message,
              directory.string() + "/modules: line 1: expected 'NAME PATH DEPENDENCIES [PARAMETER...]'");
}

} // namespace
} // namespace bulkhead
