#include "policy/matrix.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace bulkhead::policy {
namespace {

struct Relation {
    const char* name;
    const char* meaning;
    bool (Policy::*holds)(LabelId, LabelId) const;
};
constexpr std::array relations = {
    Relation{"share", "may communicate with", &Policy::can_share},
    Relation{"coexist", "may run beside", &Policy::can_coexist},
    Relation{"authorise", "as Domain-0's lets run", &Policy::can_authorise},
};

std::vector<std::string> related(const Policy& policy, const Relation& relation, LabelId label) {
    std::vector<std::string> names;
    for (LabelId other = 0; other < policy.vm_labels().size(); ++other) {
        if ((policy.*relation.holds)(label, other)) names.push_back(policy.vm_labels()[other].name);
    }
    return names;
}

} // namespace

// Names need no escapes: they are ASCII without quotes and backslashes (names.hpp).
void matrix_json(const Policy& policy, const Sink& out) {
    const std::size_t labels = policy.vm_labels().size();
    for (const Relation& relation : relations) {
        out(std::string(&relation == relations.data() ? "{\n  \"" : ",\n  \"") + relation.name + "\": {");
        for (LabelId label = 0; label < labels; ++label) {
            const auto names = related(policy, relation, label);
            out(std::string(label == 0 ? "" : ",") + "\n    \"" + policy.vm_labels()[label].name + "\": [" +
                (names.empty() ? "" : "\"" + join(names, "\", \"") + "\"") + "]");
        }
        out("\n  }");
    }
    out("\n}\n");
}

void matrix_text(const Policy& policy, const Sink& out) {
    std::size_t width = 0;
    for (const Policy::LabelTypes& label : policy.vm_labels()) width = std::max(width, label.name.size());
    out(policy.name() + " " + policy.version().text() + ": Domain-0 boots as " +
        policy.vm_labels()[policy.bootstrap()].name + "\n");
    for (const Relation& relation : relations) {
        out(std::string("\n") + relation.name + ": a label " + relation.meaning + "\n");
        for (LabelId label = 0; label < policy.vm_labels().size(); ++label) {
            const std::string& name = policy.vm_labels()[label].name;
            const auto names = related(policy, relation, label);
            const bool all = names.size() == policy.vm_labels().size();
            out("  " + name + std::string(width - name.size(), ' ') + "  " +
                (all             ? "all"
                 : names.empty() ? "none"
                                 : join(names, ", ")) +
                "\n");
        }
    }
}

} // namespace bulkhead::policy
