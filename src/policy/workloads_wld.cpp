#include "policy/workloads_wld.hpp"

#include "base/result.hpp"
#include "base/text.hpp"
#include "policy/literal_scanner.hpp"

#include <set>

namespace bulkhead::policy {
namespace {

// Recursion follows the format's own fixed structure, so that no input can nest deeper than it.
class WldReader {
public:
    explicit WldReader(std::string_view text) : scan_(text) {}

    [[nodiscard]] unsigned line() const { return scan_.line(); }

    Result<Workloads> run() {
        Workloads workloads;
        if (!scan_.take_word("ezpolicy"))
            return fail("it does not begin with 'ezpolicy = {'; is it a workload definition?");
        TRY(scan_.expect('='));
        TRY(scan_.expect('{'));
        std::set<std::string> seen;
        TRY(scan_.sequence('}', 2, [&]() -> Status {
            const Text key = TRY(next_name());
            TRY(scan_.expect(':'));
            if (!seen.insert(key.text).second) return fail("the key '" + key.text + "' is there twice");
            if (key.text == "orgs") return organisations(workloads);
            if (key.text == "cons") return exclusions(workloads);
            return fail("unknown key '" + printable(key.text, 64) + "'; only 'orgs' and 'cons' are known");
        }));
        if (seen.size() != 2) return fail("'orgs' or 'cons' is missing");
        if (!scan_.at_end()) return fail("something follows the definition");
        return workloads;
    }

private:
    Status organisations(Workloads& workloads) {
        TRY(scan_.expect('['));
        return scan_.sequence(']', organisations_max, [&]() -> Status {
            Organisation organisation;
            TRY(pair(organisation.name, organisation.departments));
            workloads.organisations.push_back(std::move(organisation));
            return {};
        });
    }

    Status exclusions(Workloads& workloads) {
        TRY(scan_.expect('['));
        return scan_.sequence(']', exclusions_max, [&]() -> Status {
            Exclusion exclusion;
            TRY(pair(exclusion.name, exclusion.types));
            workloads.exclusions.push_back(std::move(exclusion));
            return {};
        });
    }

    // [NAME, [NAME, ...]]
    Status pair(Text& name, std::vector<Text>& list) {
        TRY(scan_.expect('['));
        name = TRY(next_name());
        TRY(scan_.expect(','));
        TRY(scan_.expect('['));
        TRY(scan_.sequence(']', departments_max, [&]() -> Status {
            list.push_back(TRY(next_name()));
            return {};
        }));
        (void)scan_.take(','); // Python allows one before the bracket
        return scan_.expect(']');
    }

    Result<Text> next_name() {
        Text name = TRY(scan_.string(text_max));
        name.text = trim(name.text);
        return name;
    }

    LiteralScanner scan_;
};

} // namespace

Workloads read_wld(std::string_view text, Problems& problems) {
    if (text.size() > wld_max) {
        problems.error(0, "larger than " + std::to_string(wld_max) + " bytes");
        return {};
    }
    WldReader reader(text);
    Result<Workloads> workloads = reader.run();
    if (workloads) return std::move(*workloads);
    problems.error(reader.line(), workloads.error().message);
    return {};
}

} // namespace bulkhead::policy
