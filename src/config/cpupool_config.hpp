// xlcpupool.cfg(5): the file of `cpupool-create`. Pure.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace bulkhead::config {

struct CpuPoolConfig {
    std::string name;
    std::string scheduler;     // "": Xen's own
    std::string cpus;          // for parse_cpu_set(); "": none yet
    bool what_is_free = false; // `cpus` came from nodes=: those of them that are in no pool
};

// A name of 1 to 63 printable bytes that is no number, which would be taken for an id.
Status check_pool_name(std::string_view name);

// name= may be missing: then it is the last part of `source`, if that is a file's path, not empty. Errors name file,
// line and key; a key that is none of name, sched, cpus and nodes is one.
Result<CpuPoolConfig> parse_cpupool(std::string_view text, const std::string& source, bool source_is_file);

} // namespace bulkhead::config
