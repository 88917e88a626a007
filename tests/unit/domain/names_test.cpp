#include "domain/names.hpp"

#include <cerrno>
#include <gtest/gtest.h>

using namespace bulkhead;
using domain::find_domain;

namespace {

std::vector<xen::DomainInfo> some() {
    std::vector<xen::DomainInfo> domains(3);
    domains[0].name = "Domain-0";
    domains[0].uuid = "00000000-0000-0000-0000-000000000000";
    domains[1].id = 4;
    domains[1].name = "client";
    domains[1].uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d11";
    domains[2].id = 12;
    domains[2].name = "ndvm";
    return domains;
}

} // namespace

TEST(Names, NameIdAndUuid) {
    EXPECT_EQ(find_domain(some(), "client")->id, 4U);
    EXPECT_EQ(find_domain(some(), "12")->name, "ndvm");
    EXPECT_EQ(find_domain(some(), "5D0D9B2C-6a1e-4c6e-8f0a-3b2f6f1f6d11")->id, 4U);
    EXPECT_EQ(find_domain(some(), "0")->id, 0U);
    EXPECT_EQ(find_domain(some(), "Domain-0")->id, 0U);
}

TEST(Names, SaysWhatWasMeant) {
    const auto found = find_domain(some(), "clinet");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, "there is no domain 'clinet'; did you mean 'client'? (see: bulkhead list)");
    EXPECT_EQ(found.error().code, ENOENT);
    EXPECT_FALSE(find_domain(some(), "5"));
    EXPECT_FALSE(find_domain(some(), ""));
    EXPECT_EQ(find_domain(some(), "\x1b[31m").error().message, "there is no domain '\\x1b[31m' (see: bulkhead list)");
}
