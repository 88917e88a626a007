#include "domain/device_model.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <sys/stat.h>

namespace bulkhead::domain {
namespace {

constexpr std::size_t log_max = 1 << 20; // one that just failed to start has said less
constexpr std::size_t words_max = 300;

} // namespace

std::string last_words(std::string_view log) {
    std::string_view last;
    for (const std::string_view line : split(log, '\n')) {
        if (!trim(line).empty()) last = trim(line);
    }
    const std::size_t colon = last.find(": ");
    if (colon != std::string_view::npos && last.substr(0, colon).find("qemu-system-") != std::string_view::npos)
        last.remove_prefix(colon + 2);
    return printable(last, words_max);
}

Error explain_device_model(Error error, const std::string& name, std::time_t began, const std::string& folder) {
    if (error.message.find("device model") == std::string::npos || name.find('/') != std::string::npos) return error;
    const std::string file = folder + "/qemu-dm-" + name + ".log";
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || info.st_mtime < began) return error;
    const auto log = read_file(file, log_max);
    const std::string words = log ? last_words(*log) : "";
    if (!words.empty())
        error.message = "its device model says: " + words + " (" + file + "; libxl: " + error.message + ")";
    return error;
}

} // namespace bulkhead::domain
