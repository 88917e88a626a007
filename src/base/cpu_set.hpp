// Sets of processors as xl(1) writes them: "0-3,6", "all", "node:1", "^2". Pure.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

using CpuSet = std::vector<bool>; // by the processor's number; as long as the host has processors

// "all", "none", or ranges: "0-3,6". As xl's columns.
std::string cpu_set_text(const CpuSet& set);

// A list, with commas, of N, N-M, all, node:N, nodes:N-M, each but "all" with a ^ in front to take it out again, from
// left to right (xl.cfg(5), cpus=). `cpus` is the number of the host's processors, nodes[i] are those of NUMA node i.
// Errors name the part that is wrong and what there is.
Result<CpuSet> parse_cpu_set(std::string_view text, std::size_t cpus, const std::vector<CpuSet>& nodes);

} // namespace bulkhead
