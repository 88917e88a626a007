// Builder: puts a policy's elements, as they come from the XML parser, into a Document. Their order and number are the
// schema's business.
#pragma once

#include "policy/document.hpp"
#include "policy/problems.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::policy {

class Builder {
public:
    Builder(Document& document, Problems& problems) : document_(document), problems_(problems) {}

    // The attributes come before the start of their element. `name` is empty for another namespace's element. False: no
    // such element belongs there; it and all in it are passed over.
    void attribute(std::string_view name, std::string_view value);
    bool start(std::string_view name, unsigned line);
    void text(std::string_view part);
    void end();

    enum class Element {
        unknown,
        document, // what contains the root element
        root,
        header,
        policy_name,
        url,
        reference,
        date,
        name_space_url,
        version,
        from_policy,
        from_name,
        from_version,
        ste,
        ste_types,
        ste_type,
        wall,
        wall_types,
        wall_type,
        conflicts,
        conflict,
        conflict_type,
        labels,
        subjects,
        vm_label,
        vm_name,
        vm_ste,
        vm_ste_type,
        vm_wall,
        vm_wall_type,
        objects,
        resource_label,
        resource_name,
        resource_ste,
        resource_ste_type,
    };

private:
    struct Attributes {
        std::string name, from, bootstrap, priority;
        bool has_from = false;
    };

    // Adds one to `list` unless it is full.
    template <typename T>
    T* add(std::vector<T>& list, std::size_t most, const char* what);
    void add_type(std::vector<Text>& types, Text type);
    void set_primary(Primary primary);

    Document& document_;
    Problems& problems_;
    std::vector<Element> open_ = {Element::document};
    unsigned line_ = 0; // of the innermost element's start
    std::string text_;  // of the innermost element
    Attributes attributes_;
    bool full_ = false;
};

} // namespace bulkhead::policy
