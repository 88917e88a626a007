// Policies: what is accepted must survive being written and read again, decide without faults, and follow itself.
#include "policy/difference.hpp"
#include "policy/host.hpp"
#include "policy/matrix.hpp"
#include "policy/policy.hpp"
#include "policy/write_xml.hpp"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 65536) return 0;
    const policy::Loaded loaded = policy::load({reinterpret_cast<const char*>(data), size});
    if ((loaded.policy == nullptr) == loaded.errors.empty()) std::abort();
    if (!loaded.policy) return 0;
    const policy::Loaded again = policy::load(policy::write_xml(loaded.policy->document()));
    if (!again.policy || again.policy->document() != loaded.policy->document()) std::abort();
    if (loaded.policy->vm_labels().size() > 100) return 0;
    std::string matrix, same;
    policy::matrix_json(*loaded.policy, [&matrix](std::string_view text) { matrix += text; });
    policy::matrix_json(*again.policy, [&same](std::string_view text) { same += text; });
    if (matrix != same || !nlohmann::json::accept(matrix)) std::abort();
    (void)policy::compare(loaded.policy, again.policy);
    policy::Host host(loaded.policy);
    for (policy::LabelId label = 0; label < loaded.policy->vm_labels().size(); ++label) {
        if (host.may_start(label).allowed != host.start(std::to_string(label), "guest", label).has_value())
            std::abort();
        if (!loaded.policy->can_coexist(label, label)) std::abort();
    }
    return 0;
}
