// The agent as a program, a fake xenstored, a network namespace, and the test in the parts of toolstack and netback.
#pragma once

#include "agent/backend_path.hpp"
#include "base/process.hpp"
#include "net/netlink.hpp"
#include "support/fake_xenstored.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <unistd.h>

namespace bulkhead::agent {

using namespace std::chrono_literals;

class AgentFixture : public testing::Test {
protected:
    static constexpr unsigned domain = 5;
    const std::string home = "/local/domain/5/";

    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / ("bulkhead-agent-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder / "sys");
        server.add_domain(domain);
        server.add_domain(1);
        server.listen(folder / "xenstored", domain);
        ::setenv("XENSTORED_PATH", (folder / "xenstored").c_str(), 1);
    }
    void TearDown() override {
        agent.reset();
        const auto links = netlink.links();
        for (const net::Link& link : *links) {
            if (!link.loopback) (void)netlink.remove(link.index);
        }
        std::filesystem::remove_all(folder);
    }

    void start(const std::string& cmdline = "bulkhead.nic=none") {
        std::ofstream(folder / "cmdline") << cmdline;
        auto child = spawn({AGENT_PROGRAM, "--cmdline", folder / "cmdline", "--sysfs", folder / "sys",
                            "--link-deadline", std::to_string(link_deadline.count())},
                           {});
        ASSERT_TRUE(child) << child.error().message;
        agent.emplace(std::move(*child));
    }
    void start_ready(const std::string& cmdline = "bulkhead.nic=none") {
        start(cmdline);
        ASSERT_TRUE(published("state", "ready"));
    }
    void kill_agent() {
        agent->kill(SIGKILL);
        (void)agent->wait();
        agent.reset();
    }

    // The part of libxl: all nodes of a new vif (libxl_nic.c, libxl_device.c).
    void attach(VifId id, const std::map<std::string, std::string>& more = {}) {
        const std::string path = home + id.path();
        std::map<std::string, std::string> nodes{{"frontend", id.frontend_path()},
                                                 {"frontend-id", std::to_string(id.frontend)},
                                                 {"online", "1"},
                                                 {"script", "/etc/xen/scripts/vif-bridge"},
                                                 {"mac", "00:16:3e:00:00:01"},
                                                 {"bridge", "xenbr0"},
                                                 {"handle", std::to_string(id.device)},
                                                 {"hotplug-status", ""},
                                                 {"state", "1"}};
        for (const auto& [name, value] : more) nodes[name] = value;
        // In one transaction there; here the directory exists from the first node on, with `state` as the last.
        server.write(path, "");
        server.set_permissions(path, {{domain, false, false}, {id.frontend, true, false}});
        for (const auto& [name, value] : nodes) server.write(path + "/" + name, value);
    }
    // The part of netback: state 2, then the link.
    void probe(VifId id) {
        set(id, "state", "2");
        ASSERT_TRUE(netlink.create(id.link_name(id.device), "veth"));
    }
    void set(VifId id, const std::string& name, const std::string& value) {
        server.write(home + id.path() + "/" + name, value);
    }
    std::string get(VifId id, const std::string& name) {
        return server.read(home + id.path() + "/" + name).value_or("(none)");
    }
    bool becomes(VifId id, const std::string& name, const std::optional<std::string>& value) {
        return server.wait_for(home + id.path() + "/" + name, value);
    }
    bool published(const std::string& name, const std::optional<std::string>& value) {
        return server.wait_for(home + "data/bulkhead/" + name, value);
    }
    std::string read(const std::string& path) { return server.read(home + path).value_or("(none)"); }

    net::Link link(const std::string& name) {
        auto found = netlink.link(name);
        return found && *found ? **found : net::Link{};
    }
    bool in_service(const std::string& name, const std::string& bridge = "xenbr0") {
        const net::Link vif = link(name);
        return vif.index != 0 && vif.up && vif.master == link(bridge).index && vif.mac == net::vif_mac;
    }
    // Long enough for the agent to have done something wrong.
    void let_it_work() {
        const std::string beat = read("data/bulkhead/heartbeat");
        ASSERT_TRUE(server.wait_until([&] { return read("data/bulkhead/heartbeat") != beat; }));
    }

    std::filesystem::path folder;
    std::chrono::milliseconds link_deadline{10'000};
    test::FakeXenstored server;
    net::Netlink netlink = std::move(*net::Netlink::open());
    std::optional<Child> agent;
};

} // namespace bulkhead::agent
