#include "xen/nic.hpp"

#include "xen/libxl.hpp"
#include "xen/mac.hpp"
#include "xen/spec_convert.hpp"

namespace bulkhead::xen {

static_assert(device_exists == ERROR_DEVICE_EXISTS);

namespace {

struct NicList {
    libxl_device_nic* items = nullptr;
    int count = 0;
    NicList(libxl_ctx* ctx, unsigned domain) { items = libxl_device_nic_list(ctx, domain, &count); }
    ~NicList() {
        if (items != nullptr) libxl_device_nic_list_free(items, count);
    }
    NicList(const NicList&) = delete;
    NicList& operator=(const NicList&) = delete;
};

std::string place(unsigned domain, unsigned devid) {
    return "vif " + std::to_string(devid) + " of domain " + std::to_string(domain);
}

NicInfo plain(libxl_ctx* ctx, unsigned domain, const libxl_device_nic& nic) {
    NicInfo info;
    info.devid = static_cast<unsigned>(nic.devid);
    info.backend_domain = nic.backend_domid;
    info.mac = format_mac(nic.mac);
    info.bridge = text_of(nic.bridge);
    libxl_nicinfo more;
    libxl_nicinfo_init(&more);
    if (libxl_device_nic_getinfo(ctx, domain, &nic, &more) == 0) {
        info.state = more.state;
        info.event_channel = more.evtch;
        info.tx_ring = more.rref_tx;
        info.rx_ring = more.rref_rx;
        info.backend = text_of(more.backend);
        info.backend_domain = more.backend_id;
    }
    libxl_nicinfo_dispose(&more);
    return info;
}

// libxl_devid_to_device_nic() fills in the backend's domid, without which libxl "removes" the wrong backend.
Status find(Context& xen, unsigned domain, unsigned devid, libxl_device_nic* nic) {
    xen.clear();
    const int rc = libxl_devid_to_device_nic(xen.get(), domain, static_cast<int>(devid), nic);
    if (rc != 0) return fail("there is no " + place(domain, devid) + "; see: bulkhead network-list", rc);
    return {};
}

} // namespace

Result<std::vector<NicInfo>> list_nics(Context& xen, unsigned domain) {
    xen.clear();
    const NicList list(xen.get(), domain);
    std::vector<NicInfo> nics; // libxl gives no list, too, when there are none
    for (int i = 0; i < list.count && list.items != nullptr; ++i) {
        nics.push_back(plain(xen.get(), domain, list.items[i]));
    }
    return nics;
}

Result<NicInfo> add_nic(Context& xen, unsigned domain, const NicSpec& spec) {
    Nic nic;
    TRY(convert(spec, *nic.get()));
    xen.clear();
    const int rc = libxl_device_nic_add(xen.get(), domain, nic.get(), nullptr);
    if (rc == 0) return plain(xen.get(), domain, *nic.get());
    return xen.error("cannot add " + place(domain, spec.devid.value_or(0)), rc);
}

Status remove_nic(Context& xen, unsigned domain, unsigned devid) {
    Nic nic;
    TRY(find(xen, domain, devid, nic.get()));
    const int rc = libxl_device_nic_remove(xen.get(), domain, nic.get(), nullptr);
    if (rc != 0) return xen.error("cannot remove " + place(domain, devid), rc);
    return {};
}

Status destroy_nic(Context& xen, unsigned domain, unsigned devid) {
    Nic nic;
    TRY(find(xen, domain, devid, nic.get()));
    const int rc = libxl_device_nic_destroy(xen.get(), domain, nic.get(), nullptr);
    if (rc != 0) return xen.error("cannot remove " + place(domain, devid), rc);
    return {};
}

Result<std::string> describe_nic(Context& xen, const NicSpec& spec) {
    Nic nic;
    TRY(convert(spec, *nic.get()));
    const CString json(libxl_device_nic_to_json(xen.get(), nic.get()));
    if (!json) return fail("cannot print the vif");
    return std::string(json.get());
}

} // namespace bulkhead::xen
