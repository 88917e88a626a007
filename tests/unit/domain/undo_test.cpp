#include "domain/undo.hpp"

#include <gtest/gtest.h>

using namespace bulkhead::domain;

namespace {

Operation operation(const char* verb) {
    return {1, verb, "u1", "web", ""};
}

TEST(Undo, OnlyDevicesLeaveTheDomainAlone) {
    for (const char* verb :
         {"network-attach", "network-detach", "pci-attach", "pci-detach", "block-attach", "block-detach"})
        EXPECT_TRUE(concerns_device(operation(verb))) << verb;
    for (const char* verb : {"create", "restart", "destroy", "reincarnate"})
        EXPECT_FALSE(concerns_device(operation(verb))) << verb;
}

TEST(Undo, ARefusedRemovalStaysRefused) {
    for (const char* verb : {"network-detach", "pci-detach", "block-detach"})
        EXPECT_FALSE(undo_after_failure(operation(verb))) << verb;
    for (const char* verb : {"create", "restart", "network-attach", "pci-attach", "block-attach"})
        EXPECT_TRUE(undo_after_failure(operation(verb))) << verb;
}

} // namespace
