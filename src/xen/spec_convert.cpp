#include "xen/spec_convert.hpp"

#include "xen/mac.hpp"
#include "xen/nic_colo.hpp"
#include "xen/option_value.hpp"
#include "xen/report.hpp"
#include "xen/spec_cpus.hpp"
#include "xen/spec_hardware.hpp"
#include "xen/spec_options.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bulkhead::xen {
namespace {

void put(char** target, const std::string& text) {
    if (!text.empty()) *target = ::strdup(text.c_str());
}

void put(char** target, const std::optional<std::string>& text) {
    if (text) *target = ::strdup(text->c_str());
}

void put(libxl_defbool* target, std::optional<bool> flag) {
    if (flag) libxl_defbool_set(target, *flag);
}

libxl_disk_backend backend_of(DiskBackend backend) {
    switch (backend) {
    case DiskBackend::phy:
        return LIBXL_DISK_BACKEND_PHY;
    case DiskBackend::tap:
        return LIBXL_DISK_BACKEND_TAP;
    case DiskBackend::qdisk:
        return LIBXL_DISK_BACKEND_QDISK;
    case DiskBackend::standalone:
        return LIBXL_DISK_BACKEND_STANDALONE;
    case DiskBackend::automatic:
        break;
    }
    return LIBXL_DISK_BACKEND_UNKNOWN;
}

libxl_disk_format format_of(DiskFormat format) {
    switch (format) {
    case DiskFormat::qcow:
        return LIBXL_DISK_FORMAT_QCOW;
    case DiskFormat::qcow2:
        return LIBXL_DISK_FORMAT_QCOW2;
    case DiskFormat::vhd:
        return LIBXL_DISK_FORMAT_VHD;
    case DiskFormat::empty:
        return LIBXL_DISK_FORMAT_EMPTY;
    case DiskFormat::qed:
        return LIBXL_DISK_FORMAT_QED;
    case DiskFormat::raw:
        break;
    }
    return LIBXL_DISK_FORMAT_RAW;
}

libxl_domain_type type_of(DomainType type) {
    switch (type) {
    case DomainType::pvh:
        return LIBXL_DOMAIN_TYPE_PVH;
    case DomainType::hvm:
        return LIBXL_DOMAIN_TYPE_HVM;
    case DomainType::pv:
        break;
    }
    return LIBXL_DOMAIN_TYPE_PV;
}

libxl_action_on_shutdown action_of(OnShutdown action) {
    switch (action) {
    case OnShutdown::restart:
        return LIBXL_ACTION_ON_SHUTDOWN_RESTART;
    case OnShutdown::rename_restart:
        return LIBXL_ACTION_ON_SHUTDOWN_RESTART_RENAME;
    case OnShutdown::preserve:
        return LIBXL_ACTION_ON_SHUTDOWN_PRESERVE;
    case OnShutdown::coredump_destroy:
        return LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_DESTROY;
    case OnShutdown::coredump_restart:
        return LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_RESTART;
    case OnShutdown::soft_reset:
        return LIBXL_ACTION_ON_SHUTDOWN_SOFT_RESET;
    case OnShutdown::destroy:
        break;
    }
    return LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
}

Status convert_create(const DomainSpec& spec, const HostDefaults& host, libxl_domain_create_info& create) {
    libxl_defbool_set(&create.run_hotplug_scripts, host.run_hotplug_scripts);
    create.type = type_of(spec.type);
    put(&create.name, spec.name);
    if (spec.uuid) {
        const auto bytes = uuid_bytes(*spec.uuid);
        if (!bytes) return fail("'" + *spec.uuid + "' is not a UUID");
        std::copy(bytes->begin(), bytes->end(), create.uuid.uuid);
    } else {
        libxl_uuid_generate(&create.uuid);
    }
    if (spec.driver_domain) libxl_defbool_set(&create.driver_domain, *spec.driver_domain);
    return {};
}

Status convert_vcpus(libxl_ctx* ctx, const DomainSpec& spec, const HostDefaults& host, libxl_domain_build_info& build) {
    const int vcpus = static_cast<int>(spec.vcpus.value_or(0));
    if (spec.vcpus) {
        if (libxl_cpu_bitmap_alloc(ctx, &build.avail_vcpus, vcpus) != 0) {
            return fail_errno("memory for vcpus", ENOMEM);
        }
        libxl_bitmap_set_none(&build.avail_vcpus);
        for (int i = 0; i < vcpus; ++i) libxl_bitmap_set(&build.avail_vcpus, i);
    }
    build.max_vcpus = static_cast<int>(spec.maxvcpus.value_or(0));
    if (const ConfigValue* vnuma = find_option(spec.options, "vnuma")) TRY(apply_vnuma(ctx, *vnuma, build));
    if (build.max_memkb == static_cast<std::uint64_t>(LIBXL_MEMKB_DEFAULT)) build.max_memkb = build.target_memkb;
    if (build.max_vcpus == 0) build.max_vcpus = vcpus;
    if (build.max_vcpus < vcpus) return fail("vnuma: has fewer vcpus than vcpus=" + std::to_string(vcpus));
    if (const ConfigValue* cpus = find_option(spec.options, "cpus")) TRY(apply_affinity(ctx, *cpus, true, build));
    if (const ConfigValue* cpus = find_option(spec.options, "cpus_soft")) TRY(apply_affinity(ctx, *cpus, false, build));
    return apply_cpu_masks(ctx, host, spec.type, build);
}

Status convert_build(libxl_ctx* ctx, const DomainSpec& spec, const HostDefaults& host, libxl_domain_build_info& build) {
    put(&build.blkdev_start, host.blkdev_start);
    if (spec.memory) build.target_memkb = static_cast<std::uint64_t>(*spec.memory) * 1024;
    if (spec.maxmem) build.max_memkb = static_cast<std::uint64_t>(*spec.maxmem) * 1024;
    TRY(convert_vcpus(ctx, spec, host, build));
    // Left alone, the fields hold libxl's own defaults; xl.conf's and xl's -1 mean the same.
    if (host.max_grant_frames) build.max_grant_frames = static_cast<std::uint32_t>(*host.max_grant_frames);
    if (host.max_maptrack_frames) build.max_maptrack_frames = static_cast<std::uint32_t>(*host.max_maptrack_frames);
    if (host.max_grant_version) build.max_grant_version = static_cast<int>(*host.max_grant_version);
    libxl_defbool_set(&build.claim_mode, host.claim_mode != 0);
    put(&build.kernel, spec.kernel);
    put(&build.ramdisk, spec.ramdisk);
    put(&build.cmdline, spec.cmdline);
    return {};
}

Status convert_devices(const DomainSpec& spec, libxl_domain_config& config) {
    // xl reads this field for every type; where it has no such field the memory is zero, which means "strict".
    libxl_rdm_reserve_policy rdm_policy =
        spec.type == DomainType::hvm ? config.b_info.u.hvm.rdm.policy : LIBXL_RDM_RESERVE_POLICY_STRICT;
    const ConfigValue* rdm = find_option(spec.options, "rdm");
    if (rdm != nullptr) {
        if (const auto parsed = TRY(parse_rdm(rdm->text))) rdm_policy = parsed->policy;
    }
    config.pcidevs = zeroed<libxl_device_pci>(spec.pcis.size());
    for (const PciSpec& pci : spec.pcis) {
        libxl_device_pci& device = config.pcidevs[config.num_pcidevs++];
        libxl_device_pci_init(&device);
        device.rdm_policy = rdm_policy;
        TRY(convert(pci, device));
    }
    if (!spec.pcis.empty() && spec.type == DomainType::pv) libxl_defbool_set(&config.b_info.u.pv.e820_host, true);

    config.disks = zeroed<libxl_device_disk>(spec.disks.size());
    for (const DiskSpec& disk : spec.disks) {
        libxl_device_disk& device = config.disks[config.num_disks++];
        libxl_device_disk_init(&device);
        convert(disk, device);
    }
    config.nics = zeroed<libxl_device_nic>(spec.nics.size());
    for (const NicSpec& nic : spec.nics) {
        libxl_device_nic& device = config.nics[config.num_nics];
        libxl_device_nic_init(&device);
        device.devid = config.num_nics++; // xl numbers them in order; devid= in the file overrides
        TRY(convert(nic, device));
    }
    return {};
}

} // namespace

