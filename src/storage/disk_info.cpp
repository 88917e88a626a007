#include "storage/disk_info.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::storage {
namespace {

using nlohmann::json;

constexpr std::size_t answer_max = 1 << 20;

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<std::uint64_t> number_of(const json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned())
        return fail("qemu-img's answer has no number '" + std::string(key) + "'");
    return found->get<std::uint64_t>();
}

} // namespace

Result<DiskInfo> parse_qemu_info(std::string_view text) {
    json object;
    TRY(context(parse_json_object(text, answer_max, object), "qemu-img's answer"));
    DiskInfo info;
    info.format = text_of(object, "format");
    if (info.format.empty()) return fail("qemu-img's answer names no format");
    if (info.format == "vpc") info.format = "vhd";
    info.size = TRY(number_of(object, "virtual-size"));
    info.allocated = TRY(number_of(object, "actual-size"));
    info.backing = text_of(object, "full-backing-filename");
    if (info.backing.empty()) info.backing = text_of(object, "backing-filename");
    return info;
}

Result<DiskInfo> parse_lvs(std::string_view text) {
    json object;
    TRY(context(parse_json_object(text, answer_max, object), "lvs's answer"));
    const json& report = object["report"];
    if (!report.is_array() || report.size() != 1 || !report[0].is_object()) return fail("lvs's answer has no report");
    const auto volumes = report[0].find("lv");
    if (volumes == report[0].end() || !volumes->is_array() || volumes->size() != 1 || !(*volumes)[0].is_object())
        return fail("lvs's answer is not about one volume");
    const json& volume = (*volumes)[0];
    DiskInfo info;
    info.format = "lvm";
    const auto size = parse_unsigned(text_of(volume, "lv_size"), std::uint64_t{1} << 62);
    if (!size) return fail("lvs's answer has no size");
    info.size = info.allocated = *size;
    info.backing = text_of(volume, "origin");
    // Of a snapshot or a thin volume: how much of it is in use, "12.34".
    const std::string percent = text_of(volume, "data_percent");
    const std::vector<std::string_view> parts = split(percent, '.');
    const auto used = parse_unsigned(parts[0], 100);
    if (used) {
        std::uint64_t hundredths = *used * 100;
        if (parts.size() == 2 && parts[1].size() == 2) hundredths += parse_unsigned(parts[1]).value_or(0);
        info.allocated = *size / 10000 * std::min<std::uint64_t>(hundredths, 10000);
    }
    return info;
}

} // namespace bulkhead::storage
