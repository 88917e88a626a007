#include "xen/disk.hpp"

#include "base/text.hpp"
#include "xen/libxl.hpp"
#include "xen/spec_convert.hpp"

#include <cerrno>

namespace bulkhead::xen {
namespace {

std::string disk_place(unsigned domain, const std::string& vdev) {
    return "disk '" + printable(vdev, 64) + "' of domain " + std::to_string(domain);
}

DiskInfo plain(libxl_ctx* ctx, unsigned domain, const libxl_device_disk& disk) {
    DiskInfo info;
    info.vdev = text_of(disk.vdev);
    info.target = text_of(disk.pdev_path);
    info.type = text_of(libxl_disk_backend_to_string(disk.backend));
    info.writable = disk.readwrite != 0;
    info.cdrom = disk.is_cdrom != 0;
    info.backend_domain = disk.backend_domid;
    info.frontend_domain = domain;
    libxl_diskinfo more;
    libxl_diskinfo_init(&more);
    if (libxl_device_disk_getinfo(ctx, domain, &disk, &more) == 0) {
        info.devid = static_cast<unsigned>(more.devid);
        info.state = more.state;
        info.event_channel = more.evtch;
        info.ring = more.rref;
        info.backend = text_of(more.backend);
        info.backend_domain = more.backend_id;
        libxl_diskinfo_dispose(&more); // libxl has disposed of it when it fails
    }
    return info;
}

// libxl knows the disk by its number, so every spelling of `vdev` finds it.
Status find(Context& xen, unsigned domain, const std::string& vdev, libxl_device_disk* disk) {
    xen.clear();
    const int rc = libxl_vdev_to_device_disk(xen.get(), domain, vdev.c_str(), disk);
    if (rc != 0) {
        return fail("there is no " + disk_place(domain, vdev) + "; see: bulkhead block-list " + std::to_string(domain),
                    ENOENT);
    }
    return {};
}

} // namespace

Result<std::vector<DiskInfo>> list_disks(Context& xen, unsigned domain) {
    xen.clear();
    int count = 0;
    libxl_device_disk* const list = libxl_device_disk_list(xen.get(), domain, &count);
    std::vector<DiskInfo> disks; // libxl gives no list, too, when there are none
    for (int i = 0; list != nullptr && i < count; ++i) disks.push_back(plain(xen.get(), domain, list[i]));
    if (list != nullptr) libxl_device_disk_list_free(list, count);
    return disks;
}

Result<std::optional<DiskInfo>> find_disk(Context& xen, unsigned domain, const std::string& vdev) {
    Disk disk;
    if (!find(xen, domain, vdev, disk.get())) return std::optional<DiskInfo>();
    return std::optional<DiskInfo>(plain(xen.get(), domain, *disk.get()));
}

Result<DiskInfo> add_disk(Context& xen, unsigned domain, const DiskSpec& spec) {
    Disk disk;
    convert(spec, *disk.get());
    xen.clear();
    const int rc = libxl_device_disk_add(xen.get(), domain, disk.get(), nullptr);
    if (rc != 0) return xen.error("cannot add " + disk_place(domain, spec.vdev), rc);
    return plain(xen.get(), domain, *disk.get());
}

Status remove_disk(Context& xen, unsigned domain, const std::string& vdev) {
    Disk disk;
    TRY(find(xen, domain, vdev, disk.get()));
    const int rc = libxl_device_disk_safe_remove(xen.get(), domain, disk.get(), nullptr);
    if (rc != 0) return xen.error("cannot remove " + disk_place(domain, vdev), rc);
    return {};
}

Status destroy_disk(Context& xen, unsigned domain, const std::string& vdev) {
    Disk disk;
    TRY(find(xen, domain, vdev, disk.get()));
    const int rc = libxl_device_disk_destroy(xen.get(), domain, disk.get(), nullptr);
    if (rc != 0) return xen.error("cannot remove " + disk_place(domain, vdev), rc);
    return {};
}

Status insert_cd(Context& xen, unsigned domain, const DiskSpec& spec) {
    Disk disk;
    convert(spec, *disk.get());
    xen.clear();
    const int rc = libxl_cdrom_insert(xen.get(), domain, disk.get(), nullptr);
    if (rc != 0) return xen.error("cannot change the medium of " + disk_place(domain, spec.vdev), rc);
    return {};
}

Result<std::string> describe_disk(Context& xen, const DiskSpec& spec) {
    Disk disk;
    convert(spec, *disk.get());
    const CString json(libxl_device_disk_to_json(xen.get(), disk.get()));
    if (!json) return fail("cannot print the disk");
    return std::string(json.get());
}

} // namespace bulkhead::xen
