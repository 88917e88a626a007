#include "config/legacy.hpp"

#include <algorithm>

namespace bulkhead::config {
namespace {

// xm's stand-in where a guest asks for DHCP and names no NFS server: the kernel needs something in that place.
constexpr const char* no_nfs_server = "127.0.255.255";

Result<std::string> plain(const Reader& reader, std::string_view key, const char* otherwise = "") {
    const auto value = TRY(reader.text(key));
    if (!value || value->empty()) return std::string(otherwise);
    const bool clean = std::all_of(value->begin(), value->end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!clean || value->find(':') != std::string::npos) {
        return reader.error(key, "must be one word without ':', because it becomes a part of the kernel's ip=");
    }
    return *value;
}

void append(std::string& line, const std::string& word) {
    if (word.empty()) return;
    if (!line.empty()) line.append(" ");
    line.append(word);
}

constexpr const char* of_xm = "is a key of xm that xl does not have either";

} // namespace

const std::vector<std::string>& cmdline_keys() {
    static const std::vector<std::string> keys = {"root",    "extra",    "ip",        "dhcp",       "netmask",
                                                  "gateway", "hostname", "interface", "nfs_server", "nfs_root"};
    return keys;
}

Result<std::optional<std::string>> shape_cmdline(const Reader& reader) {
    const auto root = TRY(reader.text("root"));
    const auto extra = TRY(reader.text("extra"));
    const auto nfs_root = TRY(reader.text("nfs_root"));
    const std::string ip = TRY(plain(reader, "ip"));
    const std::string dhcp = TRY(plain(reader, "dhcp", "off"));
    const std::string nfs_server = TRY(plain(reader, "nfs_server"));
    const std::string gateway = TRY(plain(reader, "gateway"));
    const std::string netmask = TRY(plain(reader, "netmask"));
    const std::string hostname = TRY(plain(reader, "hostname"));
    const std::string interface = TRY(plain(reader, "interface", "eth0"));

    std::string line;
    if (!ip.empty() || dhcp != "off") {
        line = "ip=" + ip + ":" + (nfs_server.empty() ? no_nfs_server : nfs_server) + ":" + gateway + ":" + netmask +
               ":" + hostname + ":" + interface + ":" + dhcp;
    }
    if (root) append(line, "root=" + *root);
    if (nfs_root && !nfs_root->empty()) {
        if (nfs_server.empty()) return reader.error("nfs_root", "needs nfs_server= with the server's address");
        append(line, "nfsroot=" + nfs_server + ":" + *nfs_root);
    }
    if (line.empty()) return extra;
    if (extra) line.append(" ").append(*extra); // as xl, whatever it holds
    return std::optional<std::string>(line);
}

std::optional<std::string_view> why_ignored(std::string_view key) {
    static constexpr std::pair<const char*, const char*> keys[] = {
        {"device_model", "is ignored by xl too; device_model_override= takes another program"},
        {"vncviewer", "starts no viewer, as in xl"},
        {"vncconsole", "starts no viewer, as in xl"},
        {"vif2", "is netchannel2, which no Xen has any more"},
        {"cpu", "is ignored by xl too; cpus= pins vcpus"},
        {"autostart", of_xm},
        {"blkif", of_xm},
        {"bootentry", of_xm},
        {"bootargs", of_xm},
        {"cpuid_check", of_xm},
        {"features", of_xm},
        {"guest_os_type", of_xm},
        {"machine_address_size", of_xm},
        {"netif", of_xm},
        {"on_xend_start", of_xm},
        {"on_xend_stop", of_xm},
        {"superpages", of_xm},
        {"suppress_spurious_page_faults", of_xm},
        {"tpmif", of_xm},
        {"vcpu_avail", of_xm},
        {"vhpt", of_xm},
        {"xen_extended_power_mgmt", of_xm},
    };
    const auto* found =
        std::find_if(std::begin(keys), std::end(keys), [&](const auto& row) { return key == row.first; });
    if (found == std::end(keys)) return std::nullopt;
    return found->second;
}

} // namespace bulkhead::config
