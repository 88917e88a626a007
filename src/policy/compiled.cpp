#include "policy/compiled.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace bulkhead::policy {
namespace {

// Sizes of the structures, in bytes: acm.h. A cell of a matrix is a 16-bit number.
constexpr std::size_t header_size = 60, reference_size = 4, wall_header_size = 36, ste_header_size = 20, cell_size = 2;
constexpr unsigned policy_version = 4, wall_version = 1, ste_version = 1, magic = 0x1debc;

std::size_t padded(std::size_t size) {
    return (size + 7) / 8 * 8;
}

template <typename Name>
std::vector<std::uint32_t> sorted(std::size_t count, const Name& name) {
    std::vector<std::uint32_t> ids(count);
    std::iota(ids.begin(), ids.end(), 0U);
    std::stable_sort(ids.begin(), ids.end(), [&](std::uint32_t a, std::uint32_t b) { return name(a) < name(b); });
    return ids;
}

class Printer {
public:
    explicit Printer(const Sink& out) : out_(out) {}

    void text(const std::string& text) { out_(text); }
    void number(const char* name, std::size_t value) {
        char line[64];
        std::snprintf(line, sizeof line, "%-14s= %zx.\n", name, value);
        out_(line);
    }
    void row(const char* name, std::size_t number) {
        char start[32];
        std::snprintf(start, sizeof start, name, number);
        out_(start);
    }
    void cells(const TypeSet* types, const std::vector<TypeId>& columns) {
        std::string line;
        for (const TypeId type : columns) line += types != nullptr && types->contains(type) ? "01 " : "00 ";
        out_(line);
    }
    void counts(const std::vector<std::size_t>& by_type, const std::vector<TypeId>& columns) {
        char cell[24];
        for (const TypeId type : columns) {
            std::snprintf(cell, sizeof cell, "%02zx ", by_type[type]);
            out_(cell);
        }
        out_("\n");
    }

private:
    const Sink& out_;
};

// What the hypervisor counted for each Chinese Wall type: the domains that have it, and in how many pairs of a domain
// and a rule it is excluded.
struct WallCounts {
    std::vector<std::size_t> running, excluded;

    explicit WallCounts(const Policy& policy) : running(policy.wall_types()), excluded(policy.wall_types()) {}
    void add(const Policy& policy, LabelId label) {
        const TypeSet& types = policy.vm_labels()[label].wall;
        for (const TypeId type : types.types()) ++running[type];
        for (const Policy::Rule& rule : policy.rules()) {
            if (!rule.types.intersects(types)) continue;
            for (const TypeId type : rule.types.types()) {
                if (!types.contains(type)) ++excluded[type];
            }
        }
    }
};

// Where each part stands, from the beginning of its structure.
struct Layout {
    std::size_t wall = 0, ste = 0, length = 0;             // of the whole
    std::size_t conflicts = 0, running = 0, aggregate = 0; // of the wall's structure
};

Layout layout_of(const Policy& policy, const Compiled& compiled) {
    const std::size_t row = cell_size * compiled.wall_columns.size();
    const std::size_t labels = compiled.vm_rows.size() + compiled.resource_rows.size();
    Layout at;
    at.conflicts = wall_header_size + row * compiled.vm_rows.size();
    at.running = at.conflicts + row * compiled.rule_rows.size();
    at.aggregate = at.running + row;
    at.wall = header_size + padded(reference_size + policy.name().size() + 1);
    at.ste = at.wall + padded(at.aggregate + row);
    at.length = at.ste + padded(ste_header_size + cell_size * compiled.ste_columns.size() * labels);
    return at;
}

} // namespace

std::uint32_t Compiled::row_of(LabelId vm_label) const {
    const auto found = std::find(vm_rows.begin(), vm_rows.end(), vm_label);
    return found == vm_rows.end() ? none : static_cast<std::uint32_t>(found - vm_rows.begin());
}

