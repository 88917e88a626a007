// The part of Manager that deals with domains that are kept whether they run or not.
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "domain/manager.hpp"
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
