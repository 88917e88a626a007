#include "measure/event_list_json.hpp"

#include "measure/diff.hpp"
#include "measure/event_log.hpp"
#include "measure/replay.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <regex>

namespace bulkhead::measure {
namespace {

using test::vector_file;
using ::testing::HasSubstr;

TEST(EventListJson, ComesBackAsItWent) {
    for (const char* name : {"tcg/uefi-sha1-log.bin", "tcg/rhel8-uefi.bin", "grub-xen/xen-grub206-ovmf.eventlog"}) {
        EventList list = parse_event_log(vector_file(name)).value();
        list.startup_locality = 3;
        list.covers = {0, 9};
        list.events[0].source = "a \"quoted\" file\xff";
        const std::string text = event_list_json(list);
        const auto again = read_event_list(text);
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(replay(*again), replay(list));
        EXPECT_EQ(again->covers, list.covers);
        EXPECT_EQ(event_list_json(*again), text);
    }
}

TEST(EventListJson, WhatIsWrongIsNamed) {
    EventList list = parse_event_log(vector_file("tcg/uefi-sha1-log.bin")).value();
    list.events.resize(2);
    const std::string good = event_list_json(list);
    const auto error_with = [&](const char* from, const char* to) {
        const std::string bad = std::regex_replace(good, std::regex(from), to, std::regex_constants::format_first_only);
        EXPECT_NE(bad, good) << from;
        const auto result = read_event_list(bad);
        return result ? "" : result.error().message;
    };
    EXPECT_THAT(error_with("event list", "shopping list"), HasSubstr("not an event list"));
    EXPECT_THAT(error_with("\"version\": 1", "\"version\": 2"), HasSubstr("not an event list"));
    EXPECT_THAT(error_with("\"sha1\"", "\"md5\""), HasSubstr("'banks' holds \"md5\""));
    EXPECT_THAT(error_with("\"sha1\": \"..", "\"sha1\": \""), HasSubstr("event 0: 'digests'"));
    EXPECT_THAT(error_with("\"pcr\": 0", "\"pcr\": 24"), HasSubstr("event 0: 'pcr'"));
    EXPECT_THAT(error_with("\"pcr\": 0", "\"pcr\": -1"), HasSubstr("event 0: 'pcr'"));
    EXPECT_THAT(error_with("extend", "ignore"), HasSubstr("event 0: 'effect'"));
    EXPECT_THAT(error_with("\"data\": \"", "\"data\": \"x"), HasSubstr("event 0: 'data'"));
    EXPECT_THAT(error_with("\"dynamic_launch\": false,", ""), HasSubstr("'dynamic_launch'"));
    EXPECT_THAT(error_with("\\{", "[{"), HasSubstr("byte ")); // no object: read as an event log
    EXPECT_THAT(read_event_list("{").error().message, HasSubstr("not a JSON object"));
    EXPECT_THAT(read_event_list("{" + std::string(100'000, '[')).error().message, HasSubstr("nested"));
}

} // namespace
} // namespace bulkhead::measure
