#include "support/fake_libxl.hpp"

extern "C" {
#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>
#include <xenctrl.h>
}
#include "base/mac_address.hpp"
#include "xen/store.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <sys/mman.h>

struct libxl__ctx {};              // NOLINT(bugprone-reserved-identifier): libxl named it
struct libxl__evgen_domain_death { // NOLINT(bugprone-reserved-identifier): libxl named it
    unsigned domain;
};

namespace bulkhead::test {
namespace {

struct Domain {
    bool used;
    int shutdown; // libxl_shutdown_reason, or -1: it runs
    unsigned id;
    std::uint8_t uuid[16];
};

struct FakeNic {
    bool used;
    unsigned domain, devid, backend;
    std::uint8_t mac[6];
};

// Shared with the workers; one of them, or the test, changes it at a time.
struct Host {
    Domain domains[16];
    FakeNic nics[16];
    unsigned nics_ever_added;
    bool refuse_destroy;
};

Host* host = nullptr;
FakeLibxl* fake = nullptr;

// Of this process.
std::map<unsigned, std::unique_ptr<libxl_evgen_domain_death>> watches; // by domain; they end with their context
const libxl_event_hooks* hooks = nullptr;
void* hooks_user = nullptr;

template <typename T, std::size_t N, typename Wanted>
T* find(T (&table)[N], Wanted wanted) {
    const auto found =
        std::find_if(std::begin(table), std::end(table), [&](const T& row) { return row.used && wanted(row); });
    return found == std::end(table) ? nullptr : &*found;
}

template <typename T, std::size_t N>
T& new_row(T (&table)[N]) {
    const auto found = std::find_if(std::begin(table), std::end(table), [](const T& row) { return !row.used; });
    if (found == std::end(table)) std::abort(); // a larger table is needed
    *found = T{};
    found->used = true;
    return *found;
}

Domain* domain_of(unsigned id) {
    return find(host->domains, [id](const Domain& domain) { return domain.id == id; });
}

// Names are xenstore's. Each call has a connection of its own: the caller may be a worker.
Status with_xenstore(const std::function<Status(xen::Store&)>& change) {
    xen::Store store = TRY(xen::Store::open());
    return change(store);
}
std::string name_node(unsigned domain) {
    return "/local/domain/" + std::to_string(domain) + "/name";
}

FakeNic* nic_of(unsigned domain, unsigned devid) {
    return find(host->nics, [=](const FakeNic& nic) { return nic.domain == domain && nic.devid == devid; });
}

void describe(const Domain& from, libxl_dominfo& to) {
    to.domid = from.id;
    std::memcpy(to.uuid.uuid, from.uuid, sizeof from.uuid);
    to.running = from.shutdown < 0;
    to.shutdown = from.shutdown >= 0;
    to.shutdown_reason = static_cast<libxl_shutdown_reason>(from.shutdown);
}

void fill(const FakeNic& from, libxl_device_nic* to) {
    libxl_device_nic_init(to);
    to->devid = static_cast<int>(from.devid);
    to->backend_domid = from.backend;
    std::memcpy(to->mac, from.mac, sizeof from.mac);
}

} // namespace

FakeLibxl::FakeLibxl() {
    void* const memory = ::mmap(nullptr, sizeof(Host), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    host = new (memory) Host{};
    fake = this;
    watches.clear();
}

FakeLibxl::~FakeLibxl() {
    ::munmap(host, sizeof *host);
    host = nullptr;
    fake = nullptr;
    hooks = nullptr;
}

void FakeLibxl::add_domain(unsigned domain, const std::string& name, const std::string& uuid) {
    Domain& row = new_row(host->domains);
    row.id = domain;
    row.shutdown = -1;
    (void)with_xenstore([&](xen::Store& store) { return store.write(name_node(domain), name); });
    const auto bytes = xen::uuid_bytes(uuid);
    std::copy(bytes->begin(), bytes->end(), row.uuid);
}

void FakeLibxl::shut_down(unsigned domain, int reason) {
    if (Domain* const row = domain_of(domain)) row->shutdown = reason;
}

void FakeLibxl::remove_domain(unsigned domain) {
    if (Domain* const row = domain_of(domain)) row->used = false;
    (void)with_xenstore([&](xen::Store& store) { return store.remove(name_node(domain)); });
    for (FakeNic& nic : host->nics) {
        if (nic.domain == domain) nic.used = false;
    }
}

bool FakeLibxl::has_domain(unsigned domain) const {
    return domain_of(domain) != nullptr;
}

bool FakeLibxl::watched(unsigned domain) const {
    return watches.contains(domain);
}

bool FakeLibxl::die(unsigned domain) {
    remove_domain(domain);
    if (!watches.contains(domain) || hooks == nullptr) return false;
    auto* const event = static_cast<libxl_event*>(std::calloc(1, sizeof(libxl_event)));
    libxl_event_init(event);
    libxl_event_init_type(event, LIBXL_EVENT_TYPE_DOMAIN_DEATH);
    event->domid = domain;
    hooks->event_occurs(hooks_user, event);
    return true;
}

void FakeLibxl::add_nic(unsigned domain, unsigned devid, const std::string& mac) {
    FakeNic& row = new_row(host->nics);
    row.domain = domain;
    row.devid = devid;
    const auto bytes = parse_mac(mac);
    std::copy(bytes->begin(), bytes->end(), row.mac);
}

std::vector<unsigned> FakeLibxl::nics(unsigned domain) const {
    std::vector<unsigned> numbers;
    for (const FakeNic& nic : host->nics) {
        if (nic.used && nic.domain == domain) numbers.push_back(nic.devid);
    }
    return numbers;
}

unsigned FakeLibxl::nics_ever_added() const {
    return host->nics_ever_added;
}

void FakeLibxl::refuse_destroy(bool refuse) {
    host->refuse_destroy = refuse;
}

} // namespace bulkhead::test

using namespace bulkhead::test;

extern "C" {

int libxl_ctx_alloc(libxl_ctx** ctx, int, unsigned, xentoollog_logger*) {
    *ctx = new libxl_ctx;
    return 0;
}

int libxl_ctx_free(libxl_ctx* ctx) {
    delete ctx; // no context is freed while another one watches
    watches.clear();
    return 0;
}

void libxl_postfork_child_noexec(libxl_ctx*) {
    watches.clear();
    hooks = nullptr;
}

void libxl_childproc_setmode(libxl_ctx*, const libxl_childproc_hooks*, void*) {}
void libxl_osevent_register_hooks(libxl_ctx*, const libxl_osevent_hooks*, void*) {}

void libxl_event_register_callbacks(libxl_ctx*, const libxl_event_hooks* given, void* user) {
    hooks = given;
    hooks_user = user;
}

int libxl_evenable_domain_death(libxl_ctx*, uint32_t domain, libxl_ev_user, libxl_evgen_domain_death** death) {
    auto& watch = watches[domain];
    watch.reset(new libxl_evgen_domain_death{domain});
    *death = watch.get();
    return 0;
}

void libxl_evdisable_domain_death(libxl_ctx*, libxl_evgen_domain_death* death) {
    watches.erase(death->domain);
}

int libxl_domain_info(libxl_ctx*, libxl_dominfo* info, uint32_t domain) {
    const Domain* const row = domain_of(domain);
    if (row == nullptr) return ERROR_DOMAIN_NOTFOUND;
    describe(*row, *info);
    return 0;
}

xc_interface* xc_interface_open(xentoollog_logger*, xentoollog_logger*, unsigned) {
    return reinterpret_cast<xc_interface*>(&host);
}

int xc_interface_close(xc_interface*) {
    return 0;
}

int xc_domain_getinfolist(xc_interface*, uint32_t first, unsigned most, xc_domaininfo_t* list) {
    std::map<unsigned, const Domain*> found; // in order, as Xen has them
    for (const Domain& domain : host->domains) {
        if (domain.used && domain.id >= first) found[domain.id] = &domain;
    }
    unsigned count = 0;
    for (const auto& [id, domain] : found) {
        if (count == most) break;
        xc_domaininfo_t& info = list[count++];
        info = {};
        info.domain = static_cast<domid_t>(id);
        std::memcpy(info.handle, domain->uuid, sizeof info.handle);
        info.flags = domain->shutdown < 0
                         ? XEN_DOMINF_running
                         : XEN_DOMINF_shutdown | static_cast<unsigned>(domain->shutdown) << XEN_DOMINF_shutdownshift;
    }
    return static_cast<int>(count);
}

int libxl_domain_pause(libxl_ctx*, uint32_t domain, const libxl_asyncop_how*) {
    return domain_of(domain) == nullptr ? ERROR_FAIL : 0;
}

libxl_device_pci* libxl_device_pci_list(libxl_ctx*, uint32_t, int* count) { // they have none
    *count = 0;
    return nullptr;
}

int libxl_domain_destroy(libxl_ctx*, uint32_t domain, const libxl_asyncop_how*) {
    if (host->refuse_destroy || domain_of(domain) == nullptr) return ERROR_FAIL;
    fake->remove_domain(domain);
    return 0;
}

libxl_device_nic* libxl_device_nic_list(libxl_ctx*, uint32_t domain, int* count) {
    auto* const list = static_cast<libxl_device_nic*>(std::calloc(std::size(host->nics), sizeof(libxl_device_nic)));
    *count = 0;
    for (const FakeNic& nic : host->nics) {
        if (nic.used && nic.domain == domain) fill(nic, &list[(*count)++]);
    }
    return list;
}

int libxl_devid_to_device_nic(libxl_ctx*, uint32_t domain, int devid, libxl_device_nic* nic) {
    const FakeNic* const row = nic_of(domain, static_cast<unsigned>(devid));
    if (row == nullptr) return ERROR_INVAL;
    fill(*row, nic);
    return 0;
}

int libxl_device_nic_add(libxl_ctx*, uint32_t domain, libxl_device_nic* nic, const libxl_asyncop_how*) {
    if (domain_of(domain) == nullptr) return ERROR_FAIL;
    const auto devid = static_cast<unsigned>(nic->devid);
    if (nic_of(domain, devid) != nullptr) return ERROR_DEVICE_EXISTS;
    FakeNic& row = new_row(host->nics);
    row.domain = domain;
    row.devid = devid;
    row.backend = nic->backend_domname == nullptr
                      ? nic->backend_domid
                      : static_cast<unsigned>(std::strtoul(nic->backend_domname, nullptr, 10));
    std::memcpy(row.mac, nic->mac, sizeof row.mac);
    ++host->nics_ever_added;
    if (fake->plug) fake->plug(domain, devid, row.backend);
    return 0;
}

int libxl_device_nic_destroy(libxl_ctx*, uint32_t domain, libxl_device_nic* nic, const libxl_asyncop_how*) {
    FakeNic* const row = nic_of(domain, static_cast<unsigned>(nic->devid));
    if (row == nullptr) return ERROR_FAIL;
    row->used = false;
    return 0;
}

int libxl_device_nic_getinfo(libxl_ctx*, uint32_t, const libxl_device_nic*, libxl_nicinfo*) {
    return ERROR_FAIL; // xl goes on without, and so do we
}

} // extern "C"
