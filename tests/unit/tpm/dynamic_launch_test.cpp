// A dynamic launch as a processor does it, on libtpms (swtpm): HASH_START at locality 4, then extends. What the TPM
// then holds in PCR 17 to 19 is what was predicted.
#include "machine.hpp"

#include "measure/replay.hpp"
#include "measure/txt_launch.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace bulkhead::tpm {
namespace {

using namespace std::chrono_literals;
using measure::Bank;
using measure::EventList;
using test::SoftwareTpm;

std::string unhex(std::string_view digits) {
    return from_hex(digits).value();
}

void control(const SoftwareTpm& tpm, const std::vector<std::string>& command, std::string_view input = {}) {
    std::vector<std::string> words = {"swtpm_ioctl", "--tcp", tpm.control()};
    words.insert(words.end(), command.begin(), command.end());
    const auto said = run_checked(words, 60s, input);
    ASSERT_TRUE(said) << said.error().message;
}

// TPM2_PCR_Extend (TPM 2.0 Library, Part 3, 22.2) as bytes: tpm2-tss goes back to locality 0 when it connects.
std::string pcr_extend(const measure::Event& event) {
    std::string body;
    measure::put_u32_big(body, event.pcr);
    measure::put_u32_big(body, 9); // the authorisation area: a password session, empty
    measure::put_u32_big(body, 0x40000009);
    body += std::string(5, '\0');
    measure::put_u32_big(body, static_cast<std::uint32_t>(event.digests.size()));
    for (const auto& [bank, digest] : event.digests) {
        measure::put_u16_big(body, static_cast<std::uint16_t>(bank));
        body += digest;
    }
    std::string command;
    measure::put_u16_big(command, 0x8002); // TPM_ST_SESSIONS
    measure::put_u32_big(command, static_cast<std::uint32_t>(10 + body.size()));
    measure::put_u32_big(command, 0x182);
    return command + body;
}

// The launch of `list`: its first event is what GETSEC[SENTER] hashes at locality 4, the others are SINIT's and
// tboot's.
void launch(const SoftwareTpm& tpm, const EventList& list) {
    control(tpm, {"-h", "-"}, list.events.at(0).data);
    for (std::size_t i = 1; i < list.events.size(); ++i) {
        const measure::Event& event = list.events[i];
        control(tpm, {"-l", event.type == measure::event_type::tboot ? "2" : "3"});
        tpm.raw_command(pcr_extend(event));
    }
    control(tpm, {"-l", "0"});
}

void expect_predicted(const SoftwareTpm& tpm, const EventList& list, const char* pcrs) {
    const measure::PcrSelection selection = measure::parse_pcr_selection(pcrs).value();
    Connection connection = test::open(tpm);
    const auto found = connection.read_pcrs(selection);
    ASSERT_TRUE(found) << found.error().message;
    const measure::PcrValues predicted = measure::selected_values(list, selection).value();
    for (const auto& [bank, values] : predicted) {
        for (const auto& [pcr, value] : values)
            EXPECT_EQ(to_hex(found->at(bank).at(pcr)), to_hex(value)) << measure::bank_name(bank) << " " << pcr;
    }
}

TEST(DynamicLaunch, BeforeItThePcrsAreOnes) {
    const SoftwareTpm tpm;
    EventList nothing;
    nothing.banks = {Bank::sha1, Bank::sha256};
    expect_predicted(tpm, nothing, "sha256:0,16,17,18,19,20,21,22,23+sha1:0,17,22");
}

// The host whose owner posted its values: tboot 1.10.3, SINIT module 79 of the 6th and 7th generation, in the SHA-1
// bank.
TEST(DynamicLaunch, LegacyMappingOfATpm12Host) {
    measure::PlatformProfile profile;
    profile.tpm = measure::TpmVersion::tpm12;
    profile.sinit_mle_data_version = 8;
    profile.bios_acm_id = unhex("ffffffff3006162006b000000001ffffffffffff");
    profile.mseg_valid = std::string(8, '\0');
    profile.stm_hash = profile.lcp_policy_hash = std::string(20, '\0');
    profile.policy_control = profile.cpu_scrtm_status = 0;
    measure::TxtLaunch txt;
    txt.acm.sha256 = unhex("755414dff4e11fba3d4adb0bb6bc8f04c0bd3b620ce567c329c8b20f7f5b1d9d");
    txt.acm.capabilities = measure::acm_capability::rlp_wake_monitor;
    txt.tboot = {1, 10, 3};
    txt.banks = {Bank::sha1};
    txt.current = Bank::sha1;
    txt.mle = {{Bank::sha1, unhex("48b765af300ab0dbf41c29a30db73a3afc370f1d")}};
    txt.policy = measure::default_tboot_policy(measure::DefaultPolicy::tpm12);
    txt.modules = {{"a b", measure::hash(txt.banks, "xen"), "xen"}, {"", measure::hash(txt.banks, "linux"), "linux"}};
    const auto list = measure::predict_txt(profile, txt);
    ASSERT_TRUE(list) << list.error().message;
    const SoftwareTpm tpm;
    launch(tpm, *list);
    expect_predicted(tpm, *list, "sha1:17,18,19");
    Connection connection = test::open(tpm);
    EXPECT_EQ(to_hex(connection.read_pcrs({{Bank::sha1, {17}}})->at(Bank::sha1).at(17)),
              "564d58b956e12bd98c0917e0185387df53556cb5"); // what the host had
}

TEST(DynamicLaunch, DetailsAndAuthoritiesInBothBanks) {
    const std::string zero(1, '\0');
    measure::PlatformProfile profile;
    profile.tpm = measure::TpmVersion::tpm20;
    profile.biosac_reg_data = unhex("000000002710152006b000000002000000000000000000000000000000000000");
    profile.cpu_scrtm_status = profile.policy_control = 0;
    profile.lcp_details = profile.lcp_authorities = profile.stm = profile.nv_info = zero;
    measure::TxtLaunch txt;
    txt.acm.sha256 = unhex("755414dff4e11fba3d4adb0bb6bc8f04c0bd3b620ce567c329c8b20f7f5b1d9d");
    txt.acm.key_sha256 = unhex("c14a4b4be9b8aa001b65377fe689d252e6c68dcd66d37bce1da9769867d10cfd");
    txt.acm.capabilities = measure::acm_capability::rlp_wake_monitor | measure::acm_capability::tcg_event_log;
    txt.tboot = {1, 10, 5};
    txt.banks = {Bank::sha1, Bank::sha256};
    txt.mle = measure::hash(txt.banks, "mle");
    txt.policy = measure::default_tboot_policy(measure::DefaultPolicy::tpm20);
    txt.modules = {{"x", measure::hash(txt.banks, "xen"), "xen"}, {"", measure::hash(txt.banks, "linux"), "linux"}};
    for (const auto extend : {measure::ExtendPolicy::fixed, measure::ExtendPolicy::agile}) {
        txt.extend_policy = extend;
        const auto list = measure::predict_txt(profile, txt);
        ASSERT_TRUE(list) << list.error().message;
        const SoftwareTpm tpm;
        launch(tpm, *list);
        expect_predicted(tpm, *list, "sha1:17,18,19+sha256:17,18,19");
    }
}

} // namespace
} // namespace bulkhead::tpm
