// libxl for tests of what stands above it: a host whose domains and vifs are plain memory, which the test and the
// worker processes that it forks share. It replaces the functions of libxenlight that it names, for the whole test
// program; link fake_libxl.cpp into a program of its own. The domains' names are in the xenstored of $XENSTORED_PATH.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace bulkhead::test {

// One at a time.
class FakeLibxl {
public:
    FakeLibxl();
    ~FakeLibxl();
    FakeLibxl(const FakeLibxl&) = delete;
    FakeLibxl& operator=(const FakeLibxl&) = delete;

    void add_domain(unsigned domain, const std::string& name, const std::string& uuid);
    void remove_domain(unsigned domain);         // without an event
    void shut_down(unsigned domain, int reason); // without an event
    [[nodiscard]] bool has_domain(unsigned domain) const;
    // In the process of the caller: an event for whoever watches the domain. False: nobody does.
    bool die(unsigned domain);
    [[nodiscard]] bool watched(unsigned domain) const;

    void add_nic(unsigned domain, unsigned devid, const std::string& mac);
    [[nodiscard]] std::vector<unsigned> nics(unsigned domain) const; // device numbers
    [[nodiscard]] unsigned nics_ever_added() const;                  // by libxl_device_nic_add()
    // Called in the worker when libxl_device_nic_add() has succeeded.
    std::function<void(unsigned domain, unsigned devid, unsigned backend)> plug;

    // libxl_domain_destroy() fails from now on.
    void refuse_destroy(bool refuse);
};

} // namespace bulkhead::test
