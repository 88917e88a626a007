#include "image/measurements.hpp"

#include "base/text.hpp"
#include "measure/hash_file.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace bulkhead::image {
namespace {

using measure::Bank;
using nlohmann::ordered_json;

constexpr std::array banks = {Bank::sha1, Bank::sha256, Bank::sha384, Bank::sha512};

ordered_json row(const char* name, std::uint64_t size, const measure::Digests& digests) {
    ordered_json object = {{"name", name}, {"size", size}};
    for (const auto& [bank, digest] : digests) object[std::string(measure::bank_name(bank))] = to_hex(digest);
    return object;
}

} // namespace

Result<std::string> image_measurements(const std::string& directory, const std::optional<std::string>& command_line) {
    ordered_json measured = ordered_json::array();
    for (const char* name : {"kernel", "initramfs"}) {
        const std::string path = directory + "/" + name;
        struct stat status = {};
        if (::stat(path.c_str(), &status) != 0) return fail_errno(path);
        const measure::Digests digests = TRY(measure::hash_file(path, banks));
        measured.push_back(row(name, static_cast<std::uint64_t>(status.st_size), digests));
    }
    if (command_line) {
        ordered_json object = row("command line", command_line->size(), measure::hash(banks, *command_line));
        object["text"] = *command_line;
        measured.push_back(std::move(object));
    }
    const ordered_json root = {{"format", "bulkhead image measurements"}, {"version", 1}, {"measured", measured}};
    return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

} // namespace bulkhead::image
