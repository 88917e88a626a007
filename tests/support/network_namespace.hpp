// Puts the whole test program into a network namespace of its own before any test runs, so that tests make real bridges
// and leave no trace. Include it in one file of a test program. Not root: a user namespace first.
#pragma once

#include "support/own_namespaces.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <gtest/gtest.h>

namespace bulkhead::test {

class NetworkNamespace : public testing::Environment {
public:
    void SetUp() override {
        // A test that would touch the machine's own network must not go on.
        ASSERT_TRUE(enter_own_namespaces(CLONE_NEWNET)) << "cannot make a network namespace: " << std::strerror(errno);
    }
};

inline testing::Environment* const network_namespace = testing::AddGlobalTestEnvironment(new NetworkNamespace);

} // namespace bulkhead::test
