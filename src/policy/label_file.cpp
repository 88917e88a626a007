#include "policy/label_file.hpp"

#include "base/text.hpp"
#include "policy/literal_scanner.hpp"
#include "policy/names.hpp"

#include <set>

namespace bulkhead::policy {
namespace {

constexpr std::size_t path_max = 4096; // bytes of a resource's name

Result<std::vector<Text>> tuple(LiteralScanner& scan) {
    TRY(scan.expect('('));
    std::vector<Text> parts;
    TRY(scan.sequence(')', 3, [&]() -> Status {
        parts.push_back(TRY(scan.string(text_max)));
        return {};
    }));
    return parts;
}

// __INACCESSIBLE__ has '*' for its policy: it holds under all of them.
Status check_names(const LabelFileEntry& entry) {
    if (entry.label == inaccessible) return {};
    TRY(check_policy_name(entry.policy));
    return check_label_name(entry.label);
}

Result<LabelFileEntry> entry(LiteralScanner& scan) {
    LabelFileEntry made;
    const Text resource = TRY(scan.string(path_max));
    made.resource = resource.text;
    made.line = resource.line;
    TRY(scan.expect(':'));
    std::vector<Text> parts = TRY(tuple(scan));
    if (parts.size() < 2) return fail("a label is ('ACM', POLICY, LABEL), or (POLICY, LABEL)");
    made.type = parts.size() == 3 ? parts[0].text : "ACM";
    made.policy = std::move(parts[parts.size() - 2].text);
    made.label = std::move(parts.back().text);
    if (made.type != "ACM" && made.type != "INV_ACM")
        return fail("the type '" + printable(made.type, 64) + "' is neither ACM nor INV_ACM");
    TRY(check_names(made));
    return made;
}

Result<std::vector<LabelFileEntry>> entries(LiteralScanner& scan) {
    std::vector<LabelFileEntry> all;
    if (!scan.take_word("resources"))
        return fail("it does not begin with 'resources = {'; is it xend's file of resource labels?");
    TRY(scan.expect('='));
    TRY(scan.expect('{'));
    std::set<std::string> seen;
    TRY(scan.sequence('}', label_file_entries_max, [&]() -> Status {
        LabelFileEntry made = TRY(entry(scan));
        if (!seen.insert(made.resource).second)
            return fail("resource '" + printable(made.resource, 256) + "' is there twice");
        all.push_back(std::move(made));
        return {};
    }));
    if (!scan.at_end()) return fail("something follows the labels");
    return all;
}

} // namespace

std::vector<LabelFileEntry> read_label_file(std::string_view text, Problems& problems) {
    if (text.size() > label_file_max) {
        problems.error(0, "larger than " + std::to_string(label_file_max) + " bytes");
        return {};
    }
    LiteralScanner scan(text);
    Result<std::vector<LabelFileEntry>> all = entries(scan);
    if (all) return std::move(*all);
    problems.error(scan.line(), all.error().message);
    return {};
}

} // namespace bulkhead::policy
