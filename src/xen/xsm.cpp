#include "xen/xsm.hpp"

#include <cerrno>
#include <map>

extern "C" {
#include <xenctrl.h>
}

namespace bulkhead::xen {
namespace {

constexpr std::size_t context_max = 4096; // bytes: Xen takes no more than a page (xen/xsm/flask/flask_op.c)

Status failed(const std::string& what) {
    if (errno == ENOSYS || errno == EOPNOTSUPP)
        return fail(what + ": this hypervisor has no XSM with FLASK; packaging/xen-xsm builds one that has", ENOSYS);
    return fail_errno(what);
}

} // namespace

const char* name_of(XsmMode mode) {
    switch (mode) {
    case XsmMode::absent:
        return "absent";
    case XsmMode::permissive:
        return "permissive";
    case XsmMode::enforcing:
        return "enforcing";
    }
    return "";
}

Result<Xsm> Xsm::open() {
    return Xsm(TRY(Control::open()));
}

Result<XsmMode> Xsm::mode() {
    const int mode = xc_flask_getenforce(control_.get());
    if (mode >= 0) return mode != 0 ? XsmMode::enforcing : XsmMode::permissive;
    // Without XSM, or with its modules dummy and silo, nobody answers.
    if (errno == ENOSYS || errno == EOPNOTSUPP) return XsmMode::absent;
    return fail_errno("whether FLASK enforces");
}

Status Xsm::set_enforcing(bool enforcing) {
    if (xc_flask_setenforce(control_.get(), enforcing ? 1 : 0) != 0) return failed("FLASK's mode");
    return {};
}

Status Xsm::load(std::string policy) {
    if (policy.empty() || policy.size() > flask_policy_max)
        return fail("a FLASK policy has 1 to " + std::to_string(flask_policy_max) + " bytes", EINVAL);
    if (xc_flask_load(control_.get(), policy.data(), static_cast<std::uint32_t>(policy.size())) == 0) return {};
    if (errno == EINVAL)
        return fail("Xen does not take this FLASK policy: it is none, or was made for another Xen's classes and "
                    "permissions",
                    EINVAL);
    return failed("the FLASK policy");
}

Result<bool> Xsm::knows(std::string context) {
    if (context.empty() || context.size() > context_max) return false;
    std::uint32_t sid = 0;
    if (xc_flask_context_to_sid(control_.get(), context.data(), static_cast<std::uint32_t>(context.size()), &sid) == 0)
        return true;
    if (errno == EINVAL) return false;
    return tl::unexpected(failed("the context " + context).error());
}

Result<std::string> Xsm::context_of(unsigned domain) {
    xc_dominfo_t info{};
    if (xc_domain_getinfo(control_.get(), domain, 1, &info) != 1 || info.domid != domain)
        return fail("there is no domain " + std::to_string(domain), ESRCH);
    std::string context(context_max, '\0');
    if (xc_flask_sid_to_context(control_.get(), static_cast<int>(info.ssidref), context.data(), context_max) != 0)
        return tl::unexpected(failed("the context of domain " + std::to_string(domain)).error());
    if (const std::size_t end = context.find('\0'); end != std::string::npos) context.resize(end);
    return context;
}

Result<Xsm::Booleans> Xsm::booleans() {
    Booleans all;
    for (unsigned id = 0; id < flask_booleans_max; ++id) {
        std::string name(context_max, '\0'); // Xen writes no NUL at its end
        int value = 0, pending = 0;
        if (xc_flask_getbool_byid(control_.get(), static_cast<int>(id), name.data(), context_max, &value, &pending) !=
            0) {
            if (errno == ENOENT) return all;
            return tl::unexpected(failed("FLASK's booleans").error());
        }
        const std::size_t end = name.find('\0');
        if (end != std::string::npos) name.resize(end);
        all.emplace_back(std::move(name), value != 0);
    }
    return fail("the FLASK policy has more than " + std::to_string(flask_booleans_max) + " booleans");
}

Status Xsm::set_booleans(const Booleans& wanted) {
    const Booleans now = TRY(booleans());
    std::map<std::string, bool> present(now.begin(), now.end());
    for (const auto& [name, value] : wanted) {
        if (!present.contains(name))
            return fail("the FLASK policy that Xen enforces has no boolean " + name +
                            ": it was made from another policy",
                        ENOENT);
    }
    for (const bool first : {true, false}) {
        for (const auto& [name, value] : wanted) {
            if (value != first || present[name] == value) continue;
            std::string text = name;
            if (xc_flask_setbool(control_.get(), text.data(), value ? 1 : 0, 1) != 0)
                return failed("FLASK's boolean " + name);
        }
    }
    return {};
}

} // namespace bulkhead::xen
