// Manager: the domains of this host. It answers queries at once, runs everything else in workers, writes down what it
// begins, and does what its own domains' files ask for when they shut down. Domains made by xl belong to xl's monitor
// processes: Bulkhead lists and serves them but does not restart them.
#pragma once

#include "base/result.hpp"
#include "domain/create.hpp"
#include "domain/event_loop.hpp"
#include "domain/journal.hpp"
#include "domain/keeper.hpp"
#include "domain/policy.hpp"
#include "domain/save.hpp"
#include "domain/security.hpp"
#include "domain/worker.hpp"
#include "net/table_events.hpp"
#include "xen/context.hpp"
#include "xen/domain.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace bulkhead::domain {

// Where an operation's words go. Both may outlive the person who asked: cancel() ends that.
struct Reply {
    std::function<void(const std::string&)> progress;
    std::function<void(Result<std::string>)> done; // JSON
    std::string who = "bulkheadd";                 // asked, for the policy's log
};

class Manager {
public:
    ~Manager() { keeper_ = nullptr; } // workers that end with us ask nobody
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    // `xen` must be fresh (attach() not yet called).
    static Result<std::unique_ptr<Manager>> open(EventLoop& loop, std::unique_ptr<xen::Context> xen, Journal journal);

    // Asked when a domain of ours ends. Give it before recover(); it must live as long as events are served.
    void keep(Keeper& keeper) { keeper_ = &keeper; }

    // Undoes what a daemon before us left half-done, and looks after the domains that it made.
    Status recover();

    // At once, without a worker.
    Result<std::vector<xen::DomainInfo>> list() { return xen::list_domains(*xen_, &nodes_); }
    Result<xen::DomainInfo> find(std::string_view wanted);
    [[nodiscard]] bool owns(const std::string& uuid) const { return managed_.contains(uuid); }
    [[nodiscard]] std::optional<Policy> policy(const std::string& uuid) const;

    // Each starts a worker; the answer comes through `reply`. The id is for cancel().
    Result<Workers::Id> create(CreateRequest request, const Reply& reply);
    // Only one of ours can be saved: the file holds what it was made from. stop() makes it run on and leaves no file.
    Result<Workers::Id> save(const xen::DomainInfo& domain, const std::string& file, AfterSave after, Reply reply);
    Result<Workers::Id> rename(const xen::DomainInfo& domain, const std::string& name, const Reply& reply);
    using Body = std::function<Result<std::string>(xen::Context&, const WorkerSide&)>;
    Result<Workers::Id> run(const std::string& name, std::chrono::milliseconds deadline, Body body, Reply reply);
    // For what must be undone if the worker dies half-way: the body announces each step by intent(), which is written
    // down; undo() in manager.cpp knows how to take back each verb.
    // `succeeded` comes before the operation is written off.
    Result<Workers::Id> run_on(const std::string& verb, const xen::DomainInfo& domain,
                               std::chrono::milliseconds deadline, Body body, Reply reply,
                               std::function<void()> succeeded = nullptr);
    void cancel(Workers::Id id) { workers_.cancel(id); }
    // For run_on(): what it had begun is undone, and the reply comes.
    void stop(Workers::Id id) { workers_.stop(id); }
    // For good, whatever the domain's policy says: also one of ours that is being brought back or stays down.
    Result<Workers::Id> destroy(const std::string& wanted, const Reply& reply);
    // Told once, when one of ours is gone and does not come back. The number is for untell().
    using Gone = std::function<void()>;
    Result<std::uint64_t> tell_when_gone(const std::string& uuid, Gone told);
    void untell(const std::string& uuid, std::uint64_t number);
    // To be called after an administrator's pause and unpause.
    void was_paused(const std::string& uuid, bool paused);

    [[nodiscard]] bool busy() const { return workers_.running() > 0; }

    // Kept domains (manager_kept.cpp): their files are read once, by keep_domain(), and they can be started whenever.
    Result<Workers::Id> keep_domain(CreateRequest request, bool autostart, const Reply& reply);
    // By name or UUID.
    Result<KeptDomain> find_kept(std::string_view wanted);
    Result<std::vector<KeptDomain>> kept() { return journal_.kept(); }
    // From where it was suspended, or from the beginning.
    Result<Workers::Id> start_kept(std::string_view wanted, bool paused, const Reply& reply);
    // Saves it where start_kept() looks.
    Result<Workers::Id> suspend_kept(std::string_view wanted, Reply reply);
    // It must not run. What it was suspended to goes, too.
    Status drop_kept(std::string_view wanted);
    [[nodiscard]] std::string suspended_image(const std::string& uuid) const;

    // Of one of ours, a kept one, or both: `request` is read and checked at once, and is what it is made from at its
    // next restart or start, under the name that it has then. Not of driver domains.
    Result<Workers::Id> update_config(const std::string& wanted, const CreateRequest& request, const Reply& reply);

    // For the keeper: this driver domain of ours is ready. The vifs that wait for it are attached to their clients,
    // each in a worker of its own; one that fails is tried again later.
    void attach_pending(const std::string& driver_domain_uuid);
    // Every name, id and UUID by which configurations may name our driver domains.
    [[nodiscard]] std::vector<std::string> driver_domains() const;

