#include "domain/create.hpp"

#include "base/file.hpp"
#include "domain/device_model.hpp"
#include "domain/disk_rule.hpp"
#include "domain/end.hpp"
#include "domain/flask_guard.hpp"
#include "domain/gate.hpp"
#include "domain/names.hpp"
#include "domain/pci_change.hpp"
#include "domain/policy.hpp"
#include "domain/saved_file.hpp"
#include "domain/vif_attach.hpp"
#include "domain/vif_rules.hpp"
#include "pci/sysfs.hpp"
#include "xen/domain.hpp"
#include "xen/nic.hpp"
#include "xen/pci.hpp"
#include "xen/save.hpp"
#include "xen/store.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

constexpr std::chrono::seconds backend_patience{60};
constexpr unsigned lock_patience = 60; // seconds

Status check_file(const char* what, const std::string& path) {
    if (path.empty()) return {};
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return fail_errno(std::string(what) + " " + path, errno);
    if (!S_ISREG(info.st_mode)) return fail(std::string(what) + " " + path + ": is not a file");
    if (info.st_size == 0) return fail(std::string(what) + " " + path + ": is empty");
    return {};
}

Status check_unused(const std::vector<xen::DomainInfo>& domains, const xen::DomainSpec& spec) {
    for (const xen::DomainInfo& domain : domains) {
        if (domain.name == spec.name) {
            return fail("a domain named '" + spec.name + "' exists already (id " + std::to_string(domain.id) + ")",
                        EEXIST);
        }
        if (domain.uuid == *spec.uuid) {
            return fail("UUID " + *spec.uuid + " belongs to the running domain '" + domain.name + "'", EEXIST);
        }
    }
    return {};
}

Status check_pcis(xen::Context& xen, const std::vector<xen::DomainInfo>& domains, const xen::DomainSpec& spec) {
    if (spec.pcis.empty()) return {};
    if (!TRY(xen::has_iommu(xen))) {
        return fail(
            "this host has no working IOMMU, so PCI devices cannot be given to domains; turn on VT-d or AMD-Vi in the "
            "firmware and boot Xen with iommu=1",
            ENODEV);
    }
    const pci::Sysfs sysfs;
    if (!sysfs.has_pciback()) return fail("xen-pciback is not loaded in dom0; run: modprobe xen-pciback", ENODEV);
    for (const xen::PciSpec& device : spec.pcis) {
        const auto address = pci::address_of_spec(device.text);
        if (!address) continue; // all functions of a device, or a name: libxl finds them
        const bool seize = device.seize || device.text.find("seize=1") != std::string::npos;
        if (seize)
            TRY(sysfs.device(*address));
        else
            TRY(pci::check_assignable(sysfs, *address));
        TRY(check_free(xen, domains, *address));
    }
    return {};
}

Result<std::optional<Backend>> backend_of(xen::Context& xen, xen::Store& store, const CreateRequest& request,
                                          const std::vector<xen::DomainInfo>& domains, const std::string& wanted,
                                          const Progress& progress) {
    if (request.wait || !request.image.empty())
        return TRY(await_backend(xen, store, wanted, backend_patience, progress));
    const auto& ours = request.driver_domains;
    const bool is_ours = std::find(ours.begin(), ours.end(), wanted) != ours.end();
    auto backend = TRY(ready_backend(store, domains, wanted));
    if (backend || is_ours) return backend;
    if (find_domain(domains, wanted)) return TRY(find_backend(store, domains, wanted, backend_patience, progress));
    progress("warning: there is no domain '" + wanted + "' yet; is its name right?");
    return backend;
}

// The backend of each vif that has a ready one; the other vifs leave `spec`.
Result<std::vector<Backend>> complete_nics(xen::Context& xen, xen::Store& store, const CreateRequest& request,
                                           xen::DomainSpec& spec, const std::vector<xen::DomainInfo>& domains,
                                           const Progress& progress, std::vector<PendingVif>& pending) {
    std::vector<Backend> backends;
    std::vector<xen::NicSpec> nics;
    for (unsigned i = 0; i < spec.nics.size(); ++i) {
        xen::NicSpec& nic = spec.nics[i];
        nic.devid = nic.devid.value_or(i); // the number stays whatever is left out before it
        const auto backend = TRY(backend_of(xen, store, request, domains, nic.backend, progress));
        if (backend) {
            complete(nic, *backend);
            backends.push_back(*backend);
            nics.push_back(std::move(nic));
        } else {
            progress("vif " + std::to_string(*nic.devid) + " will come when driver domain '" + nic.backend +
                     "' is ready");
            pending.push_back({*spec.uuid, *nic.devid, nic.backend});
        }
    }
    spec.nics = std::move(nics);
    return backends;
}

