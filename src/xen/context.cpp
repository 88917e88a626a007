#include "xen/context.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "xen/libxl.hpp"
#include "xen/message_log.hpp"
#include "xen/osevent.hpp"
#include "xen/release.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <unistd.h>

namespace bulkhead::xen {

struct Context::State {
    MessageLog log;
    libxl_ctx* ctx = nullptr;
    std::optional<Control> control;
    std::unique_ptr<OsEvent> os;
    libxl_event_hooks hooks{};
    std::function<void(const DomainEvent&)> happened;
    std::deque<DomainEvent> queue;
    sd_event_source* deliver = nullptr;
    std::map<unsigned, libxl_evgen_domain_death*> deaths;

    ~State() {
        if (deliver != nullptr) sd_event_source_disable_unref(deliver);
        libxl_ctx_free(ctx); // deregisters its descriptors through `os`, which is destroyed after it
    }
    void occurred(libxl_event* event);
    void push(const DomainEvent& event);
    void look_at(unsigned domain);
    void drain();
};

namespace {

std::string cannot_open() {
    if (::geteuid() != 0) return "only root may talk to Xen; become root";
    const Result<std::string> type = read_file("/sys/hypervisor/type", 64);
    if (!type || trim(*type) != "xen") {
        return "this machine does not run under Xen; boot it with Xen, or try Bulkhead with: bulkhead lab up";
    }
    if (!exists("/proc/xen/capabilities") && !exists("/dev/xen/privcmd")) {
        return "this is not Xen's control domain (no /dev/xen/privcmd), or xenfs is not there";
    }
    return "xenstored does not answer, or libxenlight does not match the running hypervisor; "
           "start it with: systemctl start xen";
}

} // namespace

void Context::State::occurred(libxl_event* event) {
    DomainEvent plain;
    plain.domain = event->domid;
    bool wanted = true;
    if (event->type == LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN) {
        plain.kind = DomainEventKind::shut_down;
        plain.shutdown_reason = event->u.domain_shutdown.shutdown_reason;
    } else {
        wanted = event->type == LIBXL_EVENT_TYPE_DOMAIN_DEATH;
    }
    libxl_event_free(ctx, event);
    if (wanted) push(plain);
}

void Context::State::push(const DomainEvent& event) {
    if (std::find(queue.begin(), queue.end(), event) != queue.end()) return;
    queue.push_back(event);
    // Delivered from the loop: the receiver may then call whatever it likes of libxl.
    if (deliver != nullptr) sd_event_source_set_enabled(deliver, SD_EVENT_ONESHOT);
}

// libxl looks at its domains when xenstored tells that one has ended; how one was before is not told.
void Context::State::look_at(unsigned domain) {
    libxl_dominfo info;
    libxl_dominfo_init(&info);
    const int rc = libxl_domain_info(ctx, &info, domain);
    if (rc == ERROR_DOMAIN_NOTFOUND)
        push({DomainEventKind::died, domain, -1});
    else if (rc == 0 && info.shutdown && info.shutdown_reason != LIBXL_SHUTDOWN_REASON_SUSPEND)
        push({DomainEventKind::shut_down, domain, static_cast<int>(info.shutdown_reason)});
    libxl_dominfo_dispose(&info);
}

void Context::State::drain() {
    while (!queue.empty()) {
        const DomainEvent event = queue.front();
        queue.pop_front();
        if (event.kind == DomainEventKind::died) {
            const auto death = deaths.find(event.domain);
            if (death != deaths.end()) {
                libxl_evdisable_domain_death(ctx, death->second);
                deaths.erase(death);
            }
        }
        happened(event);
    }
}

Context::Context() : state_(std::make_unique<State>()) {}
Context::~Context() = default;

Result<std::unique_ptr<Context>> Context::open() {
    TRY(check_running_release());
    std::unique_ptr<Context> context(new Context);
    State& state = *context->state_;
    if (libxl_ctx_alloc(&state.ctx, LIBXL_VERSION, 0, state.log.logger()) != 0) {
        state.ctx = nullptr;
        return fail("cannot reach Xen: " + cannot_open());
    }
    state.control = TRY(Control::open(state.log.logger()));
    return context;
}

libxl_ctx* Context::get() const {
    return state_->ctx;
}

const Control& Context::control() const {
    return *state_->control;
}

const std::vector<std::string>& Context::messages() const {
    return state_->log.messages();
}

void Context::clear() {
    state_->log.clear();
}

tl::unexpected<Error> Context::error(std::string_view what, int code) const {
    std::string text(what);
    const auto& said = state_->log.messages();
    constexpr std::size_t enough = 4; // the cause comes first, its consequences follow
    for (std::size_t i = 0; i < said.size() && i < enough; ++i) text.append(i == 0 ? ": " : "; ").append(said[i]);
    if (said.empty()) {
        text.append(": libxl says '")
            .append(text_of(libxl_error_to_string(static_cast<libxl_error>(code))))
            .append("' and gives no reason (see /var/log/xen)");
    }
    return fail(std::move(text), code);
}

Status Context::attach(sd_event* loop, std::function<void(const DomainEvent&)> happened) {
    State& state = *state_;
    state.happened = std::move(happened);
    if (const int rc = sd_event_add_defer(
            loop, &state.deliver,
            [](sd_event_source*, void* data) {
                static_cast<State*>(data)->drain();
                return 0;
            },
            &state);
        rc < 0) {
        return fail_errno("event loop", -rc);
    }
    sd_event_source_set_enabled(state.deliver, SD_EVENT_OFF);

    // This ctx runs no operation that forks; the mode keeps libxl's hands off SIGCHLD, which the loop owns.
    static const libxl_childproc_hooks children = {libxl_sigchld_owner_mainloop, nullptr, nullptr};
    libxl_childproc_setmode(state.ctx, &children, nullptr);
    state.hooks.event_occurs_mask = LIBXL_EVENTMASK_ALL;
    state.hooks.event_occurs = [](void* user, libxl_event* event) { static_cast<State*>(user)->occurred(event); };
    state.hooks.disaster = [](void*, libxl_event_type, const char* message, int error) {
        log::error("libxl can no longer report events: " + text_of(message) + " (errno " + std::to_string(error) +
                   "); restart bulkheadd");
    };
    libxl_event_register_callbacks(state.ctx, &state.hooks, &state);
    state.os = std::make_unique<OsEvent>(state.ctx, loop);
    state.os->bind();
    return {};
}

Status Context::watch_domain(unsigned domain) {
    State& state = *state_;
    if (state.deaths.contains(domain)) return {};
    clear();
    libxl_evgen_domain_death* death = nullptr;
    const int rc = libxl_evenable_domain_death(state.ctx, domain, 0, &death);
    if (rc != 0) return error("cannot watch domain " + std::to_string(domain), rc);
    state.deaths.emplace(domain, death);
    state.look_at(domain);
    return {};
}

void Context::unwatch_domain(unsigned domain) {
    State& state = *state_;
    const auto death = state.deaths.find(domain);
    if (death != state.deaths.end()) {
        libxl_evdisable_domain_death(state.ctx, death->second);
        state.deaths.erase(death);
    }
    std::erase_if(state.queue, [domain](const DomainEvent& event) { return event.domain == domain; });
}

void forget_inherited(const Context& parent) {
    libxl_postfork_child_noexec(parent.get());
}

} // namespace bulkhead::xen
