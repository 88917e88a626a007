// Workloads in TOML: what is accepted and translates without errors must be a policy.
#include "policy/policy.hpp"
#include "policy/workloads_toml.hpp"
#include "policy/write_xml.hpp"

#include <cstdint>
#include <cstdlib>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    policy::Problems problems;
    const policy::NamedWorkloads read = policy::read_toml({reinterpret_cast<const char*>(data), size}, problems);
    if (!problems.none()) return 0;
    const policy::Document document = policy::translate(read.workloads, read.name, "today", problems);
    if (problems.none() && !policy::load(policy::write_xml(document)).policy) std::abort();
    return 0;
}
