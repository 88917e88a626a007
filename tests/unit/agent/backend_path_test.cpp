#include "agent/backend_path.hpp"

#include <gtest/gtest.h>

namespace bulkhead::agent {
namespace {

using Scope = BackendEvent::Scope;

TEST(BackendPath, NamesOfAVif) {
    const VifId id{3, 1};
    EXPECT_EQ(id.path(), "backend/vif/3/1");
    EXPECT_EQ(id.frontend_path(), "/local/domain/3/device/vif/1");
    EXPECT_EQ(id.link_name(2), "vif3.2");
}

TEST(BackendPath, IdsAreDecimalAndBounded) {
    EXPECT_EQ(parse_vif_id("0", "0"), (VifId{0, 0}));
    EXPECT_EQ(parse_vif_id("32751", "999999"), (VifId{32751, 999999}));
    EXPECT_EQ(VifId({32751, 999999}).link_name(999999).size(), 15U);
    for (const char* bad : {"", "-1", "+1", "01", "1 ", "0x1", "32752", "99999999999999999999", "a", "1.0", ".."}) {
        EXPECT_FALSE(parse_vif_id(bad, "0")) << bad;
    }
    for (const char* bad : {"", "-1", "00", "1000000", "state", "1/0"}) EXPECT_FALSE(parse_vif_id("1", bad)) << bad;
}

TEST(BackendPath, WatchEvents) {
    EXPECT_EQ(parse_backend_event("backend").scope, Scope::all);
    EXPECT_EQ(parse_backend_event("backend/vif").scope, Scope::all);
    EXPECT_EQ(parse_backend_event("backend/vif/7").scope, Scope::frontend);
    EXPECT_EQ(parse_backend_event("backend/vif/7").vif.frontend, 7U);
    EXPECT_EQ(parse_backend_event("backend/vif/7/2").vif, (VifId{7, 2}));
    EXPECT_EQ(parse_backend_event("backend/vif/7/2").scope, Scope::vif);
    for (const char* node : {"state", "online", "bridge", "vifname", "mtu", "handle", "hotplug-status"}) {
        EXPECT_EQ(parse_backend_event("backend/vif/7/2/" + std::string(node)).scope, Scope::vif) << node;
    }
}

TEST(BackendPath, OthersAreIgnored) {
    for (const char* path :
         {"", "/", "backend/vbd/7/51712/state", "backend/vif/7/2/feature-sg", "backend/vif/x/0/state",
          "backend/vif/7/y/state", "backend/vif/7/2/state/more", "backend/vif/7/2/hotplug-error", "backend/",
          "backend/vif/", "backend/vif//0", "data", "backendx", "@releaseDomain"}) {
        EXPECT_EQ(parse_backend_event(path).scope, Scope::ignored) << path;
    }
}

} // namespace
} // namespace bulkhead::agent