    // For the keeper. Makes a domain of ours again in a worker, as `record`; the UUID stays. Each intent() of `body`
    // replaces the operation's detail in the journal. `body` answers JSON with "id" and "policy" and leaves no domain
    // behind when it fails; then the domain stays ours, down, and remake() may be called again.
    Result<Workers::Id> remake(const DomainRecord& record, std::chrono::milliseconds deadline, Body body, Reply reply);
    // One of ours by name, id or UUID, running or not; nullptr: no such.
    [[nodiscard]] const DomainRecord* record(std::string_view wanted) const;
    [[nodiscard]] Journal& journal() { return journal_; }

    // The mandatory policy (manager_policy.cpp). Workers ask it by themselves.
    [[nodiscard]] Security& security() { return security_; }
    struct Relabelled {
        Outcome outcome;
        bool dormant = false; // it does not run
    };
    // Domain-0, one that runs, or a kept one. An empty label removes that of one that does not run; `expected`: the
    // label that it has, or empty.
    Result<Relabelled> relabel(const std::string& wanted, const std::string& expected, const std::string& label,
                               const std::string& who);
    // Gives the vifs of all domains that run the types that the policy says now, or without one those of their
    // configurations, and dom0's kernel its rules. Of an error `then` hears when all others are done. One renewal at a
    // time: what comes meanwhile has the next one, which knows the newest policy.
    using Told = std::function<void(const Status&)>;
    void renew_vif_rules(Told then = log_failure);
    struct DomainLabel {
        std::string name, uuid;
        std::optional<xen::LabelSpec> label; // as the active policy calls it, if it does
        bool running = false;
    };
    Result<DomainLabel> domain_label(const std::string& wanted);

private:
    // One of ours.
    struct Managed {
        DomainRecord record;
        Policy policy;
        std::chrono::steady_clock::time_point started;
        unsigned short_lives = 0;   // in a row
        bool acting = false;        // a worker, a timer or the keeper is busy with its end
        bool leaving = false;       // an administrator destroys it
        std::int64_t operation = 0; // of remake(), in the journal
        Workers::Id worker = 0;     // of remake(); until what it left is undone
        std::optional<Reply> remaking;
        std::map<std::uint64_t, Gone> told; // when it is gone
        Source timer;
    };

    Result<Workers::Id> start_worker(Job job, const std::string& who);
    void renew_now();
    static void log_failure(const Status& status);
    // Renews when another program has changed dom0's rules. An error when the kernel does not tell of that.
    Status watch_dom0_fence();
    // Into the configuration that it comes back with.
    void write_label(const std::string& uuid, const std::optional<xen::LabelSpec>& label);
    [[nodiscard]] std::optional<xen::LabelSpec> present_label(const std::string& uuid) const;
    Manager(EventLoop& loop, std::unique_ptr<xen::Context> xen, Journal journal);
    void happened(const xen::DomainEvent& event);
    bool keeper_takes(Managed& managed, const xen::DomainEvent& event);
    void shut_down(const Managed& managed, int reason);
    void remade(const std::string& uuid, DomainRecord record, Result<std::string> result);
    void answer_remake(const std::string& uuid, Result<std::string> result);
    void stay(const std::string& uuid, bool was_acting, const Error& error);
    // `recovered` is given up when the operation is over.
    void resume(const Operation& operation, const std::shared_ptr<void>& recovered);
    void watch_when_resumed(const std::string& uuid);
    void restart(const std::string& uuid, unsigned domain, xen::OnShutdown how);
    void restart_now(const std::string& uuid, unsigned domain, xen::OnShutdown how);
    void restarted(const std::string& uuid, std::int64_t operation, Result<std::string> result);
    void created(std::int64_t operation, const CreateRequest& request, const std::string& json, const Reply& reply);
    void attach_pending(const PendingVif& vif, const DomainRecord& client);
    // What has just been written down as pending may be ready by now.
    void look_at_pending(const std::vector<PendingVif>& pending);
    void look_at_all_pending();
    void forget_image(const std::string& uuid);
    void adopt(DomainRecord record, unsigned domain);
    void forget(const std::string& uuid);
    void undo(const Operation& operation, const std::function<void(bool undone)>& then);
    void end(std::int64_t operation);
    Managed* find_managed(unsigned domain);

    EventLoop& loop_;
    std::unique_ptr<xen::Context> xen_;
    xen::WatchedNodes nodes_; // names, for list()
    Journal journal_;
    Security security_; // uses journal_'s database
    Keeper* keeper_ = nullptr;
    bool recovered_ = false;                               // what a daemon before us left is undone
    std::map<std::string, Managed> managed_;               // by UUID
    std::set<std::pair<std::string, unsigned>> attaching_; // of attach_pending(): client's UUID, devid
    Source pending_retry_;
    bool renewing_ = false; // vifs' rules
    std::uint64_t last_told_ = 0;
    std::vector<Told> renewals_; // wait for the next renewal
    std::optional<net::TableEvents> fence_events_;
    Source fence_watch_;
    Workers workers_; // last: its children are killed first
};

} // namespace bulkhead::domain
