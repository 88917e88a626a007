#include "policy/workloads_toml.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "policy/names.hpp"

#include <algorithm>
#include <stdexcept>

namespace {

[[noreturn]] void refuse_toml() {
    throw std::logic_error("an unexpected character or an unfinished line");
}

} // namespace

// toml++ 3.3 asserts what a hostile file can violate ("[%]"), and without assertions lets the compiler assume it. Here
// both are errors of the file.
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : refuse_toml())
#include <toml++/toml.h>

namespace bulkhead::policy {
namespace {

class TomlReader {
public:
    explicit TomlReader(Problems& problems) : problems_(problems) {}

    NamedWorkloads run(const toml::table& root) {
        NamedWorkloads policy;
        check_keys(root, {"name", "unlabeled", "organisation", "exclusion"});
        policy.name = text(root, "name").text;
        bool with_unlabeled = true;
        if (const toml::node* node = root.get("unlabeled")) {
            if (const auto value = node->value_exact<bool>()) {
                with_unlabeled = *value;
            } else {
                error(*node, "unlabeled: must be true or false");
            }
        }
        if (with_unlabeled) policy.workloads.organisations.push_back({{std::string(unlabeled), 0}, {}});
        for (const toml::table* table : tables(root, "organisation", organisations_max)) {
            check_keys(*table, {"name", "departments"});
            policy.workloads.organisations.push_back(
                {required(*table, "name"), texts(*table, "departments", departments_max)});
        }
        for (const toml::table* table : tables(root, "exclusion", exclusions_max)) {
            check_keys(*table, {"name", "types"});
            if (table->get("types") == nullptr) error(*table, "exclusion: types is missing");
            Text name = text(*table, "name");
            if (name.line == 0) name.line = line(*table);
            policy.workloads.exclusions.push_back({std::move(name), texts(*table, "types", departments_max)});
        }
        return policy;
    }

private:
    static unsigned line(const toml::node& node) { return node.source().begin.line; }
    void error(const toml::node& node, std::string what) { problems_.error(line(node), std::move(what)); }

    void check_keys(const toml::table& table, const std::vector<std::string>& known) {
        for (const auto& [key, node] : table) {
            if (std::find(known.begin(), known.end(), key.str()) == known.end())
                problems_.error(key.source().begin.line,
                                "unknown key '" + printable(key.str(), 64) + "'" + did_you_mean(key.str(), known));
        }
    }

    std::vector<const toml::table*> tables(const toml::table& root, const char* key, std::size_t most) {
        std::vector<const toml::table*> found;
        const toml::node* const node = root.get(key);
        if (node == nullptr) return found;
        const toml::array* const array = node->as_array();
        if (array == nullptr) {
            error(*node, std::string(key) + ": write [[" + key + "]]");
            return found;
        }
        for (const toml::node& element : *array) {
            if (found.size() == most) {
                error(element, std::string(key) + ": more than " + std::to_string(most));
                break;
            }
            if (const toml::table* table = element.as_table()) {
                found.push_back(table);
            } else {
                error(element, std::string(key) + ": write [[" + key + "]]");
            }
        }
        return found;
    }

    Text text_of(const toml::node& node, const char* key) {
        const auto value = node.value_exact<std::string_view>();
        if (value) return {std::string(trim(*value)), line(node)};
        error(node, std::string(key) + ": must be a text in quotes");
        return {{}, line(node)};
    }
    Text text(const toml::table& table, const char* key) {
        const toml::node* const node = table.get(key);
        return node == nullptr ? Text() : text_of(*node, key);
    }
    Text required(const toml::table& table, const char* key) {
        if (table.get(key) == nullptr) error(table, std::string("organisation: ") + key + " is missing");
        return text(table, key);
    }
    std::vector<Text> texts(const toml::table& table, const char* key, std::size_t most) {
        std::vector<Text> found;
        const toml::node* const node = table.get(key);
        if (node == nullptr) return found;
        const toml::array* const array = node->as_array();
        if (array == nullptr) {
            error(*node, std::string(key) + ": must be a list of texts");
            return found;
        }
        for (const toml::node& element : *array) {
            if (found.size() == most) {
                error(element, std::string(key) + ": more than " + std::to_string(most));
                break;
            }
            found.push_back(text_of(element, key));
        }
        return found;
    }

    Problems& problems_;
};

} // namespace

NamedWorkloads read_toml(std::string_view text, Problems& problems) {
    if (text.size() > toml_max) {
        problems.error(0, "larger than " + std::to_string(toml_max) + " bytes");
        return {};
    }
    // Names are ASCII, and toml++ 3.3's tables of other characters have holes that lead into undefined behaviour.
    const auto foreign = std::find_if(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x7f || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
    });
    if (foreign != text.end()) {
        const auto line = 1 + std::count(text.begin(), foreign, '\n');
        problems.error(static_cast<unsigned>(line), "not ASCII text");
        return {};
    }
    try {
        const toml::table root = toml::parse(text);
        return TomlReader(problems).run(root);
    } catch (const toml::parse_error& error) {
        problems.error(error.source().begin.line, "not TOML: " + printable(error.description()));
    } catch (const std::logic_error& error) {
        problems.error(0, std::string("not TOML: ") + error.what());
    }
    return {};
}

} // namespace bulkhead::policy
