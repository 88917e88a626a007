// What the kernel command line tells the agent. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::agent {

struct Settings {
    enum class Nic {
        any, // ready once the bridge has a network card as its port
        none // ready with an empty bridge; network cards are left alone
    };
    std::string bridge = "xenbr0";       // bulkhead.bridge=NAME
    Nic nic = Nic::any;                  // bulkhead.nic=any|none
    std::chrono::seconds heartbeat{1};   // bulkhead.heartbeat=SECONDS, 1 to 3600
    std::vector<std::string> complaints; // about values that were refused; their defaults hold
    bool debug = false;                  // bulkhead.debug: more on the console
};

// Text of /proc/cmdline: words, of which ours begin with "bulkhead."; the last one of a name wins, "--" ends them.
Settings parse_settings(std::string_view command_line);

} // namespace bulkhead::agent
