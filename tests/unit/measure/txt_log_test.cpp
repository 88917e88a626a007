#include "measure/txt_log.hpp"

#include "measure/event_log.hpp"
#include "measure/replay.hpp"
#include "support.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>

namespace bulkhead::measure {
namespace {

using test::record;
using test::u32;
using test::unhex;
using ::testing::HasSubstr;

// A launch of tboot 1.10.3 on a TPM 1.2 host, as it was posted to tboot-devel; the values were recomputed.
const std::string hash_start = unhex("a1df9099e38f3704e38b1ef22218ed018fd5bf8a");
const std::string combined = unhex("1d16259892393a9834babda4214ef4eb86654036");
const std::string policy = unhex("c3438497fda827be3b321c5309a204f0c9e53943");
const std::string mle = unhex("48b765af300ab0dbf41c29a30db73a3afc370f1d");
const std::string module0 = unhex("eb9987d865a176544f2faa4a90dbec495d738bf5");
const std::string initrd = unhex("4886dacbe9c774346f67259368509caa6907d95a");

std::string launch_records() {
    return record(17, 0x402, hash_start, "") + record(17, 0x403, combined, "") + record(17, 0x501, policy, "") +
           record(18, 0x404, mle, "") + record(18, 0x501, module0, "") + record(19, 0x501, initrd, "");
}

std::string container(const std::string& records, std::uint32_t first = 48) {
    const auto next = static_cast<std::uint32_t>(first + records.size());
    return std::string("TXT Event Container\0", 20) + std::string(12, '\0') + std::string("\1\0\1\0", 4) + u32(4096) +
           u32(first) + u32(next) + std::string(first - 48, '\0') + records;
}

// TCG_LOG_DESCRIPTOR in a SHA-1 record that extends nothing.
std::string descriptor(std::uint32_t id, std::uint32_t size) {
    return record(0, 3, std::string(20, '\0'), std::string(16, 'T') + u32(1) + u32(id) + u32(size));
}

std::string heap_descriptor(unsigned algorithm, std::uint32_t size, std::uint32_t first, std::uint32_t next) {
    return u32(algorithm) + std::string(8, 'p') + u32(size) + u32(first) + u32(next);
}

std::string error_of(const std::string& bytes) {
    const auto list = parse_event_log(bytes);
    return list ? "" : list.error().message;
}

TEST(TxtLog, Tpm12ContainerLeadsToThePcrsOfTheHost) {
    for (const std::uint32_t first : {48U, 64U}) {
        const auto list = parse_event_log(container(launch_records(), first));
        ASSERT_TRUE(list) << list.error().message;
        EXPECT_EQ(list->events[0].effect, Effect::set);
        const auto pcrs = replay(*list).at(Bank::sha1);
        EXPECT_EQ(to_hex(pcrs.at(17)), "564d58b956e12bd98c0917e0185387df53556cb5");
        EXPECT_EQ(to_hex(pcrs.at(18)), "9b99b3b24834ffab56a950d1af833a437c90bc71");
        EXPECT_EQ(to_hex(pcrs.at(19)), "7246dc40ea65de09e43f7663d0118ec12eb2abec");
    }
}

TEST(TxtLog, HashStartIsSetOrExtendedAsItsDataTells) {
    const std::string data = std::string(32, 'a') + u32(0);
    const std::string hashed = hash(Bank::sha1, data);
    const std::string value = extend(Bank::sha1, std::string(20, '\0'), hashed);
    const EventList extended = parse_event_log(container(record(17, 0x402, hashed, data))).value();
    EXPECT_EQ(extended.events[0].effect, Effect::extend);
    const EventList set = parse_event_log(container(record(17, 0x402, value, data))).value();
    EXPECT_EQ(set.events[0].effect, Effect::set);
    EXPECT_EQ(replay(extended), replay(set));
    EXPECT_EQ(replay(set).at(Bank::sha1).at(17), value);
}

TEST(TxtLog, MappingIsNoMeasurement) {
    const EventList list =
        parse_event_log(container(record(255, 0x401, std::string(20, '\0'), u32(1)) + record(18, 0x404, mle, "")))
            .value();
    EXPECT_EQ(list.events[0].effect, Effect::none);
    EXPECT_EQ(replay(list).at(Bank::sha1).size(), 1U);
}

TEST(TxtLog, Tpm20LogOfOneBank) {
    const std::string digest = hash(Bank::sha256, "acm");
    const std::string records = descriptor(2, 32) + record(17, 0x402, digest, "acm") + record(18, 0x410, digest, "");
    const auto raw = parse_event_log(records);
    ASSERT_TRUE(raw) << raw.error().message;
    EXPECT_EQ(raw->banks, std::vector<Bank>{Bank::sha256});
    EXPECT_EQ(raw->events.size(), 2U);
    const std::string start(32, '\0');
    EXPECT_EQ(replay(*raw).at(Bank::sha256).at(17), extend(Bank::sha256, start, digest));
    EXPECT_EQ(replay(*raw).at(Bank::sha256).at(18), extend(Bank::sha256, start, digest));

    const auto length = static_cast<std::uint32_t>(records.size());
    const auto saved = parse_event_log(heap_descriptor(0x0b, 4096, 0, length) + records + std::string(50, '\0'));
    // The buffer behind the records may be cut off or not.
    ASSERT_TRUE(saved) << saved.error().message;
    EXPECT_EQ(replay(*saved), replay(*raw));
}

TEST(TxtLog, Tpm20LogOfSha1HasNoDescription) {
    const std::string records = record(18, 0x404, mle, "");
    const auto length = static_cast<std::uint32_t>(records.size());
    const auto list = parse_event_log(heap_descriptor(4, 4096, 0, length) + records);
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(to_hex(replay(*list).at(Bank::sha1).at(18)), to_hex(extend(Bank::sha1, std::string(20, '\0'), mle)));
}

TEST(TxtLog, LyingContainersAreRefusedWithTheOffset) {
    const std::string good = container(launch_records());
    ASSERT_EQ(error_of(good), "");
    const auto with = [&](std::size_t at, const std::string& bytes) {
        std::string bad = good;
        bad.replace(at, bytes.size(), bytes);
        return error_of(bad);
    };
    EXPECT_THAT(with(32, "\2"), HasSubstr("byte 32: TXT event container of version 2"));
    EXPECT_THAT(with(34, "\2"), HasSubstr("byte 32: "));
    EXPECT_THAT(with(36, u32(10)), HasSubstr("in a container of 10 bytes"));
    EXPECT_THAT(with(40, u32(47)), HasSubstr("byte 40: records from byte 47"));
    EXPECT_THAT(with(40, u32(0xffffffff)), HasSubstr("byte 40: "));
    EXPECT_THAT(with(44, u32(4096)), HasSubstr("do not lie inside"));
    EXPECT_THAT(with(44, u32(48)), HasSubstr("byte 48: the TXT event log holds no event"));
    EXPECT_THAT(with(44, u32(49)), HasSubstr("byte 48: PCR index needs 4 bytes, 1 are left"));
    EXPECT_THAT(with(48 + 28, u32(0xffffffff)), HasSubstr("byte 80: event data needs 4294967295 bytes"));
    EXPECT_THAT(with(48, u32(30)), HasSubstr("byte 48: PCR 30"));
    for (std::size_t cut = 20; cut < good.size(); ++cut)
        EXPECT_THAT(error_of(good.substr(0, cut)), HasSubstr("byte ")) << cut;
}

TEST(TxtLog, DescriptorsMustAgree) {
    const std::string records = descriptor(2, 32) + record(18, 0x410, hash(Bank::sha256, "k"), "");
    const auto length = static_cast<std::uint32_t>(records.size());
    EXPECT_EQ(error_of(heap_descriptor(0x0c, 4096, 0, length) + records),
              "byte 24: the log describes itself as sha256, its heap descriptor says sha384");
    const std::string bare = record(18, 0x410, hash(Bank::sha256, "k"), "");
    EXPECT_EQ(error_of(heap_descriptor(0x0b, 4096, 0, static_cast<std::uint32_t>(bare.size())) + bare),
              "byte 24: a TXT event log of sha256 without the record that describes it");
}

} // namespace
} // namespace bulkhead::measure
