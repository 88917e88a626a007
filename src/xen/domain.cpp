#include "xen/domain.hpp"

#include "base/file.hpp"
#include "xen/libxl.hpp"
#include "xen/pci.hpp"
#include "xen/spec_convert.hpp"
#include "xen/store.hpp"

#include <algorithm>
#include <ctime>

namespace bulkhead::xen {
namespace {

std::string domain_text(unsigned domain) {
    return "domain " + std::to_string(domain);
}

Status done(Context& xen, int rc, const std::string& what) {
    if (rc != 0) return xen.error(what, rc);
    return {};
}

std::string suggest_acpi(const char* verb) {
    return std::string(": the guest has no PV drivers that listen; try: bulkhead ") + verb + " -F";
}

// After the end of `domain`. libxl 4.17 leaves the PCI back end of a destroyed domain (closed, but with all its nodes),
// and empty parents of others. Only tidiness: no error here is one of the caller's operation.
void remove_left_backends(unsigned domain) {
    const std::string root = "/local/domain/0/backend";
    Result<Store> store = Store::open();
    if (!store) return;
    (void)store->remove(root + "/pci/" + std::to_string(domain));
    const auto remove_if_empty = [&store](const std::string& path) {
        (void)store->transaction([&path](Transaction& now) -> Status {
            if (!TRY(now.list(path)).empty()) return {};
            return now.remove(path);
        });
    };
    const auto children = [&store](const std::string& path) {
        return store->list(path).value_or(std::vector<std::string>{});
    };
    for (const std::string& kind : children(root)) {
        const std::string folder = root + "/" + kind;
        for (const std::string& frontend : children(folder)) remove_if_empty(folder + "/" + frontend);
        remove_if_empty(folder);
    }
}

} // namespace

Result<std::string> describe(Context& xen, const DomainSpec& spec, const HostDefaults& host) {
    Config config;
    TRY(convert(xen.get(), spec, host, *config));
    const CString json(libxl_domain_config_to_json(xen.get(), config.get()));
    if (!json) return xen.error("cannot print the configuration", ERROR_FAIL);
    return std::string(json.get());
}

Result<std::string> domain_config(Context& xen, unsigned domain) {
    Config config;
    xen.clear();
    if (const int rc = libxl_retrieve_domain_configuration(xen.get(), domain, config.get(), nullptr); rc != 0) {
        return xen.error("cannot read the configuration of " + domain_text(domain), rc);
    }
    const CString json(libxl_domain_config_to_json(xen.get(), config.get()));
    if (!json) return xen.error("cannot print the configuration", ERROR_FAIL);
    return std::string(json.get());
}

Result<unsigned> create_domain(Context& xen, const DomainSpec& spec, const HostDefaults& host,
                               std::optional<unsigned> wanted) {
    Config config;
    TRY(convert(xen.get(), spec, host, *config));
    number_channels(*config);
    config->c_info.domid = host.random_domid ? static_cast<libxl_domid>(RANDOM_DOMID) : no_domid;
    if (wanted) config->c_info.domid = *wanted;
    xen.clear();
    std::uint32_t domain = no_domid;
    const int rc = libxl_domain_create_new(xen.get(), config.get(), &domain, nullptr, nullptr);
    if (rc == 0) {
        if (config->num_pcidevs != 0) warn_of_no_reset(xen);
        return domain;
    }
    const auto error = xen.error("cannot create domain '" + spec.name + "'", rc);
    if (libxl_domid_valid_guest(domain)) libxl_domain_destroy(xen.get(), domain, nullptr);
    return error;
}

Result<MemoryNeed> memory_need(Context& xen, const DomainSpec& spec, const HostDefaults& host) {
    Config config;
    TRY(convert(xen.get(), spec, host, *config));
    MemoryNeed need;
    xen.clear();
    int rc = libxl_domain_need_memory(xen.get(), config.get(), no_domid, &need.needed_kib);
    if (rc >= 0) rc = libxl_get_free_memory(xen.get(), &need.free_kib);
    if (rc < 0) return xen.error("cannot compute the memory that '" + spec.name + "' needs", rc);
    return need;
}

Status balloon_dom0(Context& xen, std::uint64_t needed_kib) {
    const std::time_t end = std::time(nullptr) + 30;
    for (;;) {
        std::uint64_t free_kib = 0;
        xen.clear();
        if (const int rc = libxl_get_free_memory(xen.get(), &free_kib); rc < 0) {
            return xen.error("cannot read Xen's free memory", rc);
        }
        if (free_kib >= needed_kib) return {};
        if (std::time(nullptr) >= end) {
            return fail("not enough memory: the domain needs " + std::to_string(needed_kib / 1024) + " MiB, " +
                        std::to_string(free_kib / 1024) +
                        " MiB are free and dom0 did not give up more; lower memory= or stop another domain");
        }
        const auto change = static_cast<std::int64_t>(free_kib) - static_cast<std::int64_t>(needed_kib);
        if (const int rc = libxl_set_memory_target(xen.get(), 0, change, 1, 0); rc < 0) {
            return xen.error("dom0 cannot give up memory", rc);
        }
        (void)libxl_wait_for_memory_target(xen.get(), 0, 10); // the loop looks at the result itself
    }
}

bool dom0_memory_is_fixed(Context& xen) {
    const libxl_version_info* info = libxl_get_version_info(xen.get());
    return info != nullptr && info->commandline != nullptr &&
           (" " + std::string(info->commandline)).find(" dom0_mem=") != std::string::npos;
}

Status destroy_domain(Context& xen, unsigned domain) {
    xen.clear();
    const int rc = libxl_domain_destroy(xen.get(), domain, nullptr);
    if (rc == 0) remove_left_backends(domain);
    return done(xen, rc, "cannot destroy " + domain_text(domain));
}

Status shutdown_domain(Context& xen, unsigned domain, bool acpi) {
    xen.clear();
    int rc = libxl_domain_shutdown(xen.get(), domain, nullptr);
    if (rc == ERROR_NOPARAVIRT && acpi) {
        rc = libxl_send_trigger(xen.get(), domain, LIBXL_TRIGGER_POWER, 0, nullptr);
    } else if (rc == ERROR_NOPARAVIRT) {
        return fail("cannot shut down " + domain_text(domain) + suggest_acpi("shutdown"), rc);
    }
    return done(xen, rc, "cannot shut down " + domain_text(domain));
}

Status reboot_domain(Context& xen, unsigned domain, bool acpi) {
    xen.clear();
    int rc = libxl_domain_reboot(xen.get(), domain, nullptr);
    if (rc == ERROR_NOPARAVIRT && acpi) {
        rc = libxl_send_trigger(xen.get(), domain, LIBXL_TRIGGER_RESET, 0, nullptr);
    } else if (rc == ERROR_NOPARAVIRT) {
        return fail("cannot reboot " + domain_text(domain) + suggest_acpi("reboot"), rc);
    }
    return done(xen, rc, "cannot reboot " + domain_text(domain));
}

Status pause_domain(Context& xen, unsigned domain) {
    xen.clear();
    return done(xen, libxl_domain_pause(xen.get(), domain, nullptr), "cannot pause " + domain_text(domain));
}

Status unpause_domain(Context& xen, unsigned domain) {
    xen.clear();
    return done(xen, libxl_domain_unpause(xen.get(), domain, nullptr), "cannot unpause " + domain_text(domain));
}

Status rename_domain(Context& xen, unsigned domain, const std::string& name) {
    xen.clear();
    return done(xen, libxl_domain_rename(xen.get(), domain, nullptr, name.c_str()),
                "cannot rename " + domain_text(domain) + " to '" + name + "'");
}

Status preserve_domain(Context& xen, unsigned domain, const std::string& name, const std::string& suffix) {
    libxl_domain_create_info info;
    libxl_domain_create_info_init(&info);
    info.name = ::strdup(name.c_str());
    libxl_uuid fresh;
    libxl_uuid_generate(&fresh);
    xen.clear();
    const int rc = libxl_domain_preserve(xen.get(), domain, &info, suffix.c_str(), fresh);
    libxl_domain_create_info_dispose(&info);
    return done(xen, rc, "cannot preserve " + domain_text(domain));
}

Status dump_core(Context& xen, unsigned domain, const std::string& name) {
    const std::string folder = "/var/lib/xen/dump";
    TRY(make_directories(folder, 0700)); // a domain's memory is nobody's business; Debian's packages do not make it
    return dump_core_to(xen, domain, folder + "/" + name);
}

Status dump_core_to(Context& xen, unsigned domain, const std::string& file) {
    xen.clear();
    return done(xen, libxl_domain_core_dump(xen.get(), domain, file.c_str(), nullptr),
                "cannot dump " + domain_text(domain) + " to " + file);
}

Status wait_for_end(Context& xen, unsigned domain, bool or_shutdown) {
    xen.clear();
    libxl_evgen_domain_death* death = nullptr;
    if (const int rc = libxl_evenable_domain_death(xen.get(), domain, 0, &death); rc != 0) {
        return xen.error("cannot watch " + domain_text(domain), rc);
    }
    Status status;
    for (bool over = false; !over && status;) {
        libxl_event* event = nullptr;
        if (const int rc = libxl_event_wait(xen.get(), &event, LIBXL_EVENTMASK_ALL, nullptr, nullptr); rc != 0) {
            status = xen.error("cannot wait for " + domain_text(domain), rc);
            break;
        }
        over = event->type == LIBXL_EVENT_TYPE_DOMAIN_DEATH ||
               (or_shutdown && event->type == LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN);
        libxl_event_free(xen.get(), event);
    }
    libxl_evdisable_domain_death(xen.get(), death);
    return status;
}

std::string console_node(const DomainInfo& domain, const std::string& type) {
    const std::string home = "/local/domain/" + std::to_string(domain.id);
    const bool serial = type == "serial" || (type.empty() && domain.type == "hvm");
    return home + (serial ? "/serial/0/tty" : "/console/tty");
}

} // namespace bulkhead::xen
