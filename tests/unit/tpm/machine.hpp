// A machine with a software TPM and what it booted.
#pragma once

#include "measure/event_list.hpp"
#include "support/software_tpm.hpp"
#include "tpm/connection.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>
#include <string>

namespace bulkhead::tpm::test {

using bulkhead::test::SoftwareTpm;

// What GRUB measures of a boot: PCR 8 its command, PCR 9 its files.
inline measure::EventList boot_list(const std::string& kernel) {
    measure::EventList list;
    list.banks = {measure::Bank::sha256};
    const std::pair<std::uint32_t, std::string> rows[] = {
        {4, "shim"}, {8, "grub_cmd: linux"}, {9, "/boot/vmlinuz"}, {9, "/boot/initrd"}};
    for (const auto& [pcr, name] : rows) {
        measure::Event event;
        event.pcr = pcr;
        event.type = measure::event_type::ipl;
        event.data = name + '\0';
        event.digests = measure::hash(list.banks, name == "/boot/vmlinuz" ? kernel : name);
        list.events.push_back(event);
    }
    return list;
}

inline void boot(const SoftwareTpm& tpm, const measure::EventList& list) {
    for (const measure::Event& event : list.events) {
        const std::string digest = to_hex(event.digests.at(measure::Bank::sha256));
        const auto said = tpm.tool({"tpm2_pcrextend", std::to_string(event.pcr) + ":sha256=" + digest});
        ASSERT_TRUE(said) << said.error().message;
    }
}

inline Connection open(const SoftwareTpm& tpm) {
    auto connection = Connection::open(tpm.tcti());
    if (!connection) throw std::runtime_error(connection.error().message);
    return std::move(*connection);
}

} // namespace bulkhead::tpm::test
