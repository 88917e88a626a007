#include "image/module_tree.hpp"

#include "base/modules.hpp"
#include "image/modinfo.hpp"
#include "image/nic_table.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::image {
namespace {

using test::Folder;
using test::make_module;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* base = "lib/modules/6.1.0-test/";

// A small kernel package: a bridge with dependencies, two NICs, one library, built-in xenbus.
class Tree : public ::testing::Test {
protected:
    Tree() {
        module("net/bridge/bridge.ko", make_module("bridge", "llc,stp"));
        module("net/llc/llc.ko", make_module("llc", ""));
        module("net/802/stp.ko", make_module("stp", "llc"));
        module("drivers/net/xen-netback/xen-netback.ko",
               make_module("xen_netback", "xenbus-x", {"alias=xen-backend:vif"}));
        module("drivers/net/ethernet/intel/e1000e/e1000e.ko",
               make_module("e1000e", "", {"alias=pci:v00008086d000010D3sv*sd*bc*sc*i*"}));
        module("drivers/net/ethernet/rt/r8169.ko", make_module("r8169", "",
                                                               {"softdep=pre: realtek-phy missing post: other",
                                                                "alias=pci:v000010ECd00008168sv*sd*bc*sc*i*"}));
        module("drivers/net/phy/realtek-phy.ko", make_module("realtek_phy", ""));
        module("drivers/net/ethernet/lib/helper.ko", make_module("helper", "", {"alias=platform:helper"}));
        module("drivers/net/virtio_net.ko",
               make_module("virtio_net", "", {"alias=virtio:d00000001v*", "alias=two words: x"}));
        module("drivers/virtio/virtio_pci.ko", make_module("virtio_pci", ""));
        test::put(folder_ / (std::string(base) + "modules.builtin"), "kernel/drivers/xen/xenbus-x.ko\n");
    }
    void module(const std::string& path, const std::string& bytes) {
        test::put(folder_ / (base + ("kernel/" + path)), bytes);
    }
    ModuleTree open() {
        auto tree = ModuleTree::open(folder_.path());
        EXPECT_TRUE(tree) << tree.error().message;
        return *tree;
    }
    Folder folder_;
};

TEST_F(Tree, KnowsItsModules) {
    const ModuleTree tree = open();
    EXPECT_EQ(tree.kernel_version(), "6.1.0-test");
    EXPECT_TRUE(tree.has("xen-netback"));
    EXPECT_TRUE(tree.has("xen_netback"));
    EXPECT_TRUE(tree.is_builtin("xenbus_x"));
    EXPECT_FALSE(tree.has("xenbus_x"));
    EXPECT_THAT(tree.below("net/"), ElementsAre("bridge", "llc", "stp"));
}

TEST_F(Tree, DependenciesComeInLoadingOrder) {
    const auto modules = open().resolve({"bridge"});
    ASSERT_TRUE(modules) << modules.error().message;
    ASSERT_EQ(modules->size(), 3U);
    EXPECT_EQ((*modules)[0].name, "bridge");
    EXPECT_THAT((*modules)[0].dependencies, ElementsAre("llc", "stp"));
    EXPECT_EQ((*modules)[0].path, "/lib/modules/6.1.0-test/kernel/net/bridge/bridge.ko");
    EXPECT_THAT((*modules)[2].dependencies, ElementsAre("llc"));
}

TEST_F(Tree, BuiltInsAreThereAlreadyAndSoftDependenciesMayBeMissing) {
    EXPECT_TRUE(open().resolve({"xenbus-x"})->empty());
    EXPECT_TRUE((*open().resolve({"xen-netback"}))[0].dependencies.empty());
    const auto modules = open().resolve({"r8169"});
    ASSERT_TRUE(modules);
    EXPECT_THAT((*modules)[0].dependencies, ElementsAre("realtek_phy"));
}

TEST_F(Tree, ARingOfDependenciesEnds) {
    module("a.ko", make_module("a", "", {"softdep=pre: b"}));
    module("b.ko", make_module("b", "a"));
    const auto modules = open().resolve({"a", "b"});
    ASSERT_TRUE(modules);
    EXPECT_THAT((*modules)[0].dependencies, ElementsAre("b"));
    EXPECT_THAT((*modules)[1].dependencies, ElementsAre("a"));
}

TEST_F(Tree, UnknownAndForeignModulesAreErrors) {
    EXPECT_THAT(open().resolve({"nothing"}).error().message, HasSubstr("6.1.0-test has no module nothing"));
    module("foreign.ko", make_module("foreign", "", {}, "5.10.0"));
    EXPECT_THAT(open().resolve({"foreign"}).error().message, HasSubstr("made for kernel 5.10.0"));
    module("broken.ko", "garbage");
    EXPECT_FALSE(open().resolve({"broken"}));
    EXPECT_FALSE(ModuleTree::open(folder_ / "nowhere"));
    std::filesystem::create_directory(folder_ / "lib/modules/6.2");
    EXPECT_THAT(ModuleTree::open(folder_.path()).error().message, HasSubstr("more than one kernel"));
}

TEST_F(Tree, TheImagesListsAreWhatTheAgentReads) {
    Initramfs image;
    const auto modules = add_modules(
        image, open(),
        {{"xenbus-x", "bridge", "xen-netback"}, {"virtio_net", "r8169"}, {{"xen_netback", "max_queues=2 debug=1"}}});
    ASSERT_TRUE(modules) << modules.error().message;
    const std::string archive = *image.build(Compression::none);
    const auto content = [&](const std::string& name) { // the file's bytes stand behind its name, padded to 4
        std::size_t at = archive.find("lib/bulkhead/" + name + std::string(1, '\0'));
        EXPECT_NE(at, std::string::npos);
        const std::size_t size = std::stoul(archive.substr(at - 110 + 6 + 6 * 8, 8), nullptr, 16);
        at = (at + name.size() + 14 + 3) / 4 * 4;
        return archive.substr(at, size);
    };
    const auto index = parse_module_index(content("modules"));
    ASSERT_TRUE(index) << index.error().message;
    EXPECT_EQ(index->size(), 7U);
    EXPECT_THAT(index->at("bridge").dependencies, ElementsAre("llc", "stp"));
    EXPECT_EQ(index->at("xen_netback").parameters, "max_queues=2 debug=1");
    EXPECT_EQ(index->at("bridge").parameters, "");
    EXPECT_TRUE(image.contains(index->at("realtek_phy").path));
    EXPECT_THAT(*parse_module_list(content("load")), ElementsAre("bridge", "xen_netback"));
    const auto aliases = parse_module_aliases(content("aliases"));
    ASSERT_TRUE(aliases) << aliases.error().message;
    EXPECT_THAT(modules_for(*aliases, "virtio:d00000001v00001AF4"), ElementsAre("virtio_net"));
    EXPECT_THAT(modules_for(*aliases, "pci:v000010ECd00008168sv00sd00bc02sc00i00"), ElementsAre("r8169"));
    EXPECT_TRUE(modules_for(*aliases, "xen-backend:vif").empty()) << "loaded at start, not by alias";
}

TEST_F(Tree, NicNames) {
    const ModuleTree tree = open();
    EXPECT_THAT(*nic_modules(tree, {"virtio", "e1000e"}), ElementsAre("e1000e", "virtio_net", "virtio_pci"));
    EXPECT_THAT(*nic_modules(tree, {"rtl8139"}), ElementsAre("8139cp", "8139too"));
    EXPECT_THAT(*nic_modules(tree, {"r8169"}), ElementsAre("r8169"));
    EXPECT_THAT(*nic_modules(tree, {"xen-netback"}), ElementsAre("xen_netback")) << "any network driver by its name";
    EXPECT_THAT(*nic_modules(tree, {"all"}), ElementsAre("e1000e", "r8169", "virtio_net", "virtio_pci"));
    const auto unknown = nic_modules(tree, {"e1000e", "bridge"});
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("unknown NIC \"bridge\""));
    EXPECT_THAT(unknown.error().message, HasSubstr("rtl8139"));
    EXPECT_FALSE(nic_modules(tree, {""}));
}

TEST(Modinfo, ReadsWhatModpostWrites) {
    const auto info =
        parse_modinfo(make_module("xen_netback", "a,b", {"alias=one", "alias=two", "softdep=pre: x y post: z", "odd"}));
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->name, "xen_netback");
    EXPECT_EQ(info->vermagic, "6.1.0-test");
    EXPECT_THAT(info->depends, ElementsAre("a", "b"));
    EXPECT_THAT(info->softdeps, ElementsAre("x", "y"));
    EXPECT_THAT(info->aliases, ElementsAre("one", "two"));
}

TEST(Modinfo, DamageIsAnError) {
    const std::string good = make_module("m", "");
    for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_modinfo(good.substr(0, size))) << size;
    EXPECT_FALSE(parse_modinfo(test::make_static_program()));
}

} // namespace
} // namespace bulkhead::image
