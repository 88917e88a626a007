// Where the Xen 3 users' manual keeps policies and configurations (10.3.1).
#pragma once

#include "base/result.hpp"
#include "policy/policy.hpp"

#include <string>

namespace bulkhead::cli {

inline constexpr const char* policies_folder = "/etc/xen/acm-security/policies/";

// The absolute path of a policy's file: example.test is example/test-security_policy.xml here, else in the folder of
// policies. Refuses names that no policy can have; where there is none, the error is xm's.
Result<std::string> find_policy_file(const std::string& name);
// The policy in it.
Result<policy::PolicyPtr> read_policy_file(const std::string& name);

// A configuration's path as xm looked for it: here, then in /etc/xen. The name itself if it is in neither.
std::string find_config_file(const std::string& name);

} // namespace bulkhead::cli
