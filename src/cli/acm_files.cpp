#include "cli/acm_files.hpp"

#include "base/file.hpp"
#include "policy/names.hpp"

#include <filesystem>

namespace bulkhead::cli {

Result<std::string> find_policy_file(const std::string& name) {
    TRY(policy::check_policy_name(name));
    const std::string file = policy::policy_file_name(name);
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    if (!error && exists((here / file).string())) return (here / file).string();
    if (!exists(policies_folder + file)) return fail("Could not read policy file: " + (policies_folder + file));
    return policies_folder + file;
}

Result<policy::PolicyPtr> read_policy_file(const std::string& name) {
    const std::string path = TRY(find_policy_file(name));
    const std::string bytes = TRY(read_file(path, policy::file_max));
    return policy::load_or_fail(bytes, path);
}

std::string find_config_file(const std::string& name) {
    if (name.starts_with('/') || exists(name)) return name;
    const std::string other = "/etc/xen/" + name;
    return exists(other) ? other : name;
}

} // namespace bulkhead::cli
