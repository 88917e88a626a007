#include "agent/agent.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace bulkhead::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto memory_interval = 5s;
constexpr auto retry_interval = 1s;
constexpr auto uplink_interval = 5s;
constexpr auto card_patience = 10s; // then the console says what is missing; the wait goes on
constexpr const char* backend_watch = "backend";
constexpr const char* pci_frontend = "device/pci"; // libxl gives a domain one PCI bus, 0, for all its cards
constexpr std::size_t vifs_per_round = 16;         // so that a thousand dirty vifs do not hold up the heartbeat

} // namespace

Result<std::unique_ptr<Agent>> Agent::create(Options options) {
    xen::Store store = TRY(xen::Store::open());
    net::Netlink netlink = TRY(net::Netlink::open());
    net::LinkEvents links = TRY(net::LinkEvents::open());
    // Not make_unique: the constructor is private.
    return std::unique_ptr<Agent>(
        new Agent(std::move(options), std::move(store), std::move(netlink), std::move(links)));
}

Agent::Agent(Options options, xen::Store store, net::Netlink netlink, net::LinkEvents links)
    : options_(std::move(options)), store_(std::move(store)), netlink_(std::move(netlink)), links_(std::move(links)),
      sysfs_(options_.sysfs), uplink_(netlink_, sysfs_, options_.settings),
      vifs_(store_, netlink_, loop_, options_.settings.bridge, options_.timing), publisher_(store_) {}

Agent::~Agent() = default;

Status Agent::run() {
    TRY(start());
    while (!stop_) {
        const bool more = work();
        TRY(loop_.run_once(more ? Loop::Clock::duration::zero() : Loop::Clock::duration::max()));
    }
    publish(publisher_.state("stopping"));
    log::info("stopping");
    return {};
}

Status Agent::start() {
    log::info("bulkhead-agent " BULKHEAD_VERSION);
    TRY(watch_signals());
    for (const std::string& complaint : options_.settings.complaints) log::warning(complaint);
    publish(publisher_.start(options_.settings.bridge));
    // Both before the first look at what is there, so that nothing falls between.
    loop_.watch(links_.fd(), POLLIN, [this](short) { take_link_events(); });
    if (auto devices = DeviceEvents::open()) {
        devices_ = std::move(*devices);
        loop_.watch(devices_->fd(), POLLIN, [this](short) { take_device_events(); });
    } else {
        complain(devices.error().message + ": a network card that comes later will not be seen");
    }
    load_modules();
    if (const Status done = connect_store(); !done) failed(done.error());
    update_uplink();
    beat();
    measure();
    if (options_.settings.nic == Settings::Nic::any) loop_.after(card_patience, [this] { explain_missing_card(); });
    return {};
}

Status Agent::watch_signals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : {SIGTERM, SIGINT}) sigaddset(&wanted, signal);
    if (::sigprocmask(SIG_BLOCK, &wanted, nullptr) != 0) return fail_errno("signals");
    signals_ = Fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signals");
    loop_.watch(signals_.get(), POLLIN, [this](short) {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
            stop_ = true;
        }
    });
    return {};
}

void Agent::load_modules() {
    if (options_.modules.empty()) return;
    auto loader = ModuleLoader::open(options_.modules);
    if (!loader) {
        module_failure_ = loader.error().message;
        complain("kernel modules: " + loader.error().message);
        return;
    }
    modules_ = std::move(*loader);
    if (const Status done = modules_->load_all(); !done) {
        module_failure_ = done.error().message;
        complain(done.error().message);
    }
    publish(publisher_.timing("modules"));
    load_drivers();
}

void Agent::load_driver(const std::string& device, const std::string& modalias) {
    if (!modules_ || modalias.empty()) return;
    const auto matched = modules_->load_for(modalias);
    if (matched) return;
    driver_failure_ = "driver for " + device + ": " + matched.error().message;
    complain(driver_failure_);
}

void Agent::load_drivers() {
    for (const Device& device : sysfs_.devices()) {
        if (device.driver.empty()) load_driver(device.name, device.modalias);
    }
}

void Agent::take_link_events() {
    const auto events = links_.take();
    if (!events) {
        complain(events.error().message);
        return;
    }
    for (const net::LinkEvent& event : *events) {
        if (event.what == net::LinkEvent::What::lost) {
            vifs_.all_changed();
        } else {
            vifs_.link_changed(event.link);
        }
    }
    if (!events->empty()) update_uplink();
}

void Agent::take_device_events() {
    const auto batch = devices_->take();
    if (!batch) {
        complain(batch.error().message);
        return;
    }
    for (const DeviceEvent& event : batch->events) {
        if (event.action == "add") load_driver(event.device_path, event.modalias);
    }
    if (batch->lost) load_drivers();
}

void Agent::update_uplink() {
    auto state = uplink_.update();
    failure_.clear();
    if (!state) {
        failure_ = state.error().message;
        // No event tells when the kernel can do it after all.
        if (!uplink_retry_) {
            uplink_retry_ = true;
            loop_.after(uplink_interval, [this] {
                uplink_retry_ = false;
                update_uplink();
            });
        }
    }
    // A card that cannot be looked at now may be on the bridge all the same.
    if (state) vifs_.set_uplink(state->card ? state->card->name : "");
    uplink_state_ = state ? std::move(*state) : Uplink::State{};
    publish_state();
}