// The rules of its vifs, which libxl has made. It is paused until check_plugged() has seen them in force: neither does
// it send anything, nor is its end of a vif connected, so that it would get something.
Status tell_all_rules(xen::Context& xen, xen::Store& store, unsigned domain, const xen::DomainSpec& spec,
                      const std::vector<Backend>& backends, const Progress& progress) {
    if (backends.empty()) return {};
    const std::vector<xen::NicInfo> made = TRY(xen::list_nics(xen, domain));
    for (std::size_t i = 0; i < backends.size(); ++i) {
        xen::NicSpec nic = spec.nics[i];
        const auto same = [&nic](const xen::NicInfo& info) { return info.devid == *nic.devid; };
        const auto info = std::find_if(made.begin(), made.end(), same);
        if (info == made.end()) return fail("vif " + std::to_string(*nic.devid) + " has gone", ENOENT);
        nic.mac = info->mac; // libxl has chosen one where there was none
        TRY(context(tell_rules(store, domain, nic, backends[i], progress), "vif " + std::to_string(*nic.devid)));
    }
    return {};
}

// libxl is content when the backend's driver has taken a vif up. Our agents say more: whether it is on a bridge.
Status check_plugged(xen::Store& store, unsigned domain, const xen::DomainSpec& spec,
                     const std::vector<Backend>& backends) {
    for (std::size_t i = 0; i < backends.size(); ++i) {
        if (backends[i].has_agent) TRY(wait_plugged(store, domain, *spec.nics[i].devid, backends[i]));
    }
    return {};
}

// xl's lock: whoever takes dom0's memory for a new domain must be the only one. Held until this process ends.
Status take_lock(const std::string& file) {
    static Fd lock;
    if (lock) return {};
    Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return fail_errno(file);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    // A worker has one thread and no other use for the alarm: it ends the wait.
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(lock_patience);
    const int rc = ::fcntl(fd.get(), F_SETLKW, &whole);
    const int error = errno;
    ::alarm(0);
    if (rc != 0 && error == EINTR) {
        return fail("another toolstack has held " + file + " for " + std::to_string(lock_patience) +
                        " s; wait for its xl create to end",
                    ETIMEDOUT);
    }
    if (rc != 0) return fail_errno(file, error);
    lock = std::move(fd);
    return {};
}

Status make_room(xen::Context& xen, const xen::DomainSpec& spec, const config::XlConf& host, const Progress& progress) {
    const bool balloon = host.autoballoon == config::Autoballoon::on ||
                         (host.autoballoon == config::Autoballoon::automatic && !xen::dom0_memory_is_fixed(xen));
    if (balloon) TRY(take_lock(host.lockfile));
    const xen::MemoryNeed need = TRY(xen::memory_need(xen, spec, host.host));
    if (need.free_kib >= need.needed_kib) return {};
    if (!balloon) {
        return fail("not enough memory: '" + spec.name + "' needs " + std::to_string(need.needed_kib / 1024) +
                        " MiB and Xen has " + std::to_string(need.free_kib / 1024) +
                        " MiB free; lower memory=, stop another domain or let dom0 have less",
                    ENOMEM);
    }
    progress("asking dom0 for memory");
    return xen::balloon_dom0(xen, need.needed_kib);
}

// What libxl would derive from pci=, kept when the devices come later: an IOMMU context, and for PV the host's memory
// map.
void expect_devices(xen::DomainSpec& spec) {
    const auto set = [&spec](const char* key, const char* value) {
        std::erase_if(spec.options, [key](const xen::OptionSpec& option) { return option.key == key; });
        spec.options.push_back({key, {false, value, {}, 0}});
    };
    set("passthrough", "enabled");
    if (spec.type == xen::DomainType::pv) set("e820_host", "1");
}

Result<unsigned> build_from_image(xen::Context& xen, const CreateRequest& request, const xen::DomainSpec& spec,
                                  const xen::HostDefaults& host, const Progress& progress) {
    SavedFile image = TRY(SavedFile::open(request.image));
    std::optional<unsigned> built;
    Result<unsigned> domain = image.feed(
        [&](int stream) -> Result<unsigned> {
            built = TRY(xen::restore_domain(xen, spec, host, request.domain, stream));
            return *built;
        },
        progress);
    if (!domain && built) (void)end_domain(xen, *built);
    return domain;
}

Result<unsigned> build(xen::Context& xen, const CreateRequest& request, const xen::DomainSpec& spec,
                       const xen::HostDefaults& host, const Progress& progress) {
    if (!request.image.empty()) return build_from_image(xen, request, spec, host, progress);
    if (request.saved.empty()) return xen::create_domain(xen, spec, host, request.domain);
    const Fd image(::open(request.saved.c_str(), O_RDONLY | O_CLOEXEC));
    if (!image) return fail_errno(request.saved);
    return xen::restore_domain(xen, spec, host, request.domain, image.get());
}

// The rest of creation, with the domain there and paused.
Status start(xen::Context& xen, const CreateRequest& request, unsigned domain, const std::vector<xen::PciSpec>& devices,
             const CreateHooks& hooks) {
    if (request.paused) return {};
    TRY(xen::unpause_domain(xen, domain));
    if (hooks.started) hooks.started(domain);
    for (const xen::PciSpec& device : devices) TRY(xen::attach_device(xen, domain, device));
    return {};
}

} // namespace