Status convert(const NicSpec& spec, libxl_device_nic& nic) {
    if (spec.devid) nic.devid = static_cast<int>(*spec.devid);
    if (!spec.mac.empty()) {
        const auto mac = parse_mac(spec.mac);
        if (!mac) return fail("mac '" + spec.mac + "' is not six pairs of hex digits");
        std::copy(mac->begin(), mac->end(), nic.mac);
    }
    put(&nic.bridge, spec.bridge);
    put(&nic.backend_domname, spec.backend);
    put(&nic.script, spec.script);
    put(&nic.ip, spec.ip);
    put(&nic.ifname, spec.vifname);
    put(&nic.gatewaydev, spec.gatewaydev);
    put(&nic.model, spec.model);
    if (spec.type == "vif") nic.nictype = LIBXL_NIC_TYPE_VIF;
    if (spec.type == "ioemu") nic.nictype = LIBXL_NIC_TYPE_VIF_IOEMU;
    nic.mtu = static_cast<int>(spec.mtu);
    put(&nic.trusted, spec.trusted);
    set_colo(spec, nic);
    if (!spec.rate.empty()) {
        Report report;
        if (xlu_vif_parse_rate(report.config(), spec.rate.c_str(), &nic) != 0) {
            return report.error("rate '" + spec.rate + "'");
        }
    }
    return {};
}

