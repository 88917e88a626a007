#include "measure/txt_heap.hpp"

#include "measure/profile_from_log.hpp"
#include "support.hpp"

#include <gmock/gmock.h>

namespace bulkhead::measure {
namespace {

using test::u32;
using test::unhex;
using ::testing::HasSubstr;

std::string u64(std::uint64_t value) {
    std::string bytes;
    put_u64(bytes, value);
    return bytes;
}
std::string part(const std::string& data) {
    return u64(data.size() + 8) + data;
}
std::string element(std::uint32_t type, const std::string& data) {
    return u32(type) + u32(static_cast<std::uint32_t>(data.size() + 8)) + data;
}
const std::string end = element(0, "");

std::string bios(std::uint32_t version = 5) {
    std::string data = u32(version) + u32(0) + u64(0x1000) + u64(0x200) + u32(8);
    if (version >= 3) data += u32(1) + u32(2);
    if (version >= 4) data += element(1, std::string("\x04\0\x01\0\0\0", 6)) + end;
    return part(data);
}
std::string os_sinit(std::uint32_t version, const std::string& elements) {
    std::string data = u32(version) + u32(1);
    for (std::uint64_t i = 1; i <= 9; ++i) data += u64(i * 0x1000);
    data += u32(0x602);
    if (version >= 5) data += u64(0xfeed);
    if (version >= 6) data += elements + end;
    return part(data);
}
std::string sinit_mle(std::uint32_t version, std::uint32_t control = 0) {
    std::string data = u32(version) + unhex("ffffffff3006162006b000000001ffffffffffff") + u32(0) +
                       std::string(8, '\0') + std::string(20, 's') + std::string(20, 'm') + std::string(20, '\0') +
                       std::string(20, '\0') + u32(control) + u32(0xfed0) + u32(0) + u32(3) + u32(148) + u32(64) +
                       u32(500);
    if (version >= 8) data += u32(0);
    if (version >= 9) data += end;
    return part(data);
}

const std::string logs = element(7, u32(2) + u32(4) + u64(0x7000) + u32(4096) + u32(0) + u32(100) + u32(11) +
                                        u64(0x8000) + u32(4096) + u32(0) + u32(200)) +
                         element(8, u64(0x9000) + u32(8192) + u32(0) + u32(300)) + element(5, u64(0xa000));

TEST(TxtHeap, TablesAndLogs) {
    const std::string dump =
        bios() + part(u32(3) + "tboot's") + os_sinit(7, logs) + sinit_mle(9) + std::string(64, '\0');
    const auto heap = parse_txt_heap(dump);
    ASSERT_TRUE(heap) << heap.error().message;
    EXPECT_EQ(heap->bios->processors, 8U);
    EXPECT_EQ(heap->bios->mle_flags, 2U);
    EXPECT_EQ(heap->bios->elements.at(0).type, 1U);
    EXPECT_EQ(heap->os_mle_version, 3U);
    EXPECT_EQ(heap->os_sinit->capabilities, 0x602U);
    EXPECT_EQ(heap->os_sinit->mle_header, 0x3000U);
    EXPECT_EQ(heap->os_sinit->policy_size, 0x9000U);
    EXPECT_EQ(heap->os_sinit->efi_rsdp, 0xfeedU);
    ASSERT_EQ(heap->logs.size(), 4U);
    EXPECT_EQ(heap->logs[1].format, "sha256");
    EXPECT_EQ(heap->logs[1].address, 0x8000U);
    EXPECT_EQ(heap->logs[1].next, 200U);
    EXPECT_EQ(heap->logs[2].format, "TCG crypto-agile");
    EXPECT_EQ(heap->logs[3].address, 0xa000U);
    EXPECT_EQ(heap->sinit_mle->bios_acm_id, unhex("ffffffff3006162006b000000001ffffffffffff"));
    EXPECT_EQ(heap->sinit_mle->memory_ranges, 3U);
    EXPECT_EQ(heap->sinit_mle->dmar_size, 64U);
    EXPECT_EQ(heap->sinit_mle->cpu_scrtm_status, 0U);
    EXPECT_EQ(heap_element_name(8), "EVENT_LOG_POINTER2_1");
    EXPECT_EQ(heap_element_name(0x1234), "0x00001234");
}

TEST(TxtHeap, AHeapBeforeTheLaunchLacksTables) {
    const auto heap = parse_txt_heap(bios(2) + part("ab") + std::string(100, '\0'));
    ASSERT_TRUE(heap) << heap.error().message;
    EXPECT_FALSE(heap->bios->sinit_flags);
    EXPECT_TRUE(heap->os_mle_part);
    EXPECT_FALSE(heap->os_mle_version);
    EXPECT_FALSE(heap->os_sinit);
    PlatformProfile profile;
    EXPECT_THAT(add_heap_facts(profile, *heap).error().message, HasSubstr("before SINIT ran"));
}

TEST(TxtHeap, LyingSizesAreRefusedWithTheOffset) {
    const std::string good = bios() + part(u32(3)) + os_sinit(7, logs) + sinit_mle(9);
    const auto error = [](const std::string& dump) {
        const auto heap = parse_txt_heap(dump);
        return heap ? std::string("none") : heap.error().message;
    };
    ASSERT_EQ(error(good), "none");
    const auto with = [&](std::size_t at, const std::string& bytes) {
        std::string bad = good;
        bad.replace(at, bytes.size(), bytes);
        return error(bad);
    };
    EXPECT_THAT(error(""), HasSubstr("no BiosData"));
    EXPECT_THAT(with(0, u64(7)), HasSubstr("byte 0: BiosData of 7 bytes"));
    EXPECT_THAT(with(0, u64(~0ULL)), HasSubstr("byte 0: BiosData of 18446744073709551615 bytes"));
    EXPECT_THAT(with(8, u32(9)), HasSubstr("byte 8: BiosData of version 9"));
    EXPECT_THAT(with(0, u64(30)), HasSubstr("byte 24: LcpPdSize needs 8 bytes, 6 are left"));
    EXPECT_THAT(with(48, u32(7)), HasSubstr("byte 48: a heap element of 7 bytes"));
    EXPECT_THAT(with(48, u32(0xffffffff)), HasSubstr("BIOS_SPEC_VER needs"));
    EXPECT_THAT(error(bios() + part("") + os_sinit(7, element(7, u32(17)))), HasSubstr("17 event logs"));
    EXPECT_THAT(error(bios() + part("") + os_sinit(7, element(8, u32(17)))), HasSubstr("address of the event log"));
    EXPECT_THAT(error(bios() + part("") + os_sinit(8, "")), HasSubstr("OsSinitData of version 8"));
    EXPECT_THAT(error(bios() + part("") + os_sinit(6, "") + sinit_mle(5)), HasSubstr("SinitMleData of version 5"));
    std::string many;
    for (int i = 0; i < 300; ++i) many += element(6, "");
    EXPECT_THAT(error(bios() + part("") + os_sinit(6, many)), HasSubstr("more than 256 heap elements"));
    std::size_t refused = 0;
    for (std::size_t cut = 1; cut < good.size(); ++cut) refused += error(good.substr(0, cut)) != "none" ? 1U : 0U;
    EXPECT_EQ(refused, good.size() - 1 - 3); // cut between two tables, it is a heap that lacks the rest
}

TEST(TxtHeap, TellsWhatALogOfATpm12DoesNot) {
    EventList log;
    log.banks = {Bank::sha1};
    Event event;
    event.pcr = 17;
    event.type = event_type::txt_combined_hash;
    event.digests = hash(log.banks, "unknown");
    log.events = {event};
    ProfileFromLog found = profile_from_log(log).value();
    ASSERT_EQ(found.missing.size(), 7U);
    const TxtHeap heap = parse_txt_heap(bios() + part("") + os_sinit(4, "") + sinit_mle(8, 4)).value();
    ASSERT_TRUE(add_heap_facts(found.profile, heap));
    EXPECT_EQ(missing_facts(found.profile, needed_facts(found.profile)), std::vector<std::string>{});
    EXPECT_EQ(found.profile.sinit_mle_data_version, 8U);
    EXPECT_EQ(found.profile.policy_control, 4U);
    const TxtHeap other = parse_txt_heap(bios() + part("") + os_sinit(4, "") + sinit_mle(8, 5)).value();
    EXPECT_THAT(add_heap_facts(found.profile, other).error().message,
                HasSubstr("the heap's PolicyControl is not that of the log"));
    PlatformProfile tpm20;
    tpm20.tpm = TpmVersion::tpm20;
    EXPECT_THAT(add_heap_facts(tpm20, heap).error().message, HasSubstr("of a TPM 2.0 are in its log"));
}

} // namespace
} // namespace bulkhead::measure
