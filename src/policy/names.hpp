// What policies, labels and types may be called, and what versions look like. Pure.
//
// A name ends up in file names, in 'policy=P,label=L' of domain configurations, in ACM:POLICY:LABEL and in xenstore, so
// it is printable ASCII without space and without the marks that have a meaning there.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::policy {

constexpr std::size_t policy_name_max = 79; // bytes: Xen's buffer for the boot policy's name was 80 with its NUL
constexpr std::size_t name_max = 255;       // bytes of a label's or type's name; our own choice

constexpr std::string_view unlabeled = "__UNLABELED__";            // type and label of what has no label
constexpr std::string_view system_management = "SystemManagement"; // Domain-0's type and label by convention
constexpr std::string_view inaccessible = "__INACCESSIBLE__";      // on a resource: nobody may use it
constexpr std::string_view default_policy = "DEFAULT";             // what is in force before any other policy

// Letters, digits, '_', '-' and '.' between parts that are not empty: dots become slashes of the file's name. Refuses
// NULL, INACTIVE, INACCESSIBLE, ACM, FLASK and INV_...; DEFAULT is allowed here.
Status check_policy_name(std::string_view name);
// Refuses also __NULL_LABEL__, __INACCESSIBLE__, "unlabeled" and INV_....
Status check_label_name(std::string_view name);
Status check_type_name(std::string_view name);

struct Version {
    std::uint32_t major = 0, minor = 0;
    auto operator<=>(const Version&) const = default;
    [[nodiscard]] std::string text() const { return std::to_string(major) + "." + std::to_string(minor); }
};

// MAJOR.MINOR of one to eight digits each. No leading zeros, so that one version has one spelling.
Result<Version> parse_version(std::string_view text);

// "example.test" gives "example/test-security_policy.xml", below the folder of policies.
std::string policy_file_name(std::string_view policy_name);

} // namespace bulkhead::policy
