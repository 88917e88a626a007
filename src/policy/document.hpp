// A policy file as it is written: names as text, each with its line, in the file's order. Nothing here is checked; see
// check.hpp. The elements are those of the Xen 3.x schema (security_policy.xsd, namespace http://www.ibm.com).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::policy {

// Bounds on a file. Xen's own tools had none; these are far above any real policy.
constexpr std::size_t file_max = std::size_t{32} << 20; // bytes
constexpr std::size_t elements_max = 2'000'000;
constexpr std::size_t depth_max = 8;      // the schema's deepest element is a label's Type, the sixth
constexpr std::size_t types_max = 65'536; // of each component
constexpr std::size_t labels_max = 65'536;
constexpr std::size_t rules_max = 65'536;
constexpr std::size_t text_max = 1024; // bytes of one element's text or attribute

// Text, trimmed. Two are equal when their texts are; the line is where it stands.
struct Text {
    std::string text;
    unsigned line = 0;
    bool operator==(const Text& other) const { return text == other.text; }
};

struct FromPolicy {
    Text name, version;
    bool operator==(const FromPolicy&) const = default;
};

struct Header {
    Text name, version;
    std::optional<std::string> url, reference, date, name_space_url;
    std::optional<FromPolicy> from; // the policy that this one updates
    bool operator==(const Header&) const = default;
};

// A run-time exclusion rule: at most one of its types runs at a time. Its name is for people; two may have the same.
struct Conflict {
    Text name;
    std::vector<Text> types;
    bool operator==(const Conflict&) const = default;
};

struct Label {
    Text name;
    std::optional<Text> from; // its name in the policy that this one updates
    std::vector<Text> ste;
    std::vector<Text> chinese_wall; // empty for resources
    bool operator==(const Label&) const = default;
};

enum class Primary { none, ste, chinese_wall };

struct Document {
    Header header;
    Primary primary = Primary::none; // which component is asked first; Bulkhead asks both, so it changes nothing
    bool has_ste = false, has_chinese_wall = false;
    std::vector<Text> ste, chinese_wall; // the declared types
    std::vector<Conflict> conflicts;
    Text bootstrap; // Domain-0's label at boot
    std::vector<Label> vm_labels, resource_labels;
    bool operator==(const Document&) const = default;
};

} // namespace bulkhead::policy
