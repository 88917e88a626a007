#include "xen/wire.hpp"

#include <cerrno>
#include <gtest/gtest.h>

namespace bulkhead::xen::wire {
namespace {

using namespace std::string_literals;

TEST(Wire, EncodesHeaderInHostOrderAndTakesItBack) {
    const Message message{Type::write, 7, 9, "a/b\0value"s};
    std::string bytes = *encode(message);
    ASSERT_EQ(bytes.size(), header_size + 9);
    EXPECT_EQ(bytes.substr(0, 4), "\x0b\0\0\0"s); // XS_WRITE is 11
    EXPECT_EQ(bytes.substr(12, 4), "\x09\0\0\0"s);
    bytes += "rest";
    const auto taken = take(bytes);
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ((*taken)->type, Type::write);
    EXPECT_EQ((*taken)->request, 7U);
    EXPECT_EQ((*taken)->transaction, 9U);
    EXPECT_EQ((*taken)->payload, message.payload);
    EXPECT_EQ(bytes, "rest");
}

TEST(Wire, TakeWaitsForEveryByte) {
    const std::string whole = *encode({Type::read, 1, 0, "path\0"s});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::string part = whole.substr(0, size);
        const auto taken = take(part);
        ASSERT_TRUE(taken);
        EXPECT_FALSE(*taken) << size;
        EXPECT_EQ(part.size(), size);
    }
}

TEST(Wire, RefusesPayloadsThatTheProtocolForbids) {
    EXPECT_TRUE(encode({Type::write, 1, 0, std::string(payload_max, 'x')}));
    const auto refused = encode({Type::write, 1, 0, std::string(payload_max + 1, 'x')});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, E2BIG);
    std::string bytes = "\x0b\0\0\0\1\0\0\0\0\0\0\0\x01\x10\0\0"s; // 4097 bytes announced
    EXPECT_FALSE(take(bytes));
}

TEST(Wire, Paths) {
    for (const char* good : {"/", "a", "backend/vif/1/0", "/local/domain/3/data", "feature-x_y@z"}) {
        EXPECT_TRUE(valid_path(good)) << good;
    }
    for (const char* bad : {"", "a/", "a//b", "//", "a b", "a\n", "@releaseDomain", "\xc3\xa4", "a.b"}) {
        EXPECT_FALSE(valid_path(bad)) << bad;
    }
    EXPECT_FALSE(valid_path("a\0b"s));
    EXPECT_TRUE(valid_watch_path("@releaseDomain"));
    EXPECT_FALSE(valid_watch_path("@release Domain"));
    EXPECT_TRUE(valid_path(std::string(2048, 'a')));
    EXPECT_FALSE(valid_path(std::string(2049, 'a')));
    EXPECT_TRUE(valid_path("/" + std::string(3071, 'a')));
    EXPECT_FALSE(valid_path("/" + std::string(3072, 'a')));
}

TEST(Wire, Names) {
    EXPECT_TRUE(parse_names("")->empty());
    EXPECT_EQ(*parse_names("0\0vif\0"s), (std::vector<std::string>{"0", "vif"}));
    EXPECT_EQ(*parse_names("0\0vif"s), (std::vector<std::string>{"0", "vif"}));
    EXPECT_FALSE(parse_names("a\0\0b\0"s));
    EXPECT_FALSE(parse_names("a/b\0"s));
}

TEST(Wire, DirectoryParts) {
    const auto middle = parse_directory_part("12\0a\0bc\0"s);
    ASSERT_TRUE(middle);
    EXPECT_EQ(middle->generation, "12");
    EXPECT_EQ(middle->names, "a\0bc\0"s);
    EXPECT_FALSE(middle->last);
    const auto last = parse_directory_part("12\0a\0bc\0\0"s);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->names, "a\0bc\0"s);
    EXPECT_TRUE(last->last);
    EXPECT_TRUE(parse_directory_part("12\0\0"s)->last);
    EXPECT_TRUE(parse_directory_part("12\0\0"s)->names.empty());
    EXPECT_FALSE(parse_directory_part(""));
    EXPECT_FALSE(parse_directory_part("12"));
    EXPECT_FALSE(parse_directory_part("\0a\0"s));
    EXPECT_FALSE(parse_directory_part("12\0abc"s));
}

TEST(Wire, WatchEvents) {
    EXPECT_EQ(*parse_watch_event("backend/vif\0t\0"s), (WatchEvent{"backend/vif", "t"}));
    EXPECT_EQ(*parse_watch_event("@releaseDomain\0\0"s), (WatchEvent{"@releaseDomain", ""}));
    EXPECT_FALSE(parse_watch_event("backend\0t"s));
    EXPECT_FALSE(parse_watch_event("\0t\0"s));
    EXPECT_FALSE(parse_watch_event(""));
}

TEST(Wire, Permissions) {
    const std::vector<Permission> all{{0, false, false}, {3, true, false}, {4, true, true}, {5, false, true}};
    EXPECT_EQ(*parse_permissions("n0\0r3\0b4\0w5\0"s), all);
    std::string text;
    for (const Permission& permission : all) text += format_permission(permission) + '\0';
    EXPECT_EQ(text, "n0\0r3\0b4\0w5\0"s);
    for (const auto& bad : {""s, "x0\0"s, "r\0"s, "r-1\0"s, "r70000\0"s, "r3\0\0r4\0"s}) {
        EXPECT_FALSE(parse_permissions(bad)) << bad;
    }
}

TEST(Wire, ErrorsByName) {
    EXPECT_EQ(parse_error("ENOENT\0"s), ENOENT);
    EXPECT_EQ(parse_error("EAGAIN"), EAGAIN);
    EXPECT_EQ(parse_error("E2BIG\0"s), E2BIG);
    EXPECT_EQ(parse_error("nonsense"), EINVAL);
    EXPECT_EQ(parse_error(""), EINVAL);
}

} // namespace
} // namespace bulkhead::xen::wire
