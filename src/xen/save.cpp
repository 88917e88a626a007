#include "xen/save.hpp"

#include "xen/libxl.hpp"
#include "xen/spec_convert.hpp"

#include <cerrno>

namespace bulkhead::xen {
namespace {

constexpr unsigned stream_version = 2; // what 4.6 and later write

// libxl turns O_NONBLOCK on in the descriptor and leaves it there; a regular file does not care.
struct RestoreParams {
    RestoreParams() { libxl_domain_restore_params_init(&params); }
    ~RestoreParams() { libxl_domain_restore_params_dispose(&params); }
    RestoreParams(const RestoreParams&) = delete;
    RestoreParams& operator=(const RestoreParams&) = delete;
    libxl_domain_restore_params params{};
};

} // namespace

Status save_domain(Context& xen, unsigned domain, int fd) {
    xen.clear();
    const int rc = libxl_domain_suspend(xen.get(), domain, fd, 0, nullptr);
    if (rc != 0) return xen.error("cannot save domain " + std::to_string(domain), rc);
    return {};
}

Status resume_domain(Context& xen, unsigned domain) {
    libxl_dominfo info;
    libxl_dominfo_init(&info);
    xen.clear();
    int rc = libxl_domain_info(xen.get(), &info, domain);
    const bool suspended = rc == 0 && info.shutdown && info.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
    libxl_dominfo_dispose(&info);
    if (suspended) rc = libxl_domain_resume(xen.get(), domain, 1, nullptr); // 1: the guest knows it was not saved
    if (rc != 0) return xen.error("cannot resume domain " + std::to_string(domain), rc);
    return {};
}

Result<unsigned> restore_domain(Context& xen, const DomainSpec& spec, const HostDefaults& host,
                                std::optional<unsigned> wanted, int fd) {
    Config config;
    TRY(convert(xen.get(), spec, host, *config));
    number_channels(*config);
    if (wanted) config->c_info.domid = *wanted;
    RestoreParams restore;
    restore.params.stream_version = stream_version;
    xen.clear();
    std::uint32_t domain = no_domid;
    const int rc =
        libxl_domain_create_restore(xen.get(), config.get(), &domain, fd, -1, &restore.params, nullptr, nullptr);
    if (rc == 0) return domain;
    const auto error = xen.error("cannot restore domain '" + spec.name + "'", rc);
    if (libxl_domid_valid_guest(domain)) libxl_domain_destroy(xen.get(), domain, nullptr);
    return error;
}

Result<std::string> hypervisor_identity(Context& xen) {
    xen.clear();
    const libxl_version_info* info = libxl_get_version_info(xen.get());
    if (info == nullptr) return xen.error("cannot read Xen's version", ERROR_FAIL);
    return std::to_string(info->xen_version_major) + "." + std::to_string(info->xen_version_minor) +
           text_of(info->xen_version_extra) + " " + text_of(info->build_id) + " " + text_of(info->capabilities);
}

} // namespace bulkhead::xen
