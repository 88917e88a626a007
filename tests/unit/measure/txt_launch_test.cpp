#include "measure/txt_launch.hpp"

#include "measure/replay.hpp"
#include "support.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>

namespace bulkhead::measure {
namespace {

using test::unhex;
using ::testing::HasSubstr;

std::string sha256(const std::string& bytes) {
    return to_hex(hash(Bank::sha256, bytes));
}
std::string sha1(const std::string& bytes) {
    return to_hex(hash(Bank::sha1, bytes));
}

const std::string zero(1, '\0');

// Recomputed values of hosts whose owners posted them; "ACM" of the first is an Intel DQ67EP's.
PlatformProfile tpm12_profile(const std::string& bios_acm_id, std::uint32_t version = 8) {
    PlatformProfile profile;
    profile.tpm = TpmVersion::tpm12;
    profile.sinit_mle_data_version = version;
    profile.bios_acm_id = unhex(bios_acm_id);
    profile.mseg_valid = std::string(8, '\0');
    profile.stm_hash = std::string(20, '\0');
    profile.policy_control = 0;
    profile.lcp_policy_hash = std::string(20, '\0');
    profile.cpu_scrtm_status = 0;
    return profile;
}

TxtLaunch tpm12_launch(const std::string& acm_sha256, DefaultPolicy policy) {
    TxtLaunch launch;
    launch.acm.sha256 = unhex(acm_sha256);
    launch.acm.capabilities = acm_capability::rlp_wake_monitor;
    launch.tboot = {1, 10, 3};
    launch.mle[Bank::sha1] = hash(Bank::sha1, "mle");
    launch.policy = default_tboot_policy(policy);
    launch.banks = {Bank::sha1};
    launch.current = Bank::sha1;
    launch.modules = {{"a b", hash(std::vector{Bank::sha1}, "xen"), "xen"},
                      {"", hash(std::vector{Bank::sha1}, "vmlinuz"), "vmlinuz"}};
    return launch;
}

TEST(TxtLaunch, Pcr17OfADq67ep) {
    const auto profile = tpm12_profile("80000000201010220000b001ffffffffffffffff");
    const auto list =
        predict_txt(profile, tpm12_launch("30ed7bc9e1f32a7e489fbd15d85185f4ffd88834a3104d19334391783d55ebbf",
                                          DefaultPolicy::year2013));
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(to_hex(list->events[0].digests.at(Bank::sha1)), "0fcc099f81549da4836d492afb8ab2e303cecfa1");
    EXPECT_EQ(to_hex(list->events[1].digests.at(Bank::sha1)), "7e0cdad3b8d9c344ab89657efdbfa638d1b25978");
    EXPECT_EQ(to_hex(replay(*list).at(Bank::sha1).at(17)), "57a5f1b245ac52614498a728efe7f741b4dc3ebf");
}

// tboot 1.10.3 with the 6th and 7th generation's SINIT module 79.
TEST(TxtLaunch, Pcr17OfATpm12Host) {
    const auto profile = tpm12_profile("ffffffff3006162006b000000001ffffffffffff");
    const auto list =
        predict_txt(profile, tpm12_launch("755414dff4e11fba3d4adb0bb6bc8f04c0bd3b620ce567c329c8b20f7f5b1d9d",
                                          DefaultPolicy::tpm12));
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(to_hex(extend(Bank::sha1, std::string(20, '\0'), list->events[0].digests.at(Bank::sha1))),
              "a1df9099e38f3704e38b1ef22218ed018fd5bf8a");
    EXPECT_EQ(to_hex(list->events[1].digests.at(Bank::sha1)), "1d16259892393a9834babda4214ef4eb86654036");
    EXPECT_EQ(to_hex(replay(*list).at(Bank::sha1).at(17)), "564d58b956e12bd98c0917e0185387df53556cb5");
    // PCR 18: the MLE, module 0; PCR 19: the other modules.
    const std::string module0 = hash(Bank::sha1, unhex(sha1("a b") + sha1("xen")));
    const std::string module1 = hash(Bank::sha1, unhex(sha1("") + sha1("vmlinuz")));
    const std::string start(20, '\0');
    EXPECT_EQ(replay(*list).at(Bank::sha1).at(18),
              extend(Bank::sha1, extend(Bank::sha1, start, hash(Bank::sha1, "mle")), module0));
    EXPECT_EQ(replay(*list).at(Bank::sha1).at(19), extend(Bank::sha1, start, module1));
}

TEST(TxtLaunch, OlderSinitMleDataMeasuresLess) {
    const std::string acm = "755414dff4e11fba3d4adb0bb6bc8f04c0bd3b620ce567c329c8b20f7f5b1d9d";
    auto launch = tpm12_launch(acm, DefaultPolicy::tpm12);
    launch.acm.sha1 = unhex("9dc494b2c525eafab57d5587421775d152e89edb");
    const auto combined = [&](std::uint32_t version) {
        auto profile = tpm12_profile("ffffffff3006162006b000000001ffffffffffff", version);
        if (version < 8) profile.cpu_scrtm_status.reset();
        return predict_txt(profile, launch).value();
    };
    EXPECT_EQ(combined(8).events[1].data.size(), 80U);
    EXPECT_EQ(combined(7).events[1].data.size(), 76U);
    EXPECT_EQ(combined(7).events[0].data.size(), 36U);
    EXPECT_EQ(combined(6).events[0].data.size(), 24U);
    auto with_capabilities = tpm12_profile("ffffffff3006162006b000000001ffffffffffff");
    with_capabilities.policy_control = 4;
    EXPECT_EQ(predict_txt(with_capabilities, launch)->events[1].data.substr(72, 4), unhex("02040000"));
    EXPECT_EQ(combined(8).events[1].data.substr(72, 4), std::string(4, '\0'));
}

PlatformProfile tpm20_profile() {
    PlatformProfile profile;
    profile.tpm = TpmVersion::tpm20;
    profile.biosac_reg_data = unhex("000000002710152006b000000002000000000000000000000000000000000000");
    profile.cpu_scrtm_status = 0;
    profile.policy_control = 0;
    profile.lcp_details = profile.lcp_authorities = profile.stm = zero;
    profile.nv_info =
        unhex("0101800003000b620444080020ef9a26fc22d1ae8cecff59e9481ac1ec533dbe228bec6d17930f4cb2cc5b97240068"
              "0101800001000b62042c040020b75ce1946f78df8baa426918db09318017e6b38d048c954e05c2c4f34bd440600046"
              "00");
    return profile;
}

TEST(TxtLaunch, Tpm20EventsHaveTheDigestsOfHosts) {
    TxtLaunch launch;
    launch.acm.sha256 = unhex("755414dff4e11fba3d4adb0bb6bc8f04c0bd3b620ce567c329c8b20f7f5b1d9d");
    launch.acm.key_sha256 = unhex("c14a4b4be9b8aa001b65377fe689d252e6c68dcd66d37bce1da9769867d10cfd");
    launch.acm.capabilities = acm_capability::rlp_wake_monitor | acm_capability::tcg_event_log;
    launch.tboot = {1, 10, 5};
    launch.banks = {Bank::sha1, Bank::sha256};
    launch.mle = hash(launch.banks, "mle");
    launch.policy = default_tboot_policy(DefaultPolicy::tpm20);
    launch.modules = {{"x", hash(launch.banks, "xen"), "xen"}, {"", hash(launch.banks, "vmlinuz"), "vmlinuz"}};
    const auto list = predict_txt(tpm20_profile(), launch);
    ASSERT_TRUE(list) << list.error().message;
    const auto digest = [&](std::uint32_t pcr, std::uint32_t type, Bank bank) -> std::string {
        for (const Event& event : list->events) {
            if (event.pcr == pcr && event.type == type) return to_hex(event.digests.at(bank));
        }
        return "none";
    };
    const char* zero_word_sha256 = "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119";
    EXPECT_EQ(digest(17, event_type::txt_cpu_scrtm_stat, Bank::sha256), zero_word_sha256);
    EXPECT_EQ(digest(18, event_type::txt_cpu_scrtm_stat, Bank::sha256), zero_word_sha256);
    EXPECT_EQ(digest(17, event_type::txt_lcp_control_hash, Bank::sha1), "9069ca78e7450a285173431b3e52c5c25299e473");
    EXPECT_EQ(digest(17, event_type::txt_lcp_details_hash, Bank::sha256),
              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    EXPECT_EQ(digest(18, event_type::txt_lcp_authorities_hash, Bank::sha1), "5ba93c9db0cff93f52b521d7420e43f6eda2784f");
    EXPECT_THAT(digest(17, event_type::txt_nv_info_hash, Bank::sha256), ::testing::StartsWith("8e22a743"));
    EXPECT_THAT(digest(17, event_type::txt_ossinitdata_cap_hash, Bank::sha256), ::testing::StartsWith("a1fbc541"));
    EXPECT_EQ(digest(18, event_type::txt_sinit_pubkey_hash, Bank::sha256), sha256(launch.acm.key_sha256));
    EXPECT_EQ(digest(17, event_type::tboot, Bank::sha256),
              "71be5852a14eabefebf0df0e1acc5da291883b6d4c5ab20914ed987c1daf3f91");
    EXPECT_EQ(digest(18, event_type::tboot, Bank::sha256), digest(17, event_type::tboot, Bank::sha256));

    // extpol is fixed: tboot leaves the SHA-1 bank as SINIT left it.
    std::size_t tboot_events = 0;
    for (const Event& event : list->events) {
        EXPECT_EQ(event.digests.contains(Bank::sha1), event.type != event_type::tboot);
        tboot_events += event.type == event_type::tboot ? 1 : 0;
    }
    EXPECT_EQ(tboot_events, 4U);
    EXPECT_FALSE(replay(*list).at(Bank::sha256).contains(19));
    launch.extend_policy = ExtendPolicy::agile;
    const auto agile = predict_txt(tpm20_profile(), launch);
    EXPECT_EQ(to_hex(agile->events[15].digests.at(Bank::sha1)), "0afc07618e3739481f4c2abaf703ca4e35507e6e");
}

TEST(TxtLaunch, MissingFactsAreListedTogether) {
    const auto launch = tpm12_launch(std::string(64, 'a'), DefaultPolicy::tpm12);
    PlatformProfile profile;
    EXPECT_EQ(predict_txt(profile, launch).error().message, "the platform profile lacks tpm");
    profile.tpm = TpmVersion::tpm12;
    profile.policy_control = 0;
    EXPECT_EQ(predict_txt(profile, launch).error().message,
              "the platform profile lacks sinit_mle_data_version, bios_acm_id, mseg_valid, stm_hash, lcp_policy_hash, "
              "cpu_scrtm_status");
    profile.tpm = TpmVersion::tpm20;
    EXPECT_EQ(
        predict_txt(profile, launch).error().message,
        "the platform profile lacks biosac_reg_data, cpu_scrtm_status, lcp_details, lcp_authorities, stm, nv_info");
    auto details = launch;
    details.acm.capabilities |= acm_capability::details_authorities_pcr_map;
    details.details_authorities = true;
    EXPECT_THAT(predict_txt(tpm12_profile(std::string(40, 'f')), details).error().message, HasSubstr("not modelled"));
}

TEST(TxtLaunch, ProfilesAreCheckedFactByFact) {
    const auto profile = parse_platform_profile(
        R"({"description":"x","tpm":"2.0","cpu_scrtm_status":1,"stm":"00","bios_acm_id":"80000000201010220000b001ffffffffffffffff"})");
    ASSERT_TRUE(profile) << profile.error().message;
    EXPECT_EQ(profile->cpu_scrtm_status, 1U);
    EXPECT_EQ(profile->stm, zero);
    EXPECT_FALSE(profile->policy_control);
    const auto error = [](const char* text) { return parse_platform_profile(text).error().message; };
    EXPECT_THAT(error(R"({"tpm":2})"), HasSubstr("'tpm' is"));
    EXPECT_THAT(error(R"({"cpu_scrtm_status":4294967296})"), HasSubstr("'cpu_scrtm_status'"));
    EXPECT_THAT(error(R"({"stm_hash":"00"})"), HasSubstr("'stm_hash' is 20 bytes"));
    EXPECT_THAT(error(R"({"nv_info":""})"), HasSubstr("'nv_info' is 1 to 4096 bytes"));
    EXPECT_THAT(error(R"({"colour":"red"})"), HasSubstr("'colour' is no fact"));
}

TEST(TxtLaunch, CapabilitiesByVersionOfTboot) {
    using namespace acm_capability;
    const auto value = [](const char* version, TpmVersion tpm, std::uint32_t acm, bool da = false,
                          bool legacy = false) {
        return launch_capabilities(parse_tboot_version(version).value(), tpm, acm, da, legacy);
    };
    const auto tpm20 = TpmVersion::tpm20;
    const auto tpm12 = TpmVersion::tpm12;
    // Seen on hosts: 0x602 and 0x601 with 1.10.x, 0x201 and 0x1 with 1.9.x, 0x402 on TPM 1.2.
    EXPECT_EQ(value("1.10.5", tpm20, rlp_wake_monitor | rlp_wake_getsec | tcg_event_log), 0x602U);
    EXPECT_EQ(value("1.10.5", tpm20, rlp_wake_getsec | tcg_event_log), 0x601U);
    EXPECT_EQ(value("1.9.8", tpm20, rlp_wake_getsec | tcg_event_log), 0x201U);
    EXPECT_EQ(value("1.9.8", tpm20, rlp_wake_getsec), 0x1U);
    EXPECT_EQ(value("1.10.3", tpm12, rlp_wake_monitor), 0x402U);
    EXPECT_EQ(value("1.9.6", tpm20, rlp_wake_getsec), 0x201U); // bit 9 was not masked in this one
    EXPECT_EQ(value("1.10.5", tpm20, rlp_wake_getsec | tcg_event_log, false, true), 0x401U);
    EXPECT_EQ(value("1.10.5", tpm12, details_authorities_pcr_map, true), 0x430U);
    EXPECT_EQ(value("1.10.1", tpm12, details_authorities_pcr_map | cbnt), 0x400U);
    EXPECT_EQ(value("1.10.2", tpm12, details_authorities_pcr_map | cbnt), 0x430U);
    EXPECT_EQ(value("1.10.5", tpm12, details_authorities_pcr_map | no_legacy_pcr_map), 0x430U);
    EXPECT_FALSE(parse_tboot_version("1.10"));
    EXPECT_FALSE(parse_tboot_version("1.10.x"));
}

} // namespace
} // namespace bulkhead::measure
