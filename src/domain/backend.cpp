#include "domain/backend.hpp"

#include "base/text.hpp"
#include "config/vif.hpp"
#include "domain/capacity.hpp"
#include "domain/names.hpp"
#include "domain/vif_script.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::domain {
namespace {

constexpr unsigned few = 5; // vifs

// A value that the driver domain wrote; no node, or no right to read, is no value.
std::string value(xen::Store& store, const std::string& path) {
    const Result<std::optional<std::string>> read = store.read_if(path);
    return read && *read ? printable(**read, 256) : "";
}

// Waits for a change of the node while it is `value_now`, and gives its value afterwards.
Result<std::string> wait_while(xen::Store& store, const std::string& path, const std::string& value_now,
                               std::chrono::seconds patience) {
    TRY(store.watch(path, "state"));
    const auto end = std::chrono::steady_clock::now() + patience;
    std::string state;
    while ((state = value(store, path)) == value_now) {
        if (!TRY(store.wait_event(end))) break;
    }
    TRY(store.unwatch(path, "state"));
    return state;
}

// A driver domain (libxl made it a folder of this name) that has served nobody yet may still be booting.
bool may_be_booting(xen::Store& store, const std::string& home) {
    const Result<bool> driver = store.exists(home + "/libxl");
    const Result<bool> served = store.exists(home + "/backend/vif");
    return driver && *driver && !(served && *served);
}

} // namespace

Result<Backend> find_backend(xen::Store& store, const std::vector<xen::DomainInfo>& domains, const std::string& wanted,
                             std::chrono::seconds patience, const Progress& progress) {
    if (wanted.empty()) return Backend{0, "Domain-0", false, ""};
    const xen::DomainInfo domain = TRY(context(find_domain(domains, wanted), "backend"));
    Backend backend{domain.id, domain.name, false, ""};
    if (domain.id == 0) return backend;
    if (domain.shutdown || domain.dying) {
        return fail("driver domain '" + domain.name + "' has shut down; start it again before its clients", EHOSTDOWN);
    }
    const std::string home = "/local/domain/" + std::to_string(domain.id);
    const std::string node = home + "/data/bulkhead/state";
    std::string state = value(store, node);
    if (state.empty() && may_be_booting(store, home)) {
        progress("waiting for driver domain '" + domain.name + "' to boot");
        state = TRY(wait_while(store, node, "", patience));
    }
    if (state.empty()) return backend; // somebody else's agent
    if (state == "starting") {
        progress("waiting for driver domain '" + domain.name + "' to become ready");
        state = TRY(wait_while(store, node, "starting", patience));
    }
    if (state.starts_with("failed")) return fail("driver domain '" + domain.name + "' " + state, EIO);
    if (state != "ready") {
        return fail("driver domain '" + domain.name + "' is not ready after " + std::to_string(patience.count()) +
                        " s (its agent says: " + (state.empty() ? "nothing" : state) + "); see: bulkhead console " +
                        domain.name,
                    ETIMEDOUT);
    }
    backend.has_agent = true;
    if (const auto quota = xen::quota_of(store, domain.id)) {
        const auto left = room(*quota);
        if (left && *left < few)
            progress("warning: xenstored allows driver domain '" + domain.name + "' about " + std::to_string(*left) +
                     " more vifs; see docs/driver-domains.md, \"How many clients\"");
    }
    backend.bridge = value(store, home + "/data/bulkhead/bridge");
    return backend;
}

Result<std::optional<Backend>> ready_backend(xen::Store& store, const std::vector<xen::DomainInfo>& domains,
                                             const std::string& wanted) {
    const auto domain = find_domain(domains, wanted);
    if (!wanted.empty() && !domain) {
        if (parse_unsigned(wanted, UINT32_MAX)) return tl::unexpected(domain.error());
        return std::optional<Backend>();
    }
    if (!wanted.empty() && domain->id != 0) {
        const std::string home = "/local/domain/" + std::to_string(domain->id);
        const std::string state = value(store, home + "/data/bulkhead/state");
        if (domain->shutdown || domain->dying || state == "starting" || (state.empty() && may_be_booting(store, home)))
            return std::optional<Backend>();
    }
    return TRY(find_backend(store, domains, wanted, std::chrono::seconds(0), [](std::string_view) {}));
}

Result<Backend> await_backend(xen::Context& xen, xen::Store& store, const std::string& wanted,
                              std::chrono::seconds patience, const Progress& progress) {
    TRY(store.watch("@introduceDomain", "domains"));
    TRY(store.watch("@releaseDomain", "domains"));
    const auto end = std::chrono::steady_clock::now() + patience;
    Status status;
    for (bool told = false; status;) {
        const auto domains = TRY(xen::list_domains(xen));
        const auto domain = find_domain(domains, wanted);
        if (wanted.empty() || (domain && !domain->dying && !domain->shutdown)) break;
        if (!told) progress("waiting for driver domain '" + wanted + "'");
        told = true;
        if (!TRY(store.wait_event(end)))
            status = fail("driver domain '" + wanted + "' has not come within " + std::to_string(patience.count()) +
                              " s; see: bulkhead driverdomain list",
                          ETIMEDOUT);
    }
    (void)store.unwatch("@introduceDomain", "domains");
    (void)store.unwatch("@releaseDomain", "domains");
    TRY(std::move(status));
    return find_backend(store, TRY(xen::list_domains(xen)), wanted, patience, progress);
}

void complete(xen::NicSpec& nic, const Backend& backend) {
    if (backend.id != 0)
        nic.backend = std::to_string(backend.id);
    else
        use_own_script(nic);
    // libxl would write its own default; the agent's name is checked like a person's.
    xen::NicSpec checked;
    if (nic.bridge.empty() && !backend.bridge.empty() && backend.bridge.find(',') == std::string::npos &&
        config::parse_vif("bridge=" + backend.bridge, checked)) {
        nic.bridge = checked.bridge;
    }
}

} // namespace bulkhead::domain
