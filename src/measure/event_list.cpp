#include "measure/event_list.hpp"

#include "measure/byte_reader.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure {
namespace {

struct Name {
    std::uint32_t type;
    const char* name;
};

// TCG PC Client Platform Firmware Profile 1.05, table 14; tboot's and Intel's names for those of TXT.
constexpr Name names[] = {
    {0x00, "EV_PREBOOT_CERT"},
    {0x01, "EV_POST_CODE"},
    {0x02, "EV_UNUSED"},
    {0x03, "EV_NO_ACTION"},
    {0x04, "EV_SEPARATOR"},
    {0x05, "EV_ACTION"},
    {0x06, "EV_EVENT_TAG"},
    {0x07, "EV_S_CRTM_CONTENTS"},
    {0x08, "EV_S_CRTM_VERSION"},
    {0x09, "EV_CPU_MICROCODE"},
    {0x0a, "EV_PLATFORM_CONFIG_FLAGS"},
    {0x0b, "EV_TABLE_OF_DEVICES"},
    {0x0c, "EV_COMPACT_HASH"},
    {0x0d, "EV_IPL"},
    {0x0e, "EV_IPL_PARTITION_DATA"},
    {0x0f, "EV_NONHOST_CODE"},
    {0x10, "EV_NONHOST_CONFIG"},
    {0x11, "EV_NONHOST_INFO"},
    {0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {0x401, "TXT_PCR_MAPPING"},
    {0x402, "TXT_HASH_START"},
    {0x403, "TXT_COMBINED_HASH"},
    {0x404, "TXT_MLE_HASH"},
    {0x40a, "TXT_BIOSAC_REG_DATA"},
    {0x40b, "TXT_CPU_SCRTM_STAT"},
    {0x40c, "TXT_LCP_CONTROL_HASH"},
    {0x40d, "TXT_ELEMENTS_HASH"},
    {0x40e, "TXT_STM_HASH"},
    {0x40f, "TXT_OSSINITDATA_CAP_HASH"},
    {0x410, "TXT_SINIT_PUBKEY_HASH"},
    {0x411, "TXT_LCP_HASH"},
    {0x412, "TXT_LCP_DETAILS_HASH"},
    {0x413, "TXT_LCP_AUTHORITIES_HASH"},
    {0x414, "TXT_NV_INFO_HASH"},
    {0x415, "TXT_COLD_BOOT_BIOS_HASH"},
    {0x416, "TXT_KM_HASH"},
    {0x417, "TXT_BPM_HASH"},
    {0x418, "TXT_KM_INFO_HASH"},
    {0x419, "TXT_BPM_INFO_HASH"},
    {0x41a, "TXT_BOOT_POL_HASH"},
    {0x4fe, "TXT_RANDOM_VALUE"},
    {0x4ff, "TXT_CAP_VALUE"},
    {0x501, "TBOOT"},
    {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {0x80000002, "EV_EFI_VARIABLE_BOOT"},
    {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {0x80000006, "EV_EFI_GPT_EVENT"},
    {0x80000007, "EV_EFI_ACTION"},
    {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {0x80000009, "EV_EFI_HANDOFF_TABLES"},
    {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
    {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
    {0x80000010, "EV_EFI_HCRTM_EVENT"},
    {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
    {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
};

constexpr std::size_t longest_description = 256;

// UTF-16LE to something printable: what is not ASCII becomes '?', which is enough for a name in a message.
std::string narrow(std::string_view wide) {
    std::string text;
    for (std::size_t i = 0; i + 1 < wide.size(); i += 2) {
        const unsigned unit = u16_at(wide, i);
        if (unit == 0) break;
        text.push_back(unit < 0x80 ? static_cast<char>(unit) : '?');
    }
    return text;
}

// UEFI_VARIABLE_DATA: GUID, u64 name length in characters, u64 data length, name.
std::string variable_name(std::string_view data) {
    if (data.size() < 32) return {};
    const std::uint64_t length = u32_at(data, 16);
    if (u32_at(data, 20) != 0 || length > (data.size() - 32) / 2) return {};
    return narrow(data.substr(32, 2 * length));
}

// UEFI_IMAGE_LOAD_EVENT: three u64, u64 length of the device path, then its nodes {u8 type, u8 subtype, u16 length}.
// The media file path node (4, 4) is the file's name (UEFI 2.10, 10.3.5.4).
std::string image_path(std::string_view data) {
    if (data.size() < 32) return {};
    std::string_view path = data.substr(32);
    while (path.size() >= 4) {
        const std::size_t length = u16_at(path, 2);
        if (length < 4 || length > path.size()) break;
        if (path[0] == 4 && path[1] == 4) return narrow(path.substr(4, length - 4));
        path.remove_prefix(length);
    }
    return {};
}

bool is_text(std::string_view data) {
    return !data.empty() && std::all_of(data.begin(), data.end(),
                                        [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t'; });
}

} // namespace

std::string event_type_name(std::uint32_t type) {
    const auto found =
        std::find_if(std::begin(names), std::end(names), [type](const Name& each) { return each.type == type; });
    if (found != std::end(names)) return found->name;
    std::string digits;
    for (int shift = 24; shift >= 0; shift -= 8) append_hex(digits, static_cast<std::uint8_t>(type >> shift & 0xff));
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return "0x" + digits;
}

std::string describe(const Event& event) {
    const std::string_view data = event.data;
    std::string text;
    switch (event.type) {
    case 0x80000001:
    case 0x80000002:
    case 0x8000000c:
    case 0x800000e0:
        text = variable_name(data);
        if (!text.empty()) text.insert(0, "variable ");
        break;
    case 0x80000003:
    case 0x80000004:
    case 0x80000005:
        text = image_path(data);
        break;
    case event_type::separator:
        text = "separator";
        break;
    default:
        break;
    }
    if (text.empty()) {
        std::string_view plain = data;
        while (!plain.empty() && plain.back() == '\0') plain.remove_suffix(1);
        if (is_text(plain)) text = plain;
    }
    if (text.empty()) text = event.source;
    if (text.empty()) text = event_type_name(event.type);
    return printable(text, longest_description);
}

} // namespace bulkhead::measure
