// xend's file of resource labels, /var/lib/xend/security/policies/resource_labels: one assignment of Python,
//
//     resources = {
//         'file:/home/xen/a.img': ('ACM', 'mytest', 'A-Bank'),
//     }
//
// which xend executed; here it is read as data. Xen 3.1 wrote ('mytest', 'A-Bank'). Pure.
#pragma once

#include "policy/problems.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::policy {

constexpr std::size_t label_file_max = std::size_t{16} << 20; // bytes
constexpr std::size_t label_file_entries_max = 65'536;

struct LabelFileEntry {
    std::string resource; // as it was written: phy:NAME, file:PATH, tap:KIND:PATH, vlan:N
    std::string type;     // ACM, or INV_ACM: a policy change made the label invalid
    std::string policy, label;
    unsigned line = 0;
    bool operator==(const LabelFileEntry&) const = default;
};

// In the file's order. Refuses two entries for one resource, other types, and names that no policy or label can have;
// what is returned is only good if there are no errors.
std::vector<LabelFileEntry> read_label_file(std::string_view text, Problems& problems);

} // namespace bulkhead::policy
