#include "xen/release.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

namespace bulkhead::xen {

Status check_release(std::string_view linked, std::string_view major, std::string_view minor) {
    const auto parts = split(linked, '.');
    const auto running_major = parse_unsigned(trim(major)), running_minor = parse_unsigned(trim(minor));
    if (parts.size() < 2 || !running_major || !running_minor) return {}; // libxl finds its own words
    if (parse_unsigned(parts[0]) == running_major && parse_unsigned(parts[1]) == running_minor) return {};
    const std::string ours = std::string(parts[0]) + "." + std::string(parts[1]);
    const std::string running = std::to_string(*running_major) + "." + std::to_string(*running_minor);
    return fail("the running hypervisor is Xen " + running +
                ", and this bulkheadd was built for the libxenlight of Xen " + ours +
                ", which only works with its own release: boot Xen " + ours +
                ", or install the bulkhead that was built for " + running);
}

Status check_running_release() {
    const std::string folder = "/sys/hypervisor/version/";
    return check_release(BULKHEAD_XENLIGHT_VERSION, read_file(folder + "major", 64).value_or(""),
                         read_file(folder + "minor", 64).value_or(""));
}

} // namespace bulkhead::xen
