// The parts of judge() about dom0 itself; the others are in check.cpp. Pure.
#pragma once

#include "host/check.hpp"

#include <vector>

namespace bulkhead::host {

void judge_store(const Facts& facts, const VifNeeds& needs, std::vector<Finding>& out); // xenstored, xenconsoled
void judge_starting(const Facts& facts, std::vector<Finding>& out);                     // bulkheadd, xendomains
void judge_hotplug(const Facts& facts, std::vector<Finding>& out);
void judge_bridge(const Facts& facts, std::vector<Finding>& out);
void judge_modules(const Facts& facts, std::vector<Finding>& out);
void judge_devices(const Facts& facts, std::vector<Finding>& out); // hidden ones, and NICs for a driver domain
void judge_space(const Facts& facts, std::vector<Finding>& out);

} // namespace bulkhead::host
