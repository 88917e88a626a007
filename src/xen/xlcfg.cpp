#include "xen/xlcfg.hpp"

#include "xen/report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace bulkhead::xen {
namespace {

struct Assignment {
    std::string key;
    unsigned line;
    std::vector<unsigned> item_lines; // of a list's direct items
    bool appends;
};

bool starts_key(char c) {
    return c >= 'a' && c <= 'z';
}

bool in_key(char c) {
    return starts_key(c) || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

// libxlutil can neither list its keys nor tell their lines, so they are found here. The text is known to be well
// formed.
class Scan {
public:
    explicit Scan(std::string_view text) : text_(text) {}

    std::vector<Assignment> run() {
        std::vector<Assignment> found;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (starts_key(c)) {
                const std::size_t start = at_;
                while (at_ < text_.size() && in_key(text_[at_])) ++at_;
                Assignment assignment{std::string(text_.substr(start, at_ - start)), line_, {}, false};
                value(assignment);
                found.push_back(std::move(assignment));
            } else if (c == '#') {
                comment();
            } else {
                step();
            }
        }
        return found;
    }

private:
    void step() {
        if (text_[at_] == '\n') ++line_;
        ++at_;
    }
    void comment() {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    }
    void quoted() {
        const char mark = text_[at_++];
        while (at_ < text_.size() && text_[at_] != mark) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            step();
        }
        if (at_ < text_.size()) ++at_;
    }
    // From behind the key to the end of the statement.
    void value(Assignment& assignment) {
        unsigned depth = 0;
        bool item_begins = false;
        for (; at_ < text_.size();) {
            const char c = text_[at_];
            if (c == '#') {
                comment();
                continue;
            }
            if (depth == 0 && (c == '\n' || c == ';')) return;
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                step();
                continue;
            }
            if (depth == 0 && c == '+') assignment.appends = true;
            if (item_begins && depth == 1 && c != ',' && c != ']') {
                assignment.item_lines.push_back(line_);
                item_begins = false;
            }
            if (c == '"' || c == '\'') {
                quoted();
                continue;
            }
            if (c == '[') {
                ++depth;
                item_begins = depth == 1;
            }
            if (c == ',' && depth == 1) item_begins = true;
            if (c == ']' && depth > 0) --depth;
            ++at_;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    unsigned line_ = 1;
};

ConfigValue plain(const XLU_Config* config, XLU_ConfigValue* value, unsigned line);

ConfigValue plain_list(const XLU_Config* config, const XLU_ConfigList* list, unsigned line,
                       const std::vector<unsigned>& item_lines) {
    ConfigValue value;
    value.is_list = true;
    value.line = line;
    for (int i = 0;; ++i) {
        XLU_ConfigValue* item = xlu_cfg_get_listitem2(list, i);
        if (item == nullptr) return value;
        const auto index = static_cast<std::size_t>(i);
        value.items.push_back(plain(config, item, index < item_lines.size() ? item_lines[index] : line));
    }
}

ConfigValue plain(const XLU_Config* config, XLU_ConfigValue* value, unsigned line) { // NOLINT(misc-no-recursion)
    if (xlu_cfg_value_type(value) == XLU_LIST) {
        XLU_ConfigList* list = nullptr;
        if (xlu_cfg_value_get_list(config, value, &list, 1) == 0) return plain_list(config, list, line, {});
    }
    ConfigValue result;
    result.line = line;
    char* text = nullptr;
    if (xlu_cfg_value_get_string(config, value, &text, 1) == 0) result.text = text; // still owned by libxlutil
    return result;
}

// The last plain assignment of a key tells its line; the items of later += follow those before.
std::vector<Assignment> merge(std::vector<Assignment> all) {
    std::vector<Assignment> merged;
    for (Assignment& one : all) {
        const auto known = std::find_if(merged.begin(), merged.end(), [&](const auto& m) { return m.key == one.key; });
        if (known == merged.end()) {
            merged.push_back(std::move(one));
        } else if (one.appends) {
            known->item_lines.insert(known->item_lines.end(), one.item_lines.begin(), one.item_lines.end());
        } else {
            merged.erase(known);
            merged.push_back(std::move(one));
        }
    }
    return merged;
}

} // namespace

const ConfigValue* ConfigTree::find(std::string_view key) const {
    const auto found = std::find_if(entries.begin(), entries.end(), [key](const auto& e) { return e.key == key; });
    return found == entries.end() ? nullptr : &found->value;
}

Result<ConfigTree> read_config(std::string_view text, const std::string& source) {
    if (text.size() > config_size_max) {
        return fail(source + ": larger than " + std::to_string(config_size_max / 1024) +
                    " KiB; this is not a domain configuration");
    }
    const std::size_t nul = text.find('\0');
    if (nul != std::string_view::npos) {
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
        return fail(source + ":" + std::to_string(line) + ": a NUL byte; a configuration is a text file");
    }
    Report report(source);
    // A last line without its newline is fine for libxlutil, but not a comment that ends the text.
    const std::string whole = std::string(text) + "\n";
    if (const int error = xlu_cfg_readdata(report.config(), whole.data(), static_cast<int>(whole.size())); error != 0) {
        std::string said = report.said();
        if (said.empty()) return fail_errno(source, error);
        return fail(std::move(said));
    }
    ConfigTree tree{source, {}};
    for (Assignment& assignment : merge(Scan(whole).run())) {
        XLU_ConfigList* list = nullptr;
        const char* string = nullptr;
        ConfigValue value;
        if (xlu_cfg_get_list(report.config(), assignment.key.c_str(), &list, nullptr, 1) == 0) {
            value = plain_list(report.config(), list, assignment.line, assignment.item_lines);
        } else if (xlu_cfg_get_string(report.config(), assignment.key.c_str(), &string, 1) == 0) {
            value.text = string;
            value.line = assignment.line;
        } else {
            continue;
        }
        tree.entries.push_back({std::move(assignment.key), std::move(value)});
    }
    return tree;
}

std::optional<long> number_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    char* end = nullptr;
    errno = 0;
    const long number = std::strtol(text.c_str(), &end, 0);
    if (errno != 0 || *end != '\0') return std::nullopt;
    return number;
}

} // namespace bulkhead::xen
