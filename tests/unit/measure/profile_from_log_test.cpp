#include "measure/profile_from_log.hpp"

#include "measure/event_log.hpp"
#include "measure/replay.hpp"
#include "measure/txt_launch.hpp"
#include "support.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>

namespace bulkhead::measure {
namespace {

using test::record;
using test::u32;
using test::unhex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The launch of tboot 1.10.3 on a TPM 1.2 host that was posted to tboot-devel, with the data that SINIT hashed.
const std::string acm = unhex("755414dff4e11fba3d4adb0bb6bc8f04c0bd3b620ce567c329c8b20f7f5b1d9d");
const std::string hash_start = unhex("a1df9099e38f3704e38b1ef22218ed018fd5bf8a");
const std::string combined = unhex("1d16259892393a9834babda4214ef4eb86654036");
const std::string vl_policy = unhex("c3438497fda827be3b321c5309a204f0c9e53943");
const std::string combined_data = unhex("ffffffff3006162006b000000001ffffffffffff") + std::string(60, '\0');

std::string tpm12_log(const std::string& start_data, const std::string& data) {
    const std::string mle = hash(Bank::sha1, "mle");
    const std::string records = record(17, 0x402, hash_start, start_data) + record(17, 0x403, combined, data) +
                                record(17, 0x501, vl_policy, "") + record(18, 0x404, mle, "");
    return std::string("TXT Event Container\0", 20) + std::string(12, '\0') + std::string("\1\0\1\0", 4) + u32(4096) +
           u32(48) + u32(static_cast<std::uint32_t>(48 + records.size())) + records;
}

TxtLaunch tpm12_launch() {
    TxtLaunch launch;
    launch.acm.sha256 = acm;
    launch.tboot = {1, 10, 3};
    launch.acm.capabilities = acm_capability::rlp_wake_monitor;
    launch.mle[Bank::sha1] = hash(Bank::sha1, "mle");
    launch.policy = default_tboot_policy(DefaultPolicy::tpm12);
    launch.banks = {Bank::sha1};
    launch.current = Bank::sha1;
    launch.modules = {{"", hash(launch.banks, "xen"), "xen"}};
    return launch;
}

TEST(ProfileFromLog, OfATpm12HostPredictsThatHost) {
    const EventList log = parse_event_log(tpm12_log(acm + u32(0), combined_data)).value();
    const auto found = profile_from_log(log);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->missing.empty());
    EXPECT_THAT(found->warnings, IsEmpty());
    EXPECT_EQ(found->profile.sinit_mle_data_version, 8U);
    EXPECT_EQ(found->profile.bios_acm_id, combined_data.substr(0, 20));
    // Through the file, as a user does it.
    const auto profile = parse_platform_profile(platform_profile_json(found->profile, "a host"));
    ASSERT_TRUE(profile) << profile.error().message;
    const EventList prediction = predict_txt(*profile, tpm12_launch()).value();
    EXPECT_EQ(replay(prediction).at(Bank::sha1).at(17), replay(log).at(Bank::sha1).at(17));
    EXPECT_EQ(to_hex(replay(prediction).at(Bank::sha1).at(17)), "564d58b956e12bd98c0917e0185387df53556cb5");
}

TEST(ProfileFromLog, WhatTheLogDoesNotTellIsListedNotGuessed) {
    // The digest of COMBINED_HASH alone, or data that it is not the hash of.
    for (const std::string& data : {std::string(), std::string(80, 'x')}) {
        const auto found = profile_from_log(parse_event_log(tpm12_log(acm + u32(0), data)).value()).value();
        EXPECT_EQ(found.profile.tpm, TpmVersion::tpm12);
        ASSERT_EQ(found.missing.size(), 7U);
        EXPECT_EQ(found.missing[1].fact, "bios_acm_id");
        EXPECT_EQ(found.missing[1].why, "event 1 (TXT_COMBINED_HASH) has a digest, but not the data that was hashed");
        EXPECT_EQ(platform_profile_json(found.profile), "{\n  \"tpm\": \"1.2\"\n}\n");
    }
}

TEST(ProfileFromLog, OlderSinitMleDataByTheModulesHash) {
    const auto log = [](const std::string& start_data) {
        const std::string data(76, '\3');
        EventList list;
        list.banks = {Bank::sha1};
        Event start;
        start.pcr = 17;
        start.type = event_type::txt_hash_start;
        start.data = start_data;
        start.digests = hash(list.banks, start_data.empty() ? "?" : start_data);
        Event second = start;
        second.type = event_type::txt_combined_hash;
        second.data = data;
        second.digests = hash(list.banks, data);
        list.events = {start, second};
        return list;
    };
    EXPECT_EQ(profile_from_log(log(std::string(24, '\0')))->profile.sinit_mle_data_version, 6U);
    EXPECT_EQ(profile_from_log(log(std::string(36, '\0')))->profile.sinit_mle_data_version, 7U);
    EXPECT_TRUE(profile_from_log(log(std::string(36, '\0')))->missing.empty());
    const auto unknown = profile_from_log(log("")).value();
    EXPECT_FALSE(unknown.profile.sinit_mle_data_version);
    EXPECT_THAT(unknown.missing.at(0).why, HasSubstr("it is 6 or 7"));
    EXPECT_THAT(profile_from_log(log(std::string(32, '\0') + u32(1)))->warnings,
                ElementsAre(HasSubstr("flags of zero")));
}

const std::vector<Bank> two_banks = {Bank::sha1, Bank::sha256};
const std::string zero(1, '\0');
const std::string biosac = unhex("000000002710152006b000000002000000000000000000000000000000000000");
const std::string nv_info =
    unhex("0101800003000b620444080020ef9a26fc22d1ae8cecff59e9481ac1ec533dbe228bec6d17930f4cb2cc5b97240068"
          "0101800001000b62042c040020b75ce1946f78df8baa426918db09318017e6b38d048c954e05c2c4f34bd44060004600");
const std::string key = unhex("c14a4b4be9b8aa001b65377fe689d252e6c68dcd66d37bce1da9769867d10cfd");

// Events of TPM 2.0 hosts in SINIT's order. `data_of`: whether the record carries what was hashed.
std::string tpm20_log(bool with_nv_data, std::uint32_t scrtm18 = 0) {
    std::string log = test::spec_id_record({{4, 20}, {11, 32}});
    const auto event = [&](std::uint32_t pcr, std::uint32_t type, const std::string& hashed, bool with_data = true) {
        log += test::agile_record(pcr, type, two_banks, hashed, with_data ? hashed : "");
    };
    event(17, 0x402, acm + u32(0));
    event(17, 0x40a, biosac);
    event(17, 0x40b, u32(0));
    event(17, 0x40c, u32(2), false);
    event(17, 0x412, zero, false);
    event(17, 0x40e, zero);
    event(17, 0x40f, u32(0x602));
    event(17, 0x404, "mle", false);
    event(17, 0x414, nv_info, with_nv_data);
    event(18, 0x410, key);
    event(18, 0x40b, u32(scrtm18));
    event(18, 0x40f, u32(0x602));
    event(18, 0x40c, u32(2), false);
    event(18, 0x413, zero);
    event(18, 0x414, nv_info, with_nv_data);
    return log;
}

TEST(ProfileFromLog, OfATpm20LogPredictsItEventByEvent) {
    const EventList log = parse_event_log(tpm20_log(true)).value();
    const auto found = profile_from_log(log);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_TRUE(found->missing.empty());
    EXPECT_EQ(found->profile.policy_control, 2U); // its digest was enough
    TxtLaunch launch = tpm12_launch();
    launch.acm.key_sha256 = key;
    launch.acm.capabilities = acm_capability::rlp_wake_monitor | acm_capability::tcg_event_log;
    launch.banks = two_banks;
    launch.current = Bank::sha256;
    launch.mle = hash(two_banks, "mle");
    launch.modules = {{"", hash(two_banks, "xen"), "xen"}};
    launch.policy = default_tboot_policy(DefaultPolicy::tpm20);
    const auto profile = parse_platform_profile(platform_profile_json(found->profile)).value();
    const EventList prediction = predict_txt(profile, launch).value();
    ASSERT_GT(prediction.events.size(), 15U);
    for (std::size_t i = 0; i < 15; ++i) {
        EXPECT_EQ(prediction.events[i].digests, log.events[i + 1].digests) << i;
        EXPECT_EQ(prediction.events[i].type, log.events[i + 1].type) << i;
    }
}

TEST(ProfileFromLog, MissingAndContradictoryEventsAreSaid) {
    const auto found = profile_from_log(parse_event_log(tpm20_log(false)).value()).value();
    ASSERT_EQ(found.missing.size(), 1U);
    EXPECT_EQ(found.missing[0].fact, "nv_info");
    EXPECT_THAT(found.missing[0].why, HasSubstr("event 15 (TXT_NV_INFO_HASH) has a digest"));

    const auto torn = profile_from_log(parse_event_log(tpm20_log(true, 1)).value());
    ASSERT_FALSE(torn);
    EXPECT_EQ(torn.error().message, "event 11 (TXT_CPU_SCRTM_STAT) and event 3 (TXT_CPU_SCRTM_STAT) hash different "
                                    "data: not one launch?");

    std::string guarded = tpm20_log(true);
    guarded += test::agile_record(17, 0x417, two_banks, "bpm", "");
    EXPECT_THAT(profile_from_log(parse_event_log(guarded).value())->warnings, ElementsAre(HasSubstr("Boot Guard")));

    EventList sha1_only = parse_event_log(tpm20_log(true)).value();
    sha1_only.banks = {Bank::sha1};
    for (Event& event : sha1_only.events) event.digests.erase(Bank::sha256);
    const auto either = profile_from_log(sha1_only).value();
    ASSERT_EQ(either.missing.size(), 1U);
    EXPECT_EQ(either.missing[0].fact, "tpm");
    EXPECT_EQ(either.profile.nv_info, nv_info);

    const EventList firmware = parse_event_log(test::vector_file("tcg/arch-linux.bin")).value();
    EXPECT_THAT(profile_from_log(firmware).error().message, HasSubstr("no launch by Intel TXT"));
}

} // namespace
} // namespace bulkhead::measure
