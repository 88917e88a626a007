#include "measure/event_log.hpp"

#include "measure/replay.hpp"
#include "support.hpp"

#include "base/process.hpp"
#include "base/text.hpp"

#include <gmock/gmock.h>
#include <sstream>

namespace bulkhead::measure {
namespace {

using namespace std::chrono_literals;
using test::agile_record;
using test::record;
using test::spec_id_record;
using test::u32;
using test::vector_file;
using ::testing::HasSubstr;

const std::vector<std::string> logs = {
    "tcg/arch-linux.bin",          "tcg/bootorder.bin",      "tcg/debian-10.bin",
    "tcg/gce-ubuntu-2104-log.bin", "tcg/moklisttrusted.bin", "tcg/rhel8-uefi.bin",
    "tcg/ubuntu-2104-no-dbx.bin",  "tcg/uefi-sha1-log.bin",  "grub-xen/xen-grub206-ovmf.eventlog",
};

// What tpm2_eventlog prints of the file.
std::string oracle(const std::string& path) {
    const auto output = run_checked({"tpm2_eventlog", path}, 30s);
    EXPECT_TRUE(output) << path << ": " << output.error().message;
    return output.value_or("");
}

std::string pcrs_of(const std::string& yaml) {
    const std::size_t at = yaml.find("pcrs:\n");
    return at == std::string::npos ? "" : yaml.substr(at);
}

std::string error_of(const std::string& bytes) {
    const auto list = parse_event_log(bytes);
    return list ? "" : list.error().message;
}

class Logs : public ::testing::TestWithParam<std::string> {};

TEST_P(Logs, Tpm2EventlogAgrees) {
    const auto list = parse_event_log(vector_file(GetParam()));
    ASSERT_TRUE(list) << list.error().message;
    const std::string yaml = oracle(std::string(VECTORS) + "/" + GetParam());
    EXPECT_EQ(pcrs_yaml(replay(*list)), pcrs_of(yaml));

    std::ostringstream ours, theirs;
    for (const Event& event : list->events) {
        ours << event.pcr << ' ' << event_type_name(event.type) << ' ' << event.data.size() << '\n';
    }
    std::istringstream lines(yaml);
    for (std::string line; std::getline(lines, line);) {
        const auto value = [&](const char* key) -> std::string {
            return line.starts_with(key) ? line.substr(std::string_view(key).size()) : "";
        };
        if (line.starts_with("- PCRIndex")) line[0] = ' '; // they number the events of crypto-agile logs only
        theirs << (value("  PCRIndex: ").empty() ? "" : value("  PCRIndex: ") + " ");
        theirs << (value("  EventType: ").empty() ? "" : value("  EventType: ") + " ");
        theirs << (value("  EventSize: ").empty() ? "" : value("  EventSize: ") + "\n");
    }
    EXPECT_EQ(ours.str(), theirs.str());
}

// Every proper beginning is refused, or is a shorter log that ends at a record.
TEST_P(Logs, CutLogsAreRefusedWithTheOffset) {
    const std::string bytes = vector_file(GetParam());
    const EventList whole = parse_event_log(bytes).value();
    std::set<std::size_t> ends;
    for (const Event& event : whole.events) ends.insert(event.offset);
    for (std::size_t cut = 0; cut < bytes.size(); cut += cut < 600 ? 1 : 97) {
        const auto list = parse_event_log(std::string_view(bytes).substr(0, cut));
        if (cut != 0 && ends.contains(cut)) {
            ASSERT_TRUE(list) << cut << ": " << list.error().message;
        } else if (list) {
            // Cut inside a last record of which only zeros are left: padding.
            const std::size_t start = *std::prev(ends.lower_bound(cut));
            EXPECT_EQ(bytes.substr(start, cut - start).find_first_not_of('\0'), std::string::npos) << cut;
        } else {
            EXPECT_THAT(list.error().message, HasSubstr("byte "));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, Logs, ::testing::ValuesIn(logs), [](const auto& info) {
    std::string name = info.param;
    for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
});

TEST(EventLog, ExpectedPcrsBesideTheVectors) {
    for (const char* name : {"arch-linux", "bootorder", "gce-ubuntu-2104-log", "moklisttrusted", "uefi-sha1-log"}) {
        const auto list = parse_event_log(vector_file(std::string("tcg/") + name + ".bin"));
        ASSERT_TRUE(list) << list.error().message;
        EXPECT_EQ(pcrs_yaml(replay(*list)), vector_file(std::string("tcg/") + name + ".pcrs")) << name;
    }
}

// Read from the TPM after the boot that wrote the log.
TEST(EventLog, GoldenGrubAndXenBoot) {
    const auto list = parse_event_log(vector_file("grub-xen/xen-grub206-ovmf.eventlog"));
    ASSERT_TRUE(list) << list.error().message;
    const PcrValues values = replay(*list);
    std::istringstream lines(vector_file("grub-xen/pcrs.txt"));
    std::string word, bank, value;
    std::uint32_t pcr = 0;
    unsigned compared = 0;
    while (lines >> word >> bank >> pcr >> value) {
        if (pcr >= 10) continue; // IMA, and what nobody touched
        ++compared;
        EXPECT_EQ(values.at(parse_bank(bank).value()).at(pcr), from_hex(value)) << bank << ' ' << pcr;
    }
    EXPECT_EQ(compared, 40U);
}

// No oracle: tpm2_eventlog 5.4 extends EV_NO_ACTION records like others and does not know of localities.
TEST(EventLog, StartupLocalityIsWherePcr0Begins) {
    const std::vector<Bank> banks = {Bank::sha1, Bank::sha256};
    for (const char locality : {'\0', '\3', '\4'}) {
        const std::string log = spec_id_record({{4, 20}, {11, 32}}) +
                                agile_record(0, 3, banks, "", std::string("StartupLocality\0", 16) + locality) +
                                agile_record(0, 8, banks, "version", "version");
        const auto list = parse_event_log(log);
        ASSERT_TRUE(list) << list.error().message;
        std::string start(32, '\0');
        start.back() = locality;
        EXPECT_EQ(replay(*list).at(Bank::sha256).at(0), extend(Bank::sha256, start, hash(Bank::sha256, "version")));
    }
}

TEST(EventLog, HcrtmStartsPcr0AtLocality4) {
    const std::string log = spec_id_record({{11, 32}}) + agile_record(0, 0x80000010, {Bank::sha256}, "crtm", "HCRTM");
    const auto list = parse_event_log(log);
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(replay(*list).at(Bank::sha256).at(0),
              extend(Bank::sha256, std::string(31, '\0') + '\4', hash(Bank::sha256, "crtm")));
}

TEST(EventLog, DynamicPcrsHoldOnesWithoutADynamicLaunch) {
    const std::string before = spec_id_record({{11, 32}});
    const std::string event = agile_record(18, 0x501, {Bank::sha256}, "x", "");
    EXPECT_EQ(replay(parse_event_log(before + event).value()).at(Bank::sha256).at(18),
              extend(Bank::sha256, std::string(32, '\xff'), hash(Bank::sha256, "x")));
    const std::string launch = agile_record(17, 0x402, {Bank::sha256}, "acm", "acm");
    const PcrValues launched = replay(parse_event_log(before + launch + event).value());
    EXPECT_EQ(launched.at(Bank::sha256).at(18), extend(Bank::sha256, std::string(32, '\0'), hash(Bank::sha256, "x")));
    EXPECT_EQ(launched.at(Bank::sha256).at(17), extend(Bank::sha256, std::string(32, '\0'), hash(Bank::sha256, "acm")));
}

TEST(EventLog, PaddingEndsTheLog) {
    const std::string log = vector_file("tcg/uefi-sha1-log.bin");
    const std::size_t count = parse_event_log(log)->events.size();
    for (const char pad : {'\0', '\xff'}) {
        for (const std::size_t length : {1U, 11U, 12U, 4096U})
            EXPECT_EQ(parse_event_log(log + std::string(length, pad))->events.size(), count);
    }
    EXPECT_THAT(error_of(log + std::string(64, '\0') + "x"), HasSubstr("byte "));
    EXPECT_EQ(error_of(std::string(100, '\0')), "byte 0: the event log holds nothing but padding");
    EXPECT_EQ(error_of(""), "byte 0: the event log is empty");
}

TEST(EventLog, LyingSizesAreRefusedWithTheOffset) {
    const std::string digest(20, 'd');
    EXPECT_EQ(error_of(u32(0) + u32(8) + digest + u32(0xffffffff) + "x"),
              "byte 32: event data needs 4294967295 bytes, 1 are left");
    EXPECT_EQ(error_of(record(0, 8, digest, "ok") + u32(0) + u32(8) + digest.substr(1)),
              "byte 42: digest needs 20 bytes, 19 are left");
    EXPECT_EQ(error_of(record(24, 8, digest, "")), "byte 0: PCR 24: a TPM has 24 (0 to 23)");
    EXPECT_EQ(error_of(record(0xffffffff, 3, digest, "")), ""); // informative events may name any PCR
}

TEST(EventLog, LyingHeadersAreRefusedWithTheOffset) {
    const std::string good = spec_id_record({{11, 32}});
    EXPECT_EQ(error_of(good), "");
    EXPECT_THAT(error_of(spec_id_record({{0x27, 32}})), HasSubstr("byte 60: digest algorithm 39 is unknown"));
    EXPECT_THAT(error_of(spec_id_record({{11, 20}})), HasSubstr("byte 60: the log gives sha256 digests of 20 bytes"));
    EXPECT_THAT(error_of(spec_id_record({{11, 32}, {11, 32}})), HasSubstr("byte 64: the log announces sha256 twice"));
    EXPECT_THAT(error_of(spec_id_record({})), HasSubstr("byte 56: the log announces 0 digest algorithms"));
    std::string many = good;
    many.replace(56, 4, u32(0xffffffff));
    EXPECT_THAT(error_of(many), HasSubstr("byte 56: the log announces 4294967295 digest algorithms"));
    std::string vendor = good;
    vendor.back() = '\x7f';
    EXPECT_EQ(error_of(vendor), "byte 65: vendor information needs 127 bytes, 0 are left");

    std::string count = good + agile_record(0, 8, {Bank::sha256}, "x", "x");
    count.replace(good.size() + 8, 4, u32(0xffffffff));
    EXPECT_EQ(error_of(count), "byte 73: an event with 4294967295 digests: the log announces 1");
    EXPECT_THAT(error_of(good + agile_record(0, 8, {Bank::sha1}, "x", "x")),
                HasSubstr("byte 77: digest algorithm 4 is none of those that the log announces"));
    EXPECT_THAT(
        error_of(spec_id_record({{11, 32}, {4, 20}}) + agile_record(0, 8, {Bank::sha256, Bank::sha256}, "x", "x")),
        HasSubstr("byte 115: an event with two sha256 digests"));
}

TEST(EventLog, SaysWhatAnEventSpeaksOf) {
    const EventList list = parse_event_log(vector_file("grub-xen/xen-grub206-ovmf.eventlog")).value();
    EXPECT_EQ(describe(list.events[4]), "variable SecureBoot");
    EXPECT_EQ(describe(list.events[9]), "separator");
    EXPECT_EQ(describe(list.events[15]), "Calling EFI Application from Boot Option");
    EXPECT_EQ(describe(list.events[30]), "(hd0,msdos1)/boot/grub/grub.cfg");
    EXPECT_EQ(describe(list.events[31]), "grub_cmd: serial --unit=0 --speed=115200");
    const EventList shim = parse_event_log(vector_file("tcg/debian-10.bin")).value();
    std::vector<std::string> images;
    for (const Event& event : shim.events) {
        if (event.type == event_type::efi_boot_services_application) images.push_back(describe(event));
    }
    EXPECT_EQ(images.front(), "\\EFI\\BOOT\\BOOTX64.EFI");
    EXPECT_EQ(event_type_name(0x12345), "0x12345");
    EXPECT_EQ(event_type_name(0xdeadbeef), "0xdeadbeef");
}

} // namespace
} // namespace bulkhead::measure
