#include "xen/quota.hpp"

#include <gtest/gtest.h>

namespace bulkhead::xen {
namespace {

TEST(Quota, OfCXenstored) {
    const char* limits = "Quota settings:\nnodes            :     1000 Nodes per domain\n"
                         "watches          :      128 Watches per domain\ntransaction-nodes:     1024 x\n";
    EXPECT_EQ(quota_number(limits, "nodes"), 1000U);
    EXPECT_EQ(quota_number(limits, "watches"), 128U);
    EXPECT_EQ(quota_number(limits, "transaction-nodes"), 1024U);
    EXPECT_EQ(quota_number(limits, "memory"), std::nullopt);
    EXPECT_EQ(quota_number("Domain 3:\nnodes           :       45\n", "nodes"), 45U);
}

TEST(Quota, OfOxenstored) {
    EXPECT_EQ(quota_pair("dom3 quota: 45/1000"), (Use{45, 1000}));
    EXPECT_EQ(quota_pair("dom3 quota: not set"), std::nullopt);
}

TEST(Quota, StrangeAnswersAreNone) {
    for (const char* text : {"", "nodes", "nodes:", "nodes : many", "nodes : 99999999999", "\n\n:", "nodes :"})
        EXPECT_EQ(quota_number(text, "nodes"), std::nullopt) << text;
    for (const char* text : {"", "dom3 quota: /", "dom3 quota: 1", "dom3 quota: a/b", "x quota: 1/2 3"})
        EXPECT_EQ(quota_pair(text), std::nullopt) << text;
}

} // namespace
} // namespace bulkhead::xen
