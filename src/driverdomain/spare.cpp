#include "driverdomain/spare.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "domain/end.hpp"
#include "xen/domain.hpp"
#include "xen/save.hpp"
#include "xen/store.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::driverdomain {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds spare_patience{180};
constexpr std::size_t key_size_max = 1 << 20;

Result<std::string> file_identity(const std::string& directory, const std::string& file) {
    if (file.empty()) return std::string("none");
    const std::string path = file[0] == '/' ? file : directory + "/" + file;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return fail_errno(path);
    return path + " " + std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + " " +
           std::to_string(info.st_size) + " " + std::to_string(info.st_mtim.tv_sec) + "." +
           std::to_string(info.st_mtim.tv_nsec);
}

// Everything that a spare depends on, as text. Two equal texts, one spare.
Result<std::string> inputs(xen::Context& xen, const domain::CreateRequest& request, const xen::DomainSpec& spec) {
    std::string text = "boot " + TRY(read_file("/proc/sys/kernel/random/boot_id", 128));
    text += "xen " + TRY(xen::hypervisor_identity(xen)) + "\n";
    text += "kernel " + TRY(file_identity(request.directory, spec.kernel)) + "\n";
    text += "ramdisk " + TRY(file_identity(request.directory, spec.ramdisk)) + "\n";
    return text + request.config;
}

// Ready but for a device: its modules are loaded, and it says that it waits.
Status await_booted(xen::Store& store, unsigned domain) {
    const std::string home = "/local/domain/" + std::to_string(domain) + "/data/bulkhead";
    TRY(store.watch(home, "spare"));
    const auto end = Clock::now() + spare_patience;
    for (;;) {
        const std::string state = TRY(store.read_if(home + "/state")).value_or("");
        if (state.starts_with("failed")) return fail("the spare's agent says: " + printable(state, 256), EIO);
        const bool loaded = TRY(store.exists(home + "/timing/modules"));
        if (loaded && (state == "starting" || state == "ready")) return {};
        if (!TRY(store.wait_event(end)))
            return fail("the spare has not booted within " + std::to_string(spare_patience.count()) + " s", ETIMEDOUT);
    }
}

Status save(xen::Context& xen, unsigned domain, const std::string& file) {
    const Fd image(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!image) return fail_errno(file);
    TRY(xen::save_domain(xen, domain, image.get()));
    if (::fsync(image.get()) != 0) return fail_errno(file);
    return {};
}

} // namespace

bool can_have_spare(const xen::DomainSpec& spec) {
    return spec.nics.empty() && spec.disks.empty() && spec.type == xen::DomainType::pv;
}

Result<std::string> SpareStore::find(xen::Context& xen, const domain::CreateRequest& request) const {
    if (!exists(image(request.uuid)) || !exists(key(request.uuid))) return std::string();
    const config::ParsedDomain parsed = TRY(domain::parse_request(request, TRY(domain::host_settings())));
    const std::string made_from = TRY(read_file(key(request.uuid), key_size_max));
    if (made_from != TRY(inputs(xen, request, parsed.spec))) return std::string();
    return image(request.uuid);
}

Result<bool> SpareStore::make(xen::Context& xen, const domain::CreateRequest& request, const std::string& spare_uuid,
                              const domain::CreateHooks& hooks) const {
    const config::ParsedDomain parsed = TRY(domain::parse_request(request, TRY(domain::host_settings())));
    if (!can_have_spare(parsed.spec) || !TRY(find(xen, request)).empty()) return false;
    const std::string made_from = TRY(inputs(xen, request, parsed.spec));
    TRY(make_directories(directory_, 0700));
    TRY(drop(request.uuid));
    domain::CreateRequest spare = request;
    spare.uuid = spare_uuid;
    spare.force_uuid = true;
    spare.name = parsed.spec.name + "-spare";
    spare.spare = true;
    spare.domain.reset();
    const domain::Created made = TRY(domain::create_domain(xen, spare, hooks));
    const std::string partial = image(request.uuid) + ".partial";
    xen::Store store = TRY(xen::Store::open());
    Status saved = await_booted(store, made.domain);
    if (saved) saved = save(xen, made.domain, partial);
    const Status destroyed = domain::end_domain(xen, made.domain);
    if (saved && !destroyed) saved = destroyed;
    if (!saved) {
        ::unlink(partial.c_str());
        return tl::unexpected(saved.error());
    }
    if (::rename(partial.c_str(), image(request.uuid).c_str()) != 0) return fail_errno(partial);
    TRY(write_file_atomic(key(request.uuid), made_from, 0600));
    return true;
}

Status SpareStore::drop(const std::string& uuid) const {
    for (const std::string& path :
         {key(uuid), image(uuid), image(uuid) + ".partial"}) { // the key first: it makes it valid
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path);
    }
    return {};
}

} // namespace bulkhead::driverdomain
