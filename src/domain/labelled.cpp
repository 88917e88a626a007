#include "domain/labelled.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "pci/address.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

constexpr std::pair<const char*, ResourceKind> kinds[] = {{"file", ResourceKind::file},
                                                          {"phy", ResourceKind::phy},
                                                          {"vlan", ResourceKind::vlan},
                                                          {"pci", ResourceKind::pci},
                                                          {"name", ResourceKind::name}};
constexpr std::size_t name_max_bytes = 4096;

Labelled plain(ResourceKind kind, const std::string& rest) {
    return {std::string(kind_name(kind)) + ":" + rest, kind, storage::named_node(rest), "", ""};
}

// Opens without touching what it is (O_PATH), so that what is looked at, and its canonical name, are of one thing,
// whatever happens to links meanwhile.
Result<Labelled> open_resource(const std::string& path) {
    const Fd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return fail_errno(path);
    char real[PATH_MAX];
    const std::string link = "/proc/self/fd/" + std::to_string(file.get());
    const ssize_t length = ::readlink(link.c_str(), real, sizeof real);
    if (length <= 0 || length == sizeof real) return fail_errno(path);
    Labelled found;
    found.path.assign(real, static_cast<std::size_t>(length));
    if (S_ISBLK(info.st_mode)) {
        found.kind = ResourceKind::phy;
        found.node = storage::device_node(major(info.st_rdev), minor(info.st_rdev));
    } else if (S_ISREG(info.st_mode)) {
        found.kind = ResourceKind::file;
        found.node = storage::file_node(info.st_dev, info.st_ino);
    } else {
        return fail(path + ": is neither a block device nor a file", EINVAL);
    }
    found.key = std::string(kind_name(found.kind)) + ":" + found.path;
    found.boot = TRY(boot_id());
    return found;
}

// What it lies on. A thing that has gone meanwhile has nothing below it.
Status look_below(storage::Facts& facts, const storage::Node& node) {
    if (node.kind != storage::Node::Kind::device) return {};
    TRY(facts.find_device(major(node.device), minor(node.device)));
    return {};
}

bool same_path(const Labelled& a, const Labelled& b) {
    return !a.path.empty() && a.path == b.path;
}

} // namespace

const char* kind_name(ResourceKind kind) {
    for (const auto& [name, value] : kinds) {
        if (value == kind) return name;
    }
    return "name";
}

std::optional<ResourceKind> parse_kind(std::string_view name) {
    for (const auto& [word, value] : kinds) {
        if (name == word) return value;
    }
    return std::nullopt;
}

Result<std::string> boot_id() {
    return std::string(trim(TRY(read_file("/proc/sys/kernel/random/boot_id", 128))));
}

Result<Labelled> find_resource(storage::Facts& facts, std::string_view name) {
    const std::string shown = printable(name, 256);
    if (name.empty() || name.size() > name_max_bytes || name.find('\0') != std::string_view::npos)
        return fail("Invalid resource '" + shown + "'", EINVAL);
    std::string path;
    if (name.front() == '/') {
        path = name;
    } else {
        const std::size_t colon = name.find(':');
        if (colon == std::string_view::npos)
            return fail("Resource spec '" + shown + "' contains no ':' delimiter", EINVAL);
        const std::string_view prefix = name.substr(0, colon);
        const std::string rest(name.substr(colon + 1));
        if (prefix == "vlan") {
            const auto number = parse_unsigned(rest, 4095);
            if (!number || *number == 0) return fail("Invalid VLAN : " + shown, EINVAL);
            return plain(ResourceKind::vlan, std::to_string(*number));
        }
        if (prefix == "pci") {
            const auto address = pci::parse_address(rest);
            if (!address) return fail("Invalid resource '" + shown + "': it is no PCI address", EINVAL);
            return plain(ResourceKind::pci, pci::address_text(*address));
        }
        if (prefix == "name") {
            if (rest.empty() || printable(rest, name_max_bytes) != rest)
                return fail("Invalid resource '" + shown + "'", EINVAL);
            return plain(ResourceKind::name, rest);
        }
        if (prefix == "tap" || prefix == "tap2") {
            const std::size_t second = rest.find(':');
            if (second == std::string::npos)
                return fail("Resource spec '" + shown + "' contains no tap subtype", EINVAL);
            path = rest.substr(second + 1);
        } else if (prefix == "file" || prefix == "phy") {
            path = rest;
        } else {
            return fail("Invalid resource '" + shown + "'; it is file:, phy:, tap:KIND:, vlan:, pci: or name:", EINVAL);
        }
        if (prefix == "phy" && !path.starts_with('/')) path.insert(0, "/dev/");
    }
    if (!path.starts_with('/')) return fail("Invalid resource '" + shown + "': its path must be absolute", EINVAL);
    Labelled found = TRY(context(open_resource(path), "Invalid resource"));
    TRY(look_below(facts, found.node));
    return found;
}

std::vector<std::string> resources_in(storage::Facts& facts, const LabelledSet& labelled, const Labelled& wanted) {
    std::vector<std::string> keys;
    for (const Labelled& other : labelled.all) {
        bool meets = other.key == wanted.key || same_path(other, wanted);
        if (!meets && other.node.kind != storage::Node::Kind::name && wanted.node.kind != storage::Node::Kind::name) {
            // What cannot be looked at might lie anywhere.
            meets = !look_below(facts, other.node) || facts.layers().overlap(other.node, wanted.node);
        }
        if (meets) keys.push_back(other.key);
    }
    if (keys.empty()) keys.push_back(wanted.key);
    return keys;
}

Result<std::vector<std::string>> resources_in(storage::Facts& facts, const LabelledSet& labelled,
                                              const std::string& path) {
    const Labelled wanted = TRY(find_resource(facts, path));
    return resources_in(facts, labelled, wanted);
}

std::string node_text(const storage::Node& node) {
    if (node.kind == storage::Node::Kind::name) return "";
    return (node.kind == storage::Node::Kind::device ? "device " : "file ") + std::to_string(node.device) + " " +
           std::to_string(node.inode);
}

void refresh(Labelled& resource, const std::string& boot) {
    if (resource.path.empty() || resource.boot == boot) return;
    resource.node = storage::named_node(resource.path);
    if (const auto now = open_resource(resource.path)) {
        resource.node = now->node;
        resource.boot = boot;
    }
}

} // namespace bulkhead::domain
