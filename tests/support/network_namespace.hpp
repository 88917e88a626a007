// Puts the whole test program into a network namespace of its own before any test runs, so that tests make real bridges
// and leave no trace. Include it in one file of a test program. Not root: a user namespace first.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace bulkhead::test {

class NetworkNamespace : public testing::Environment {
public:
    void SetUp() override {
        const int flags = ::geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;
        // A test that would touch the machine's own network must not go on.
        ASSERT_EQ(::unshare(flags), 0) << "cannot make a network namespace: " << std::strerror(errno);
    }
};

inline testing::Environment* const network_namespace = testing::AddGlobalTestEnvironment(new NetworkNamespace);

} // namespace bulkhead::test
