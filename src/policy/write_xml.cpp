#include "policy/write_xml.hpp"

#include <string_view>

namespace bulkhead::policy {
namespace {

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '&') {
            safe += "&amp;";
        } else if (c == '<') {
            safe += "&lt;";
        } else if (c == '>') {
            safe += "&gt;";
        } else if (c == '"') {
            safe += "&quot;";
        } else if (static_cast<unsigned char>(c) < ' ') {
            safe += "&#" + std::to_string(static_cast<int>(c)) + ";"; // a reader would make something else of "\r"
        } else {
            safe += c;
        }
    }
    return safe;
}

class Writer {
public:
    void open(std::string_view name, std::string_view attribute = {}, std::string_view value = {}) {
        start(name, attribute, value);
        text_ += ">\n";
        ++depth_;
    }
    void close(std::string_view name) {
        --depth_;
        indent();
        text_.append("</").append(name).append(">\n");
    }
    void element(std::string_view name, std::string_view content, std::string_view attribute = {},
                 std::string_view value = {}) {
        start(name, attribute, value);
        text_.append(">").append(escaped(content)).append("</").append(name).append(">\n");
    }
    void optional(std::string_view name, const std::optional<std::string>& content) {
        if (content) element(name, *content);
    }
    // The schema wants one Type at least; an empty one means none.
    void types(std::string_view name, const std::vector<Text>& types) {
        open(name);
        for (const Text& type : types) element("Type", type.text);
        if (types.empty()) element("Type", "");
        close(name);
    }
    std::string take() { return std::move(text_); }

private:
    void indent() { text_.append(depth_ * 2, ' '); }
    void start(std::string_view name, std::string_view attribute, std::string_view value) {
        indent();
        text_.append("<").append(name);
        if (!attribute.empty()) text_.append(" ").append(attribute).append("=\"").append(escaped(value)).append("\"");
    }

    std::string text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    std::size_t depth_ = 0;
};

void write_header(Writer& out, const Header& header) {
    out.open("PolicyHeader");
    out.element("PolicyName", header.name.text);
    out.optional("PolicyUrl", header.url);
    out.optional("Reference", header.reference);
    out.optional("Date", header.date);
    out.optional("NameSpaceUrl", header.name_space_url);
    out.element("Version", header.version.text);
    if (header.from) {
        out.open("FromPolicy");
        out.element("PolicyName", header.from->name.text);
        out.element("Version", header.from->version.text);
        out.close("FromPolicy");
    }
    out.close("PolicyHeader");
}

void open_component(Writer& out, std::string_view name, bool primary) {
    if (primary) {
        out.open(name, "priority", "PrimaryPolicyComponent");
    } else {
        out.open(name);
    }
}

void write_wall(Writer& out, const Document& document) {
    open_component(out, "ChineseWall", document.primary == Primary::chinese_wall);
    out.types("ChineseWallTypes", document.chinese_wall);
    if (!document.conflicts.empty()) {
        out.open("ConflictSets");
        for (const Conflict& conflict : document.conflicts) {
            out.open("Conflict", "name", conflict.name.text);
            for (const Text& type : conflict.types) out.element("Type", type.text);
            out.close("Conflict");
        }
        out.close("ConflictSets");
    }
    out.close("ChineseWall");
}

void write_label(Writer& out, const Label& label, bool is_vm) {
    const std::string_view kind = is_vm ? "VirtualMachineLabel" : "ResourceLabel";
    out.open(kind);
    if (label.from) {
        out.element("Name", label.name.text, "from", label.from->text);
    } else {
        out.element("Name", label.name.text);
    }
    out.types("SimpleTypeEnforcementTypes", label.ste);
    if (is_vm) out.types("ChineseWallTypes", label.chinese_wall);
    out.close(kind);
}

} // namespace

std::string write_xml(const Document& document) {
    Writer out;
    out.open("SecurityPolicyDefinition", "xmlns", "http://www.ibm.com");
    write_header(out, document.header);
    if (document.has_ste) {
        open_component(out, "SimpleTypeEnforcement", document.primary == Primary::ste);
        out.types("SimpleTypeEnforcementTypes", document.ste);
        out.close("SimpleTypeEnforcement");
    }
    if (document.has_chinese_wall) write_wall(out, document);
    out.open("SecurityLabelTemplate");
    if (!document.vm_labels.empty()) {
        out.open("SubjectLabels", "bootstrap", document.bootstrap.text);
        for (const Label& label : document.vm_labels) write_label(out, label, true);
        out.close("SubjectLabels");
    }
    if (!document.resource_labels.empty()) {
        out.open("ObjectLabels");
        for (const Label& label : document.resource_labels) write_label(out, label, false);
        out.close("ObjectLabels");
    }
    out.close("SecurityLabelTemplate");
    out.close("SecurityPolicyDefinition");
    return out.take();
}

} // namespace bulkhead::policy
