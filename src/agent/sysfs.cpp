#include "agent/sysfs.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <dirent.h>
#include <memory>
#include <unistd.h>

namespace bulkhead::agent {
namespace {

constexpr std::size_t attribute_max = 4096; // a sysfs attribute is at most a page

std::vector<std::string> entries(const std::string& directory) {
    struct Close {
        void operator()(DIR* stream) const { ::closedir(stream); }
    };
    const std::unique_ptr<DIR, Close> stream(::opendir(directory.c_str()));
    std::vector<std::string> names;
    while (stream) {
        const dirent* entry = ::readdir(stream.get());
        if (entry == nullptr) break;
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string attribute(const std::string& path) {
    const auto text = read_file(path, attribute_max);
    return text ? std::string(trim(*text)) : std::string();
}

// Last part of where a symbolic link points; empty when there is none.
std::string target_name(const std::string& path) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size <= 0) return {};
    const std::string_view text(target, static_cast<std::size_t>(size));
    const std::size_t slash = text.rfind('/');
    return std::string(slash == std::string_view::npos ? text : text.substr(slash + 1));
}

bool hexadecimal(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

std::string pci_address_in(std::string_view path) {
    std::string_view found;
    for (const std::string_view part : split(path, '/')) {
        // DDDD:BB:DD.F
        if (part.size() == 12 && part[4] == ':' && part[7] == ':' && part[10] == '.' &&
            hexadecimal(part.substr(0, 4)) && hexadecimal(part.substr(5, 2)) && hexadecimal(part.substr(8, 2)) &&
            part[11] >= '0' && part[11] <= '7') {
            found = part;
        }
    }
    return std::string(found);
}

std::vector<Device> Sysfs::devices() const {
    std::vector<Device> devices;
    for (const char* bus : {"pci", "virtio", "xen"}) {
        const std::string directory = root_ + "/bus/" + bus + "/devices";
        for (const std::string& name : entries(directory)) {
            const std::string path = std::string(directory).append("/").append(name);
            Device device{bus, name, attribute(path + "/modalias"), target_name(path + "/driver"), false};
            device.network = attribute(path + "/class").starts_with("0x02");
            if (!device.modalias.empty()) devices.push_back(std::move(device));
        }
    }
    return devices;
}

std::optional<CardInfo> Sysfs::card(const std::string& link) const {
    const std::string device = root_ + "/class/net/" + link + "/device";
    const std::string bus = target_name(device + "/subsystem");
    if (bus.empty() || bus == "xen-backend") return std::nullopt;
    char path[PATH_MAX];
    CardInfo card;
    card.driver = target_name(device + "/driver");
    if (::realpath(device.c_str(), path) != nullptr) card.pci = pci_address_in(path);
    return card;
}

} // namespace bulkhead::agent
