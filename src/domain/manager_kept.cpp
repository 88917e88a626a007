// The part of Manager that deals with domains that are kept whether they run or not.
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/domain_config.hpp"
#include "domain/manager.hpp"
#include "domain/policy.hpp"
#include "domain/work.hpp"
#include "xen/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace bulkhead::domain {

using nlohmann::json;
using std::chrono::seconds;

namespace {

constexpr seconds read_deadline{30};

} // namespace

std::string Manager::suspended_image(const std::string& uuid) const {
    return journal_.folder() + "/suspended/" + uuid;
}

void Manager::forget_image(const std::string& uuid) {
    const std::string image = suspended_image(uuid);
    if (::unlink(image.c_str()) != 0 && errno != ENOENT) log::error(fail_errno(image).value().message);
    if (const Status forgotten = security_.set_suspended_label(uuid, std::nullopt); !forgotten)
        log::error(forgotten.error().message);
}

Result<KeptDomain> Manager::find_kept(std::string_view wanted) {
    std::vector<KeptDomain> all = TRY(journal_.kept());
    const auto found = std::find_if(all.begin(), all.end(), [wanted](const KeptDomain& kept) {
        return kept.name == wanted || kept.uuid == wanted;
    });
    if (found == all.end())
        return fail("no domain '" + printable(wanted, 64) +
                        "' is kept; bulkhead list shows those that are, and "
                        "bulkhead new keeps one",
                    ENOENT);
    return std::move(*found);
}

Result<Workers::Id> Manager::keep_domain(CreateRequest request, bool autostart, const Reply& reply) {
    request.uuid = xen::new_uuid();
    const auto body = [request](xen::Context& xen, const WorkerSide&) -> Result<std::string> {
        const config::ParsedDomain parsed = TRY(check_request(request, TRY(host_settings())));
        const std::string uuid = parsed.spec.uuid.value_or(request.uuid);
        for (const xen::DomainInfo& domain : TRY(xen::list_domains(xen))) {
            if (domain.name == parsed.spec.name && domain.uuid != uuid)
                return fail("a domain named '" + domain.name + "' runs already (id " + std::to_string(domain.id) + ")",
                            EEXIST);
        }
        return json_line({{"uuid", uuid}, {"name", parsed.spec.name}, {"warnings", parsed.warnings}});
    };
    Reply inner = reply;
    inner.done = [this, request, autostart, reply](Result<std::string> result) {
        if (result) {
            const json object = json::parse(*result, nullptr, false);
            const Status kept = journal_.keep({work::text(object, "uuid"), work::text(object, "name"),
                                               config::with_overrides(request.config, request.overrides),
                                               request.source, request.directory, autostart});
            if (!kept) result = tl::unexpected(kept.error());
        }
        reply.done(std::move(result));
    };
    return run("new " + request.source, read_deadline, body, std::move(inner));
}

Result<Workers::Id> Manager::update_config(const std::string& wanted, const CreateRequest& request,
                                           const Reply& reply) {
    const Result<xen::DomainInfo> domain = find(wanted);
    const Result<KeptDomain> kept = find_kept(domain ? domain->uuid : wanted);
    if (!domain && !kept) return tl::unexpected(domain.error());
    const std::string uuid = kept ? kept->uuid : domain->uuid;
    const std::string name = domain ? domain->name : kept->name;
    const auto ours = managed_.find(uuid);
    if (!kept && ours == managed_.end())
        return fail("domain '" + name + "' was not made by bulkheadd: xl config-update tells xl's own", EINVAL);
    if (ours != managed_.end() && ours->second.acting)
        return fail("domain '" + name + "' is being made again just now; wait for that", EBUSY);
    if (ours != managed_.end() && ours->second.policy.driver_domain)
        return fail("'" + name +
                        "' is a driver domain, which comes back as its clients know it; another image: "
                        "bulkhead driverdomain upgrade, another configuration: destroy it and create it anew",
                    EINVAL);
    const auto body = [request, uuid](xen::Context&, const WorkerSide&) -> Result<std::string> {
        const config::ParsedDomain parsed = TRY(check_request(request, TRY(host_settings())));
        if (parsed.spec.uuid.value_or(uuid) != uuid)
            return fail(request.source + ": uuid= is another domain's: " + *parsed.spec.uuid, EINVAL);
        if (policy_of(parsed.spec).driver_domain)
            return fail(request.source + ": a domain does not become a driver domain by a restart; create it anew",
                        EINVAL);
        return json_line({{"warnings", parsed.warnings}});
    };
    Reply inner = reply;
    inner.done = [this, request, uuid, name, reply](Result<std::string> result) {
        const auto now = managed_.find(uuid);
        if (result && now != managed_.end() && now->second.acting) // what is written now would go with that
            result = fail("domain '" + name + "' has begun to be made again; try again", EBUSY);
        if (result) {
            std::vector<std::string> overrides = request.overrides;
            overrides.push_back("name = \"" + name + "\""); // its own, whatever the file says
            const Status written = journal_.set_next_config(
                uuid, {config::with_overrides(request.config, overrides), request.source, request.directory});
            if (!written) result = tl::unexpected(written.error());
        }
        reply.done(std::move(result));
    };
    return run("config-update " + name, read_deadline, body, std::move(inner));
}

Result<Workers::Id> Manager::start_kept(std::string_view wanted, bool paused, const Reply& reply) {
    const KeptDomain kept = TRY(find_kept(wanted));
    if (managed_.contains(kept.uuid)) return fail("domain '" + kept.name + "' runs already", EALREADY);
    CreateRequest request;
    request.config = kept.config;
    request.source = kept.source;
    request.directory = kept.directory;
    request.paused = paused;
    request.uuid = kept.uuid;
    request.force_uuid = true;
    const std::string image = suspended_image(kept.uuid);
    if (exists(image)) {
        request.image = image;
        request.config.clear(); // as it was when it was suspended
        request.label = TRY(security_.suspended_label(kept.uuid));
    }
    return create(std::move(request), reply);
}

Result<Workers::Id> Manager::suspend_kept(std::string_view wanted, Reply reply) {
    const xen::DomainInfo domain = TRY(find(wanted));
    const KeptDomain kept = TRY(find_kept(domain.uuid));
    TRY(make_directories(journal_.folder() + "/suspended", 0700)); // a domain's memory is nobody's business
    return save(domain, suspended_image(kept.uuid), AfterSave::destroy, std::move(reply));
}

Status Manager::drop_kept(std::string_view wanted) {
    const KeptDomain kept = TRY(find_kept(wanted));
    if (managed_.contains(kept.uuid))
        return fail("domain '" + kept.name + "' runs; end it first with: bulkhead shutdown -w " + kept.name, EBUSY);
    TRY(journal_.drop_kept(kept.uuid));
    forget_image(kept.uuid);
    return {};
}

} // namespace bulkhead::domain