void convert(const DiskSpec& spec, libxl_device_disk& disk) {
    disk.vdev = ::strdup(spec.vdev.c_str());
    put(&disk.pdev_path, spec.target);
    put(&disk.script, spec.script);
    put(&disk.backend_domname, spec.backend);
    disk.backend = backend_of(spec.backendtype);
    disk.format = format_of(spec.format);
    if (spec.specification == DiskProtocol::xen) disk.specification = LIBXL_DISK_SPECIFICATION_XEN;
    if (spec.specification == DiskProtocol::virtio) disk.specification = LIBXL_DISK_SPECIFICATION_VIRTIO;
    disk.readwrite = spec.readwrite ? 1 : 0;
    disk.removable = spec.removable ? 1 : 0;
    disk.is_cdrom = spec.cdrom ? 1 : 0;
    disk.direct_io_safe = spec.direct_io_safe;
    put(&disk.discard_enable, spec.discard);
    put(&disk.trusted, spec.trusted);
    put(&disk.colo_enable, spec.colo.enable);
    put(&disk.colo_host, spec.colo.host);
    disk.colo_port = spec.colo.port;
    put(&disk.colo_export, spec.colo.export_name);
    put(&disk.active_disk, spec.colo.active_disk);
    put(&disk.hidden_disk, spec.colo.hidden_disk);
}

Status convert(const PciSpec& spec, libxl_device_pci& pci) {
    pci.msitranslate = spec.msitranslate;
    pci.power_mgmt = spec.power_mgmt;
    pci.permissive = spec.permissive;
    pci.seize = spec.seize;
    Report report;
    if (xlu_pci_parse_spec_string(report.config(), &pci, spec.text.c_str()) != 0) {
        return report.error("PCI device '" + spec.text + "'");
    }
    return {};
}

Status convert(libxl_ctx* ctx, const DomainSpec& spec, const HostDefaults& host, libxl_domain_config& config) {
    TRY(convert_create(spec, host, config.c_info));
    libxl_domain_build_info_init_type(&config.b_info, config.c_info.type);
    TRY(convert_build(ctx, spec, host, config.b_info));
    TRY(apply_options(spec.options, spec.type, config));
    const ConfigValue* genid = find_option(spec.options, "ms_vm_genid");
    if (genid != nullptr && genid->text == "generate" && spec.type == DomainType::hvm &&
        libxl_ms_vm_genid_generate(ctx, &config.b_info.u.hvm.ms_vm_genid) != 0) {
        return fail("ms_vm_genid: cannot make a random id");
    }
    TRY(convert_devices(spec, config));
    config.on_poweroff = action_of(spec.on_poweroff);
    config.on_reboot = action_of(spec.on_reboot);
    config.on_watchdog = action_of(spec.on_watchdog);
    config.on_crash = action_of(spec.on_crash);
    config.on_soft_reset = action_of(spec.on_soft_reset);
    return {};
}

void number_channels(libxl_domain_config& config) {
    for (int i = 0; i < config.num_channels; ++i) config.channels[i].devid = i + 1;
}

} // namespace bulkhead::xen
