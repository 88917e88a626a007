#include "pci/sysfs.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>

namespace bulkhead::pci {
namespace {

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(folder, error); !error && entry != end(entry);
         entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

unsigned class_of(const std::string& folder) {
    const Result<std::string> text = read_file(folder + "/class", 64);
    return text ? static_cast<unsigned>(std::strtoul(text->c_str(), nullptr, 16)) : 0;
}

// Hex with or without "0x", the whole text; nullopt otherwise.
std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    if (text.starts_with("0x")) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

std::vector<Range> parse_ranges(std::string_view text) {
    constexpr std::uint64_t io_flag = 0x100;
    std::vector<Range> ranges;
    for (const std::string_view line : split(text, '\n')) {
        const auto fields = words(line);
        if (fields.size() != 3) continue;
        const auto start = hexadecimal(fields[0]);
        const auto end = hexadecimal(fields[1]);
        const auto flags = hexadecimal(fields[2]);
        if (!start || !end || !flags || *start == 0 || *end < *start) continue;
        ranges.push_back({(*flags & io_flag) != 0, *start, *end - *start + 1});
    }
    return ranges;
}

Result<Claims> Sysfs::claims(const Address& address) const {
    const std::string folder = root_ + "/devices/" + address_text(address);
    Claims claims;
    claims.ranges = parse_ranges(TRY(read_file(folder + "/resource", 4096)));
    const Result<std::string> number = read_file(folder + "/irq", 64);
    if (number) claims.interrupt = static_cast<unsigned>(parse_unsigned(trim(*number), UINT32_MAX).value_or(0));
    return claims;
}

Result<Device> Sysfs::device(const Address& address) const {
    const std::string folder = root_ + "/devices/" + address_text(address);
    if (!exists(folder)) {
        std::vector<std::string> cards;
        for (const Address& card : network_cards()) cards.push_back(address_text(card));
        return fail("there is no PCI device " + address_text(address) +
                        (cards.empty() ? " (see: lspci)" : "; network cards here: " + join(cards, ", ")),
                    ENOENT);
    }
    Device device;
    device.address = address;
    std::error_code error;
    const auto link = std::filesystem::read_symlink(folder + "/driver", error);
    if (!error) device.driver = link.filename().string();
    device.interfaces = names_in(folder + "/net");
    device.device_class = class_of(folder);
    return device;
}

bool Sysfs::has_pciback() const {
    return exists(root_ + "/drivers/" + pciback_driver);
}

std::vector<Address> Sysfs::network_cards() const {
    std::vector<Address> cards;
    for (const std::string& name : names_in(root_ + "/devices")) {
        const auto address = parse_address(name);
        if (address && class_of(root_ + "/devices/" + name) >> 16 == 0x02) cards.push_back(*address);
    }
    return cards;
}

Status check_assignable(const Sysfs& sysfs, const Address& address) {
    const Device device = TRY(sysfs.device(address));
    if (device.driver == pciback_driver) return {};
    const std::string text = address_text(address);
    std::string state = device.driver.empty() ? "has no driver" : "is in use by dom0's driver '" + device.driver + "'";
    if (!device.interfaces.empty()) state += " (network interface " + join(device.interfaces, ", ") + ")";
    return fail("PCI device " + text + " is not assignable: it " + state + "; run: bulkhead pci-assignable-add " + text,
                EBUSY);
}

} // namespace bulkhead::pci