void Agent::publish_state() {
    if (uplink_state_.card) publish(publisher_.timing("card"));
    publish(publisher_.card(uplink_state_.card));
    std::string text = "starting";
    if (uplink_state_.ready) driver_failure_.clear(); // whatever it was, there is a card that works
    if (!module_failure_.empty()) {
        text = "failed: " + module_failure_;
    } else if (!failure_.empty()) {
        text = "failed: " + failure_;
    } else if (uplink_state_.ready) {
        text = "ready";
        publish(publisher_.timing("ready"));
    } else if (!driver_failure_.empty()) {
        text = "failed: " + driver_failure_;
    } else if (was_ready_) {
        text = "failed: the network card of bridge " + options_.settings.bridge + " is gone";
    } else if (!pci_failure_.empty()) {
        text = "failed: " + pci_failure_;
    }
    publish(publisher_.state(text));
    if (text != state_) text.starts_with("failed") ? log::error(text) : log::info(text);
    state_ = std::move(text);
    was_ready_ = was_ready_ || uplink_state_.ready;
}

void Agent::explain_missing_card() {
    if (uplink_state_.ready) return;
    std::vector<std::string> seen;
    for (const Device& device : sysfs_.devices()) {
        if (device.network && device.driver.empty()) {
            driver_failure_ = "no driver for the network card " + device.name + " (" + device.modalias +
                              ") in this image: build it with that driver";
        }
        seen.push_back(device.bus + " " + device.name + (device.driver.empty() ? "" : " (" + device.driver + ")"));
    }
    log::warning("still waiting for a network card; devices here: " + (seen.empty() ? "none" : join(seen, ", ")) +
                 "; is it passed through (pci= in the configuration)?");
    publish_state();
}

// A part of what xenstore asks for, bounded so that the heartbeat goes on. True: come again without waiting. False: the
// events are drained and nothing was asked of xenstore since, so that the descriptor tells of the next one.
bool Agent::work() {
    if (!store_ready_ || work_paused_) return false;
    for (std::size_t taken = 0; taken < xen::Store::events_max; ++taken) {
        auto event = store_.next_event();
        if (!event) {
            failed(event.error());
            return false;
        }
        if (!*event) break;
        // The watch fires anew when the domain was restored from a file, which makes it another domain to xenstore.
        if ((*event)->path == backend_watch) publish_if_forgotten();
        if ((*event)->path.starts_with(pci_frontend)) {
            look_at_pci();
        } else {
            vifs_.backend_changed((*event)->path);
        }
    }
    if (!vifs_.has_work()) return false;
    const Status done = vifs_.work(vifs_per_round);
    if (!done) {
        work_paused_ = true; // until the retry
        failed(done.error());
    }
    return done.has_value();
}

// The kernel's pcifront closes its end when it cannot set it up, and does not try again: no card will come.
void Agent::look_at_pci() {
    const auto state = store_.read(std::string(pci_frontend) + "/0/state");
    const bool closed = state && (*state == "5" || *state == "6"); // XenbusStateClosing, XenbusStateClosed
    if (closed != pci_failure_.empty()) return;
    pci_failure_ = closed ? "the PCI frontend has closed; the kernel's message on its console says why" : "";
    publish_state();
}

void Agent::publish_if_forgotten() {
    const auto there = publisher_.is_there();
    if (there && !*there) {
        log::info("this is another domain now: publishing again");
        publish(publisher_.again());
    }
}

void Agent::beat() {
    publish(publisher_.heartbeat());
    loop_.after(options_.settings.heartbeat, [this] { beat(); });
}

void Agent::measure() {
    publish(publisher_.memory());
    loop_.after(memory_interval, [this] { measure(); });
}

Status Agent::connect_store() {
    if (store_.fd() < 0) {
        store_ = TRY(xen::Store::open());
        publish_again_ = true;
    }
    TRY(store_.watch(backend_watch, "vifs")); // fires at once: the first scan
    TRY(store_.watch(rules_root, "fence"));
    TRY(store_.watch(pci_frontend, "pci"));
    store_fd_ = store_.fd();
    loop_.watch(store_fd_, POLLIN, [](short) {}); // work() runs before every wait
    store_ready_ = true;
    log::debug("connected to xenstore");
    return {};
}

// Publishing must not hold up the vifs, nor the other way round.
void Agent::publish(const Status& status) {
    if (status) return;
    publish_again_ = true;
    failed(status.error());
}

// A lost connection is made again; a slow or full xenstore is asked again. Neither in a tight loop.
void Agent::failed(const Error& error) {
    complain(error.message);
    if (store_.fd() < 0 && store_fd_ >= 0) {
        loop_.unwatch(store_fd_); // closed already
        store_fd_ = -1;
        store_ready_ = false;
    }
    if (retry_pending_) return;
    retry_pending_ = true;
    loop_.after(retry_interval, [this] { retry(); });
}

void Agent::retry() {
    retry_pending_ = false;
    work_paused_ = false;
    if (!store_ready_) {
        if (const Status done = connect_store(); !done) return failed(done.error());
        complaint_.clear();
    }
    if (publish_again_) {
        publish_again_ = false;
        publish(publisher_.again());
    }
}

void Agent::complain(const std::string& text) {
    if (text == complaint_) return;
    complaint_ = text;
    log::error(text);
}

} // namespace bulkhead::agent
