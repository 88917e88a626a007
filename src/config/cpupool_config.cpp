#include "config/cpupool_config.hpp"

#include "base/text.hpp"
#include "config/reader.hpp"

#include <algorithm>
#include <cerrno>

namespace bulkhead::config {
namespace {

// "1", ["1", "3-4"] or, with a prefix, nodes=["0"]: joined to one text, which is checked where the host is known.
Result<std::string> processors(const Reader& reader, const xen::ConfigTree& tree, std::string_view key,
                               const std::string& prefix) {
    const xen::ConfigValue* const value = tree.find(key);
    if (value == nullptr) return std::string();
    if (!value->is_list && prefix.empty()) return value->text;
    if (!value->is_list) return reader.error(key, "must be a list such as [\"0\", \"1\"]");
    std::vector<std::string> parts;
    for (const xen::ConfigValue* const item : TRY(reader.texts(key))) {
        if (!parse_unsigned(item->text, UINT32_MAX)) // xl takes single numbers in lists, too
            return reader.error(key, item->line, "'" + printable(item->text, 64) + "' is no number");
        parts.push_back(prefix + item->text);
    }
    return join(parts, ",");
}

} // namespace

Status check_pool_name(std::string_view name) {
    constexpr std::size_t longest = 63;
    const bool printable_only =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c != '\x7f' && c != '/'; });
    if (name.empty() || name.size() > longest || !printable_only || parse_unsigned(name)) {
        return fail("'" + printable(name, 64) + "' cannot be a CPU pool's name: 1 to " + std::to_string(longest) +
                        " printable characters, no '/', not only digits",
                    EINVAL);
    }
    return {};
}

Result<CpuPoolConfig> parse_cpupool(std::string_view text, const std::string& source, bool source_is_file) {
    const xen::ConfigTree tree = TRY(xen::read_config(text, source));
    const Reader reader(tree);
    for (const xen::ConfigEntry& entry : tree.entries) {
        const auto known = {"name", "sched", "cpus", "nodes"};
        if (std::find(known.begin(), known.end(), entry.key) == known.end())
            return reader.error(entry.key, entry.value.line, "a CPU pool has name, sched, cpus and nodes only");
    }
    CpuPoolConfig config;
    config.name = TRY(reader.text("name")).value_or("");
    if (config.name.empty() && source_is_file) config.name = source.substr(source.rfind('/') + 1);
    if (config.name.empty()) return fail("the CPU pool has no name; add name=\"...\"", EINVAL);
    TRY(check_pool_name(config.name));
    config.scheduler = TRY(reader.text("sched")).value_or("");
    config.cpus = TRY(processors(reader, tree, "nodes", "node:"));
    config.what_is_free = !config.cpus.empty();
    if (config.cpus.empty()) config.cpus = TRY(processors(reader, tree, "cpus", "")); // nodes= goes first, as in xl
    return config;
}

} // namespace bulkhead::config
