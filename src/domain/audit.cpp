#include "domain/audit.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace bulkhead::domain {
namespace {

std::string time_now() {
    const std::time_t now = std::time(nullptr);
    struct tm utc {};
    char text[32];
    if (::gmtime_r(&now, &utc) == nullptr || std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return "";
    return text;
}

} // namespace

bool Audit::put(const std::string& line) {
    struct stat info {};
    if (fd_ && ::fstat(fd_.get(), &info) == 0 && static_cast<std::size_t>(info.st_size) + line.size() > size_max) {
        if (std::rename(file_.c_str(), (file_ + ".1").c_str()) != 0) return false;
        fd_.reset();
    }
    if (!fd_) fd_ = Fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
    return fd_ && write_all(fd_.get(), line);
}

void Audit::write(const AuditEntry& entry) {
    nlohmann::ordered_json object = {{"time", time_now()},     {"who", entry.who},   {"verb", entry.verb},
                                     {"domain", entry.domain}, {"uuid", entry.uuid}, {"label", entry.label}};
    if (!entry.resource.empty()) object["resource"] = entry.resource;
    object["decision"] = entry.decision;
    object["reason"] = entry.reason;
    const std::string line = object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    const bool written = file_.empty() || put(line + "\n");
    if (!written) log::error(fail_errno(file_).value().message + ": " + line);
    if (entry.decision == "deny" || entry.decision == "would deny")
        log::warning("policy: " + entry.decision + ": " + entry.verb + " of domain '" + entry.domain + "' for " +
                     entry.who + ": " + entry.reason);
}

} // namespace bulkhead::domain
