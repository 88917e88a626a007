#include "measure/diff.hpp"

#include "measure/event_log.hpp"
#include "support.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>

namespace bulkhead::measure {
namespace {

using test::vector_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Event ipl(std::uint32_t pcr, const std::string& name, const std::string& content) {
    Event event;
    event.pcr = pcr;
    event.type = event_type::ipl;
    event.digests = hash(std::vector{Bank::sha256}, content);
    event.data = name + '\0';
    return event;
}

EventList list_of(std::vector<Event> events) {
    EventList list;
    list.banks = {Bank::sha256};
    list.events = std::move(events);
    return list;
}

std::vector<std::string> differences(const EventList& a, const EventList& b, const std::set<std::uint32_t>& only = {}) {
    const auto comparison = compare(a, b, "the host", "the prediction", only);
    if (!comparison) return {comparison.error().message};
    std::vector<std::string> texts;
    for (const Difference& difference : comparison->differences) texts.push_back(to_text(difference));
    return texts;
}

const EventList base = list_of({ipl(8, "grub_cmd: set a=1", "set a=1"), ipl(9, "/boot/xen", "xen"),
                                ipl(8, "grub_cmd: multiboot2", "multiboot2"), ipl(9, "/boot/vmlinuz", "kernel"),
                                ipl(9, "/boot/initrd", "initrd")});

TEST(Diff, TheSameIsTheSame) {
    EXPECT_THAT(differences(base, base), ElementsAre());
    const EventList log = parse_event_log(vector_file("grub-xen/xen-grub206-ovmf.eventlog")).value();
    const auto comparison = compare(log, log, "a", "b");
    EXPECT_TRUE(comparison->differences.empty());
    EXPECT_EQ(comparison->pcrs.size(), 10U);
}

// Only the order within a PCR matters to a TPM.
TEST(Diff, OrderBetweenPcrsDoesNotMatter) {
    EventList other = base;
    std::swap(other.events[0], other.events[1]);
    EXPECT_THAT(differences(base, other), ElementsAre());
}

TEST(Diff, AChangedFile) {
    EventList other = base;
    other.events[3] = ipl(9, "/boot/vmlinuz", "newer kernel");
    EXPECT_THAT(differences(base, other),
                ElementsAre("PCR 9, event 3: /boot/vmlinuz differs; sha256 " + to_hex(hash(Bank::sha256, "kernel")) +
                            " in the host, " + to_hex(hash(Bank::sha256, "newer kernel")) + " in the prediction"));
}

TEST(Diff, AFileOfAnotherName) {
    EventList other = base;
    other.events[3] = ipl(9, "/boot/vmlinuz-6.1.0-56", "newer kernel");
    EXPECT_THAT(differences(base, other), ElementsAre("PCR 9, event 3: the host has '/boot/vmlinuz' (EV_IPL) where the "
                                                      "prediction has '/boot/vmlinuz-6.1.0-56' (EV_IPL)"));
}

TEST(Diff, InsertedAndMissing) {
    EventList other = base;
    other.events.insert(other.events.begin() + 3, {ipl(9, "/boot/font", "font"), ipl(9, "/boot/theme", "theme")});
    EXPECT_THAT(differences(base, other),
                ElementsAre("PCR 9, event 3: '/boot/font' (EV_IPL) is only in the prediction; the host lacks 2 events "
                            "here"));
    EXPECT_THAT(differences(other, base),
                ElementsAre("PCR 9, event 3: '/boot/font' (EV_IPL) is only in the host; the prediction lacks 2 events "
                            "here"));
    EventList shorter = base;
    shorter.events.pop_back();
    EXPECT_THAT(differences(base, shorter), ElementsAre(StartsWith("PCR 9, event 4: '/boot/initrd'")));
    EXPECT_THAT(differences(shorter, base), ElementsAre(HasSubstr("is only in the prediction; the host lacks one")));
}

TEST(Diff, TheEarliestComesFirst) {
    EventList other = base;
    other.events[1] = ipl(9, "/boot/xen", "newer xen");
    other.events[2] = ipl(8, "grub_cmd: multiboot2 x", "multiboot2 x");
    const auto found = differences(base, other);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_THAT(found[0], StartsWith("PCR 9, event 1: /boot/xen differs"));
    EXPECT_THAT(found[1], StartsWith("PCR 8, event 2: "));
    EXPECT_EQ(differences(base, other, {8}).size(), 1U);
}

TEST(Diff, APredictionSpeaksOnlyOfItsPcrs) {
    EventList log = parse_event_log(vector_file("grub-xen/xen-grub206-ovmf.eventlog")).value();
    EventList prediction = list_of({});
    prediction.covers = {8, 9};
    for (const Event& event : log.events) {
        if (event.pcr == 8 || event.pcr == 9) prediction.events.push_back(event);
    }
    EXPECT_THAT(differences(log, prediction), ElementsAre());
    prediction.covers.clear();
    EXPECT_EQ(differences(log, prediction).size(), 8U);
}

TEST(Diff, StartupLocality) {
    EventList other = base;
    other.startup_locality = 3;
    EXPECT_THAT(differences(base, other), ElementsAre()); // nothing is in PCR 0
    EventList with = base;
    with.events.push_back(ipl(0, "version", "version"));
    other.events = with.events;
    EXPECT_THAT(differences(with, other), ElementsAre(HasSubstr("PCR 0: the TPM was started at locality 0 in the host, "
                                                                "3 in the prediction")));
}

TEST(Diff, HashStartInEitherForm) {
    Event extended;
    extended.pcr = 17;
    extended.type = event_type::txt_hash_start;
    extended.digests[Bank::sha256] = hash(Bank::sha256, "acm");
    Event set = extended;
    set.effect = Effect::set;
    set.digests[Bank::sha256] = extend(Bank::sha256, std::string(32, '\0'), extended.digests[Bank::sha256]);
    EXPECT_THAT(differences(list_of({extended}), list_of({set})), ElementsAre());
    EXPECT_EQ(differences(list_of({extended}), list_of({extended, extended})).size(), 1U);
}

TEST(Diff, NoCommonBankIsAnError) {
    EventList other = base;
    other.banks = {Bank::sha1};
    EXPECT_THAT(differences(base, other), ElementsAre(HasSubstr("no hash bank in common")));
}

} // namespace
} // namespace bulkhead::measure
