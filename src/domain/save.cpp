#include "domain/save.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/create.hpp"
#include "domain/end.hpp"
#include "domain/live_config.hpp"
#include "domain/saved_file.hpp"
#include "domain/vif_rules.hpp"
#include "xen/domain.hpp"
#include "xen/live.hpp"
#include "xen/save.hpp"
#include "xen/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

// For a guest that was asked to suspend and has begun to when its save died.
constexpr std::chrono::seconds suspend_patience{10};

struct Detail {
    std::string partial, file;
    bool whole = false; // the file is complete and on the disk
    bool destroy = true;
};

std::string print(const Detail& detail) {
    return json_line(
        {{"partial", detail.partial}, {"file", detail.file}, {"whole", detail.whole}, {"destroy", detail.destroy}});
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Status sync_folder(const std::string& file) {
    const Fd folder(::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return fail_errno(folder_of(file));
    return {};
}

// Suspends the domain into the file, which is on the disk afterwards.
Status write_domain(xen::Context& xen, unsigned domain, const Fd& file, const SavedHeader& header,
                    const Progress& progress) {
    TRY(write_saved_file(
        file, header, [&](int fd) { return xen::save_domain(xen, domain, fd); }, progress));
    if (::fsync(file.get()) != 0) return fail_errno("fsync");
    return {};
}

Result<SavedHeader> header_of(xen::Context& xen, const SaveRequest& request) {
    std::map<unsigned, std::string> names;
    for (const xen::DomainInfo& domain : TRY(xen::list_domains(xen))) names[domain.id] = domain.name;
    xen::Live live = TRY(xen::live_domain(xen, request.domain, names));
    xen::Store store = TRY(xen::Store::open());
    TRY(add_rules(store, request.domain, live.nics));
    if (!live.pcis.empty())
        return fail("it has PCI devices, which cannot be saved; take them away first with: bulkhead pci-detach", EBUSY);
    const config::ParsedDomain parsed = TRY(parse_request(request_of(request.record), TRY(host_settings())));
    SavedHeader header;
    header.name = request.record.name;
    header.uuid = request.record.uuid;
    header.config = live_config(request.record.config, parsed.spec, request.record.name, live, request.pending);
    if (request.label) header.config = with_label(header.config, request.label);
    header.source = request.record.source;
    header.directory = request.record.directory;
    header.xen = TRY(xen::hypervisor_identity(xen));
    header.saved_ms = Journal::now_ms();
    header.memory_kib = live.memory_kib;
    return header;
}

// Of the whole file; it may have its name already.
Status take_name(const std::string& partial, const std::string& file) {
    if (::rename(partial.c_str(), file.c_str()) != 0 && (errno != ENOENT || !exists(file))) return fail_errno(file);
    return sync_folder(file);
}

Status leave(xen::Context& xen, unsigned domain, bool destroy) {
    return destroy ? end_domain(xen, domain) : xen::resume_domain(xen, domain);
}

// The domain runs, whatever its save had asked of it: a request that the guest has not seen yet is withdrawn, one that
// it has seen is waited for.
Status wake(xen::Context& xen, unsigned domain) {
    xen::Store store = TRY(xen::Store::open());
    TRY(store.watch("@releaseDomain", "suspended")); // xenstored tells of domains that shut down, too
    const std::string request = "/local/domain/" + std::to_string(domain) + "/control/shutdown";
    bool withdrawn = false;
    TRY(store.transaction([&](xen::Transaction& now) -> Status {
        withdrawn = TRY(now.read_if(request)) == "suspend";
        if (withdrawn) return now.write(request, "");
        return {};
    }));
    const auto end = Clock::now() + (withdrawn ? std::chrono::seconds(0) : suspend_patience);
    for (;;) {
        const std::vector<xen::DomainInfo> domains = TRY(xen::list_domains(xen));
        const auto found = std::find_if(domains.begin(), domains.end(), [&](const auto& d) { return d.id == domain; });
        if (found == domains.end()) return {};
        if (found->shutdown) return xen::resume_domain(xen, domain);
        if (!TRY(store.wait_event(end))) return {}; // it runs
    }
}

} // namespace

Status save(xen::Context& xen, const SaveRequest& request, const SaveHooks& hooks) {
    struct stat old {};
    if (::stat(request.file.c_str(), &old) == 0 && !S_ISREG(old.st_mode))
        return fail(request.file + ": is there and is no file", EEXIST);
    const SavedHeader header = TRY(header_of(xen, request));
    // The domain's own name for it: two domains that are saved to one file must not write into each other's.
    Detail detail{request.file + "." + request.record.uuid + ".partial", request.file, false,
                  request.after == AfterSave::destroy};
    TRY(hooks.intent(print(detail)));
    const Fd file(::open(detail.partial.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return fail_errno(detail.partial);
    TRY(context(write_domain(xen, request.domain, file, header, hooks.progress), request.file));
    detail.whole = true;
    TRY(hooks.intent(print(detail)));
    if (request.after == AfterSave::pause) TRY(xen::pause_domain(xen, request.domain));
    TRY(take_name(detail.partial, detail.file));
    return leave(xen, request.domain, detail.destroy);
}

Status undo_save(xen::Context& xen, std::optional<unsigned> domain, const std::string& text) {
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) return fail("what was written down about a save is not readable");
    const std::string partial = object.value("partial", ""), file = object.value("file", "");
    if (object.value("whole", false)) {
        Status named = take_name(partial, file);
        if (!domain) return named;
        if (named) return leave(xen, *domain, object.value("destroy", true));
        log::warning(named.error().message + "; domain " + std::to_string(*domain) + " runs on"); // it is all there is
    }
    if (::unlink(partial.c_str()) != 0 && errno != ENOENT) return fail_errno(partial);
    return domain ? wake(xen, *domain) : Status();
}

} // namespace bulkhead::domain
