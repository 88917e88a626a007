#include "cli/start_order.hpp"

#include <gmock/gmock.h>

namespace bulkhead::cli {
namespace {

using Groups = std::vector<std::vector<std::string>>;

Groups names(const std::vector<Startable>& domains) {
    Groups groups;
    for (const auto& group : start_order(domains)) {
        groups.emplace_back();
        for (const std::size_t i : group) groups.back().push_back(domains[i].name);
    }
    return groups;
}

TEST(StartOrder, BackendsFirst) {
    EXPECT_EQ(names({}), Groups{});
    EXPECT_EQ(names({{"a", {}}, {"b", {"nowhere"}}}), (Groups{{"a", "b"}}));
    EXPECT_EQ(names({{"web", {"ndvm"}}, {"ndvm", {}}, {"mail", {"inner"}}, {"inner", {"ndvm", "ndvm"}}}),
              (Groups{{"ndvm"}, {"web", "inner"}, {"mail"}}));
}

TEST(StartOrder, ACircleStillStarts) {
    EXPECT_EQ(names({{"self", {"self"}}}), (Groups{{"self"}}));
    EXPECT_EQ(names({{"a", {"b"}}, {"b", {"a"}}, {"c", {}}, {"d", {"a"}}}), (Groups{{"c"}, {"a", "b", "d"}}));
}

} // namespace
} // namespace bulkhead::cli