Result<config::XlConf> host_settings(const std::string& file) {
    if (!exists(file)) return config::XlConf();
    return config::parse_xl_conf(TRY(read_file(file, xen::config_size_max)), file);
}

Result<config::ParsedDomain> parse_request(const CreateRequest& request, const config::XlConf& host) {
    config::ParsedDomain parsed =
        TRY(config::parse_domain(config::with_overrides(request.config, request.overrides), request.source, host));
    if (request.force_uuid) parsed.spec.uuid = request.uuid;
    if (!request.name.empty()) parsed.spec.name = request.name;
    if (request.label) parsed.spec.label = request.label;
    return parsed;
}

CreateRequest request_of(const DomainRecord& record) {
    CreateRequest request;
    request.config = record.config;
    request.source = record.source;
    request.directory = record.directory;
    request.uuid = record.uuid;
    request.force_uuid = true;
    return request;
}

Result<config::ParsedDomain> check_request(const CreateRequest& request, const config::XlConf& host) {
    config::ParsedDomain parsed = TRY(parse_request(request, host));
    if (!request.directory.empty() && ::chdir(request.directory.c_str()) != 0) return fail_errno(request.directory);
    if (!request.image.empty()) return parsed; // its kernel is in there
    TRY(check_file("kernel", parsed.spec.kernel));
    TRY(check_file("ramdisk", parsed.spec.ramdisk));
    return parsed;
}

nlohmann::json describe(const std::vector<PendingVif>& pending) {
    nlohmann::json vifs = nlohmann::json::array();
    for (const PendingVif& vif : pending) vifs.push_back({{"devid", vif.devid}, {"backend", vif.backend}});
    return vifs;
}

Result<config::XlConf> host_settings(const CreateRequest& request) {
    config::XlConf host = TRY(host_settings());
    if (request.ignore_cpu_masks) host.host.cpu_mask = host.host.pv_cpu_mask = host.host.hvm_cpu_mask = "";
    return host;
}

Result<Created> create_domain(xen::Context& xen, const CreateRequest& request, const CreateHooks& hooks) {
    const config::XlConf host = TRY(host_settings(request));
    config::ParsedDomain parsed = TRY(check_request(request, host));
    xen::DomainSpec& spec = parsed.spec;
    if (!spec.uuid) spec.uuid = request.uuid.empty() ? xen::new_uuid() : request.uuid;
    for (const std::string& warning : parsed.warnings) hooks.progress("warning: " + warning);

    const std::vector<xen::DomainInfo> domains = TRY(xen::list_domains(xen));
    TRY(check_unused(domains, spec));
    if (!request.spare) TRY(check_pcis(xen, domains, spec));
    xen::Store store = TRY(xen::Store::open());
    std::vector<PendingVif> pending;
    const std::vector<Backend> backends =
        TRY(complete_nics(xen, store, request, spec, domains, hooks.progress, pending));

    std::vector<xen::PciSpec> devices_later;
    if (request.spare || !request.saved.empty()) {
        if (!spec.pcis.empty()) expect_devices(spec);
        if (!request.spare) devices_later = spec.pcis;
        spec.pcis.clear();
    }

    std::optional<LockFile> disks; // until libxl has told everybody that they are taken
    if (!spec.disks.empty()) {
        disks = TRY(lock_disks());
        TRY(check_disks(xen, store, spec.disks));
        use_own_script(spec);
    }

    // The last question: whoever asked while this one waited for an answer has come before it.
    if (hooks.gate == nullptr) return fail("the policy was not asked whether '" + spec.name + "' may start");
    const Permit permit = TRY(hooks.gate->start(xen, spec, devices_later));
    if (!permit.hypervisor_label.empty()) TRY(label_for_flask(spec, permit.hypervisor_label));
    for (std::size_t i = 0; i < backends.size(); ++i) carry_types(spec.nics[i], permit, backends[i], hooks.progress);

    TRY(hooks.intent(*spec.uuid, spec.name));
    TRY(make_room(xen, spec, host, hooks.progress));
    const std::time_t began = std::time(nullptr);
    const Result<unsigned> built = build(xen, request, spec, host.host, hooks.progress);
    if (!built) return tl::unexpected(explain_device_model(built.error(), spec.name, began));
    const unsigned domain = *built;
    disks.reset();
    Status complete = tell_all_rules(xen, store, domain, spec, backends, hooks.progress);
    if (complete) complete = check_plugged(store, domain, spec, backends);
    if (complete) complete = check_held(xen, store, domain, permit.disk_nodes);
    if (complete) complete = start(xen, request, domain, devices_later, hooks);
    if (!complete) {
        (void)end_domain(xen, domain);
        return tl::unexpected(Error{"domain '" + spec.name + "': " + complete.error().message, complete.error().code});
    }
    return Created{
        domain, spec.name, *spec.uuid, print_policy(policy_of(spec)), std::move(parsed.warnings), std::move(pending)};
}

} // namespace bulkhead::domain
