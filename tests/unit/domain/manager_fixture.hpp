// A Manager on a host without Xen: libxl is replaced, the workers are real processes.
#pragma once

#include "domain/manager.hpp"

#include "support/fake_libxl.hpp"
#include "support/xenstored_process.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unistd.h>

namespace bulkhead::domain {

inline const std::string ndvm_uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d11";
inline const std::string web_uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d22";
inline const std::string other_uuid = "5d0d9b2c-6a1e-4c6e-8f0a-3b2f6f1f6d33";

struct RecordingKeeper final : Keeper {
    std::vector<std::string> calls;
    bool takes = false;
    std::set<std::string> serving; // UUIDs
    std::function<void(const DomainRecord&)> on_resume;

    void lives(const DomainRecord& record, const Policy&) override {
        calls.push_back("lives " + record.name + " " + std::to_string(record.domain));
    }
    bool ended(const DomainRecord& record, const Policy&, const xen::DomainEvent&) override {
        calls.push_back("ended " + record.name);
        return takes;
    }
    void resume(const DomainRecord& record, const Policy&, const std::string& detail) override {
        calls.push_back("resume " + record.name + " " + detail);
        if (on_resume) on_resume(record);
    }
    void gone(const std::string& uuid) override { calls.push_back("gone " + uuid); }
    bool ready(const std::string& uuid) const override { return serving.contains(uuid); }
    void paused(const std::string&, bool) override {}
};

// The answer of an operation.
struct Answer {
    std::optional<Result<std::string>> result;
    std::vector<std::string> progress;

    Reply reply() {
        return {[this](const std::string& text) { progress.push_back(text); },
                [this](Result<std::string> r) {
                    EXPECT_FALSE(result) << "answered twice";
                    result.emplace(std::move(r));
                }};
    }
    [[nodiscard]] std::string error() const { return result && !*result ? result->error().message : "no error"; }
};

struct ManagerTest : testing::Test {
    const std::string folder = testing::TempDir() + "bulkhead-manager." + std::to_string(::getpid());
    const std::string file = folder + "/state.db";
    std::unique_ptr<test::XenstoredProcess> xenstored;
    test::FakeLibxl libxl;
    EventLoop loop = EventLoop::create().value();
    RecordingKeeper keeper;
    std::unique_ptr<Manager> manager;
    Answer answer;

    void SetUp() override {
        std::filesystem::create_directories(folder);
        xenstored = std::make_unique<test::XenstoredProcess>(folder + "/xenstored");
        ::setenv("XENSTORED_PATH", (folder + "/xenstored").c_str(), 1);
    }
    void TearDown() override {
        manager.reset();
        before_.reset();
        xenstored.reset();
        ::unsetenv("XENSTORED_PATH");
        std::filesystem::remove_all(folder);
    }

    // The manager's, or before there is one the file that it will get: only one may have it open.
    Journal& journal() {
        if (manager) return manager->journal();
        if (!before_) before_.emplace(Journal::open(file).value());
        return *before_;
    }

    // One of ours, as a daemon before us wrote it down.
    DomainRecord ours(unsigned domain, const std::string& name, const std::string& uuid, const Policy& policy = {}) {
        DomainRecord record;
        record.uuid = uuid;
        record.name = name;
        record.config = "name=\"" + name + "\"\nkernel=\"/k\"\n";
        record.source = name + ".cfg";
        record.policy = print_policy(policy);
        record.domain = domain;
        EXPECT_TRUE(journal().end_with_domain(0, record, {}));
        return record;
    }
    DomainRecord driver_domain() {
        Policy policy;
        policy.driver_domain = true;
        libxl.add_domain(5, "ndvm", ndvm_uuid);
        return ours(5, "ndvm", ndvm_uuid, policy);
    }
    void open(bool with_keeper = true) {
        Journal mine = std::move(journal());
        before_.reset();
        manager = Manager::open(loop, xen::Context::open().value(), std::move(mine)).value();
        if (with_keeper) manager->keep(keeper);
    }
    void start(bool with_keeper = true) {
        open(with_keeper);
        ASSERT_TRUE(manager->recover());
        idle();
    }

    void until(const std::function<bool()>& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!condition() && std::chrono::steady_clock::now() < end)
            ASSERT_TRUE(loop.run_once(std::chrono::milliseconds(100)));
        ASSERT_TRUE(condition()) << "waited in vain";
    }
    void idle() {
        until([this] { return !manager->busy(); });
        ASSERT_TRUE(loop.run_once(std::chrono::milliseconds(0)));
    }
    void answered() {
        until([this] { return answer.result.has_value(); });
    }

    std::vector<std::string> operations() { // verb and detail
        std::vector<std::string> rows;
        const std::vector<Operation> all = journal().operations().value();
        for (const Operation& operation : all) rows.push_back(operation.verb + " " + operation.detail);
        return rows;
    }

    // What remake() is given: announces, makes the domain (again), and says so.
    Manager::Body makes(unsigned domain, const std::string& detail = "create") {
        return [this, domain, detail](xen::Context&, const WorkerSide& side) -> Result<std::string> {
            TRY(side.intent("destroy"));
            libxl.remove_domain(5);
            TRY(side.intent(detail));
            libxl.add_domain(domain, "ndvm", ndvm_uuid);
            side.progress("made");
            Policy policy;
            policy.driver_domain = true;
            return nlohmann::json{{"id", domain}, {"policy", print_policy(policy)}}.dump();
        };
    }
    // As above, but it cannot be completed, and its maker fails to clean up.
    Manager::Body fails_half_way(const std::function<void()>& how = [] {}) {
        return [this, how](xen::Context&, const WorkerSide& side) -> Result<std::string> {
            TRY(side.intent("destroy"));
            libxl.remove_domain(5);
            TRY(side.intent("create"));
            libxl.add_domain(6, "ndvm", ndvm_uuid);
            how();
            return fail("its NIC is broken", EIO);
        };
    }

private:
    std::optional<Journal> before_;
};

} // namespace bulkhead::domain
