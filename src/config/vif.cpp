#include "config/vif.hpp"

#include "base/mac_address.hpp"
#include "base/nearest.hpp"
#include "base/text.hpp"
#include "config/access_control.hpp"
#include "xen/nic_colo.hpp"
#include "xen/spec_options.hpp"

#include <algorithm>

namespace bulkhead::config {
namespace {

constexpr std::size_t interface_name_max = 15; // IFNAMSIZ - 1, linux/if.h
constexpr std::uint64_t devid_max =
    65535; // xen-netback takes the id into a uint16 handle (netif.h numbers them freely)
constexpr std::uint64_t mtu_min = 68, mtu_max = 65535; // RFC 791; drivers/net/xen-netback accepts no more

bool is_interface_name(std::string_view name) {
    if (name.empty() || name.size() > interface_name_max || name == "." || name == "..") return false;
    // The kernel's dev_valid_name() refuses these.
    return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; });
}

Status quoted_error(std::string_view key, std::string_view value, std::string_view wanted) {
    return fail(std::string(key) + ": '" + printable(value, 64) + "' " + std::string(wanted));
}

Status set_mac(std::string_view value, xen::NicSpec& nic) {
    const auto mac = parse_mac(value);
    if (!mac) return quoted_error("mac", value, "is not an address such as 00:16:3e:01:02:03");
    if (((*mac)[0] & 1) != 0) return quoted_error("mac", value, "is a multicast address; the first byte must be even");
    nic.mac = format_mac(*mac);
    return {};
}

Status set_number(std::string_view key, std::string_view value, std::uint64_t least, std::uint64_t most,
                  unsigned& target) {
    const auto number = parse_unsigned(value, most);
    if (!number || *number < least) {
        return quoted_error(key, value,
                            "is not a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    target = static_cast<unsigned>(*number);
    return {};
}

Status set_interface(std::string_view key, std::string_view value, std::string& target) {
    if (!is_interface_name(value)) {
        return quoted_error(key, value, "is not an interface name (1 to 15 characters, no space, '/' or ':')");
    }
    target = value;
    return {};
}

Status set_type(std::string_view value, xen::NicSpec& nic) {
    if (value == "netfront") return {}; // xm's word for what is the default
    if (value != "vif" && value != "ioemu") return quoted_error("type", value, "must be vif or ioemu");
    nic.type = value;
    return {};
}

const std::vector<std::string>& keys() {
    static const std::vector<std::string> all = {
        "mac",  "bridge", "backend", "script",  "ip",        "vifname", "gatewaydev", "netdev",    "model", "type",
        "rate", "mtu",    "devid",   "trusted", "untrusted", "policy",  "label",      "antispoof", "types"};
    return all;
}

Status set(std::string_view key, std::string_view value, xen::NicSpec& nic) {
    if (value.size() > 1024) return fail(std::string(key) + ": longer than 1024 characters");
    if (key == "mac") return set_mac(value, nic);
    if (key == "bridge") return set_interface(key, value, nic.bridge);
    if (key == "vifname") return set_interface(key, value, nic.vifname);
    if (key == "gatewaydev" || key == "netdev") return set_interface("gatewaydev", value, nic.gatewaydev);
    if (key == "type") return set_type(value, nic);
    if (key == "mtu") return set_number(key, value, mtu_min, mtu_max, nic.mtu);
    if (key == "devid") {
        unsigned devid = 0;
        TRY(set_number(key, value, 0, devid_max, devid));
        nic.devid = devid;
        return {};
    }
    if (key == "rate") {
        nic.rate = value;
        return context(xen::check_rate(nic.rate), "rate: '" + printable(value, 64) + "'");
    }
    if (key == "antispoof") {
        if (value != "0" && value != "1") return quoted_error(key, value, "is neither 0 nor 1");
        nic.antispoof = value == "1";
        return {};
    }
    if (key == "types") { // "": a set of none
        nic.types.emplace();
        for (const std::string_view type : value.empty() ? std::vector<std::string_view>() : split(value, ':')) {
            if (type.empty()) return quoted_error(key, value, "has an empty name; names stand with ':' between them");
            nic.types->emplace_back(type);
        }
        return {};
    }
    if (xen::is_colo_word(key)) {
        nic.colo.emplace_back(key, value);
        return {};
    }
    if (TRY(set_label_word(key, value, nic.label))) return {};
    if (key == "accel") return {}; // of xm; xl ignores it too
    std::string* plain = key == "backend"  ? &nic.backend
                         : key == "script" ? &nic.script
                         : key == "ip"     ? &nic.ip
                         : key == "model"  ? &nic.model
                                           : nullptr;
    if (plain == nullptr) {
        return fail("unknown word '" + printable(key, 64) + "'" + did_you_mean(key, keys()) +
                    " (a vif takes: " + join(keys(), ", ") + ")");
    }
    if (value.empty()) return fail(std::string(key) + ": has no value");
    *plain = value;
    return {};
}

} // namespace

Status parse_vif(std::string_view text, xen::NicSpec& nic) {
    for (const std::string_view part : split(text, ',')) {
        const std::string_view word = trim(part);
        if (word.empty()) continue; // "" is a vif with nothing but defaults
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) {
            if (word != "trusted" && word != "untrusted") {
                return fail("'" + printable(word, 64) + "' is not KEY=VALUE" + did_you_mean(word, keys()));
            }
            nic.trusted = word == "trusted";
            continue;
        }
        const std::string_view key = trim(word.substr(0, equals));
        std::string_view value = trim(word.substr(equals + 1));
        // xl hands blanks behind these on, as in the files of xen-tools: "ip=10.0.0.1 ,mac=...".
        if (key == "ip" || key == "script" || key == "model") value = part.substr(part.find('=') + 1);
        TRY(set(key, value, nic));
    }
    if (nic.label.policy.empty() != nic.label.label.empty()) return fail("policy= and label= need each other");
    return {};
}

std::string print_vif(const xen::NicSpec& nic) {
    std::vector<std::string> words;
    const auto add = [&words](const char* key, const std::string& value) {
        if (!value.empty()) words.push_back(std::string(key) + "=" + value);
    };
    if (nic.devid) add("devid", std::to_string(*nic.devid));
    add("mac", nic.mac);
    add("bridge", nic.bridge);
    add("backend", nic.backend);
    add("script", nic.script);
    add("ip", nic.ip);
    add("vifname", nic.vifname);
    add("gatewaydev", nic.gatewaydev);
    add("model", nic.model);
    add("type", nic.type);
    add("rate", nic.rate);
    if (nic.mtu != 0) add("mtu", std::to_string(nic.mtu));
    add("policy", nic.label.policy);
    add("label", nic.label.label);
    add("version", nic.label.version);
    if (nic.antispoof) add("antispoof", *nic.antispoof ? "1" : "0");
    if (nic.types) words.push_back("types=" + join(*nic.types, ":"));
    if (nic.trusted) words.emplace_back(*nic.trusted ? "trusted" : "untrusted");
    return join(words, ",");
}

} // namespace bulkhead::config