Compiled compile(const Policy& policy) {
    const auto& labels = policy.vm_labels();
    const auto& resources = policy.resource_labels();
    const auto nobody = policy.find_vm_label(unlabeled);
    Compiled compiled;
    compiled.vm_rows = {nobody.value_or(Compiled::none)};
    if (policy.bootstrap() != nobody) compiled.vm_rows.push_back(policy.bootstrap());
    for (const LabelId id : sorted(labels.size(), [&](LabelId i) -> const std::string& { return labels[i].name; })) {
        if (id != policy.bootstrap() && id != nobody) compiled.vm_rows.push_back(id);
    }
    for (const LabelId id :
         sorted(resources.size(), [&](LabelId i) -> const std::string& { return resources[i].name; })) {
        if (resources[id].name != unlabeled) compiled.resource_rows.push_back(id);
    }
    compiled.wall_columns =
        sorted(policy.wall_types(), [&](TypeId i) -> const std::string& { return policy.wall_type(i); });
    compiled.ste_columns =
        sorted(policy.document().ste.size(), [&](TypeId i) -> const std::string& { return policy.ste_type(i); });
    compiled.rule_rows =
        sorted(policy.rules().size(), [&](RuleId i) -> const std::string& { return policy.rules()[i].name; });
    return compiled;
}

void dump_policy(const Policy& policy, LabelId domain0, std::span<const LabelId> running, const Sink& out) {
    const Compiled compiled = compile(policy);
    const Layout layout = layout_of(policy, compiled);
    const auto& labels = policy.vm_labels();
    WallCounts counts(policy);
    counts.add(policy, domain0);
    for (const LabelId label : running) counts.add(policy, label);
    const std::size_t rows = compiled.vm_rows.size();
    const std::size_t domain0_row = compiled.row_of(domain0);

    Printer print(out);
    char line[64];
    print.text("\nPolicy dump:\n============\nPOLICY REFERENCE = " + policy.name() + ".\n");
    std::snprintf(line, sizeof line, "PolicyVer = %x.\nXML Vers. = ", policy_version);
    print.text(line + policy.version().text());
    std::snprintf(line, sizeof line, "\nMagic     = %x.\nLen       = %zx.\n", magic, layout.length);
    print.text(line);
    std::snprintf(line, sizeof line, "Primary   = CHINESE WALL (c=1, off=%zx).\n", layout.wall);
    print.text(line);
    std::snprintf(line, sizeof line, "Secondary = SIMPLE TYPE ENFORCEMENT (c=2, off=%zx).\n", layout.ste);
    print.text(line);

    print.text("\n\nChinese Wall policy:\n====================\n");
    print.number("Policy version", wall_version);
    print.number("Max Types", compiled.wall_columns.size());
    print.number("Max Ssidrefs", rows);
    print.number("Max ConfSets", compiled.rule_rows.size());
    print.number("Ssidrefs Off", wall_header_size);
    print.number("Conflicts Off", layout.conflicts);
    print.number("Runing T. Off", layout.running);
    print.number("C. Agg. Off", layout.aggregate);
    print.text("\nSSID To CHWALL-Type matrix:\n");
    const auto vm_row = [&](std::size_t row) {
        return compiled.vm_rows[row] == Compiled::none ? nullptr : &labels[compiled.vm_rows[row]];
    };
    for (std::size_t i = 0; i < rows; ++i) {
        print.row("\n   ssidref%2zx:  ", i);
        print.cells(vm_row(i) == nullptr ? nullptr : &vm_row(i)->wall, compiled.wall_columns);
        if (i == domain0_row) print.text(" <-- Domain-0");
    }
    print.text("\n\nConfict Sets:\n");
    for (std::size_t i = 0; i < compiled.rule_rows.size(); ++i) {
        print.row("\n   c-set%2zx:    ", i);
        print.cells(&policy.rules()[compiled.rule_rows[i]].types, compiled.wall_columns);
    }
    print.text("\n\nRunning\nTypes:         ");
    print.counts(counts.running, compiled.wall_columns);
    print.text("\nConflict\nAggregate Set: ");
    print.counts(counts.excluded, compiled.wall_columns);

    print.text("\n\nSimple Type Enforcement policy:\n===============================\n");
    print.number("Policy version", ste_version);
    print.number("Max Types", compiled.ste_columns.size());
    print.number("Max Ssidrefs", rows + compiled.resource_rows.size());
    print.number("Ssidrefs Off", ste_header_size);
    print.text("\nSSID To STE-Type matrix:\n");
    for (std::size_t i = 0; i < rows; ++i) {
        print.row("\n   ssidref%2zx: ", i);
        print.cells(vm_row(i) == nullptr ? nullptr : &vm_row(i)->ste, compiled.ste_columns);
        if (i == domain0_row) print.text(" <-- Domain-0");
    }
    for (std::size_t i = 0; i < compiled.resource_rows.size(); ++i) {
        print.row("\n   ssidref%2zx: ", rows + i);
        print.cells(&policy.resource_labels()[compiled.resource_rows[i]].ste, compiled.ste_columns);
    }
    print.text("\n\n");
}

} // namespace bulkhead::policy
