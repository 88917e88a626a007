#include "policy/elements.hpp"

#include "base/text.hpp"

#include <array>

namespace bulkhead::policy {
namespace {

using Element = Builder::Element;

struct Place {
    Element parent;
    std::string_view name;
    Element element;
};

// Which element a name is depends on where it stands. The frequent ones first.
constexpr auto places = std::to_array<Place>({
    {Element::vm_ste, "Type", Element::vm_ste_type},
    {Element::vm_wall, "Type", Element::vm_wall_type},
    {Element::vm_label, "Name", Element::vm_name},
    {Element::vm_label, "SimpleTypeEnforcementTypes", Element::vm_ste},
    {Element::vm_label, "ChineseWallTypes", Element::vm_wall},
    {Element::subjects, "VirtualMachineLabel", Element::vm_label},
    {Element::resource_ste, "Type", Element::resource_ste_type},
    {Element::resource_label, "Name", Element::resource_name},
    {Element::resource_label, "SimpleTypeEnforcementTypes", Element::resource_ste},
    {Element::objects, "ResourceLabel", Element::resource_label},
    {Element::ste_types, "Type", Element::ste_type},
    {Element::wall_types, "Type", Element::wall_type},
    {Element::conflict, "Type", Element::conflict_type},
    {Element::conflicts, "Conflict", Element::conflict},
    {Element::document, "SecurityPolicyDefinition", Element::root},
    {Element::root, "PolicyHeader", Element::header},
    {Element::root, "SimpleTypeEnforcement", Element::ste},
    {Element::root, "ChineseWall", Element::wall},
    {Element::root, "SecurityLabelTemplate", Element::labels},
    {Element::header, "PolicyName", Element::policy_name},
    {Element::header, "PolicyUrl", Element::url},
    {Element::header, "Reference", Element::reference},
    {Element::header, "Date", Element::date},
    {Element::header, "NameSpaceUrl", Element::name_space_url},
    {Element::header, "Version", Element::version},
    {Element::header, "FromPolicy", Element::from_policy},
    {Element::from_policy, "PolicyName", Element::from_name},
    {Element::from_policy, "Version", Element::from_version},
    {Element::ste, "SimpleTypeEnforcementTypes", Element::ste_types},
    {Element::wall, "ChineseWallTypes", Element::wall_types},
    {Element::wall, "ConflictSets", Element::conflicts},
    {Element::labels, "SubjectLabels", Element::subjects},
    {Element::labels, "ObjectLabels", Element::objects},
});

Element find(Element parent, std::string_view name) {
    for (const Place& place : places) {
        if (place.parent == parent && place.name == name) return place.element;
    }
    return Element::unknown;
}

} // namespace

template <typename T>
T* Builder::add(std::vector<T>& list, std::size_t most, const char* what) {
    if (list.size() < most) return &list.emplace_back();
    if (!full_) problems_.error(line_, std::string("more than ") + std::to_string(most) + " " + what);
    full_ = true;
    return nullptr;
}

void Builder::add_type(std::vector<Text>& types, Text type) {
    // An empty <Type/> means no type; Xen's DEFAULT policy writes it.
    if (type.text.empty()) return;
    if (Text* added = add(types, types_max, "types in one place")) *added = std::move(type);
}

void Builder::set_primary(Primary primary) {
    if (attributes_.priority.empty()) return;
    if (document_.primary != Primary::none)
        problems_.error(line_, "both components are the PrimaryPolicyComponent; only one can be");
    document_.primary = primary;
}

void Builder::attribute(std::string_view name, std::string_view value) {
    std::string* const target = name == "name"        ? &attributes_.name
                                : name == "from"      ? &attributes_.from
                                : name == "bootstrap" ? &attributes_.bootstrap
                                : name == "priority"  ? &attributes_.priority
                                                      : nullptr;
    if (target == nullptr) return;
    *target = trim(value.substr(0, text_max + 1)); // one byte too many is refused as too long later
    attributes_.has_from = attributes_.has_from || name == "from";
}

bool Builder::start(std::string_view name, unsigned line) {
    const Element element = find(open_.back(), name);
    open_.push_back(element);
    line_ = line;
    text_.clear();
    switch (element) {
    case Element::ste:
        document_.has_ste = true;
        set_primary(Primary::ste);
        break;
    case Element::wall:
        document_.has_chinese_wall = true;
        set_primary(Primary::chinese_wall);
        break;
    case Element::from_policy:
        document_.header.from.emplace();
        break;
    case Element::subjects:
        document_.bootstrap = {attributes_.bootstrap, line};
        break;
    case Element::conflict:
        if (Conflict* added = add(document_.conflicts, rules_max, "conflict sets"))
            added->name = {attributes_.name, line};
        break;
    case Element::vm_label:
        if (Label* added = add(document_.vm_labels, labels_max, "VM labels")) added->name.line = line;
        break;
    case Element::resource_label:
        if (Label* added = add(document_.resource_labels, labels_max, "resource labels")) added->name.line = line;
        break;
    case Element::vm_name:
    case Element::resource_name: {
        Label& label = (element == Element::vm_name ? document_.vm_labels : document_.resource_labels).back();
        if (attributes_.has_from) label.from = Text{attributes_.from, line};
        break;
    }
    default:
        break;
    }
    attributes_ = {};
    return element != Element::unknown;
}

void Builder::text(std::string_view part) {
    // White space before the first word does not count, so that a hostile file cannot hide its text behind much of it.
    if (text_.empty()) part = part.substr(std::min(part.size(), part.find_first_not_of(" \t\r\n")));
    if (text_.size() + part.size() <= text_max) {
        text_ += part;
    } else if (text_.size() <= text_max && !trim(part).empty()) {
        problems_.error(line_, "a text is longer than " + std::to_string(text_max) + " bytes");
        text_.resize(text_max + 1);
    }
}

void Builder::end() {
    const Element element = open_.back();
    open_.pop_back();
    Text value = {std::string(trim(text_)), line_};
    text_.clear();
    Header& header = document_.header;
    switch (element) {
    case Element::policy_name:
        header.name = std::move(value);
        break;
    case Element::version:
        header.version = std::move(value);
        break;
    case Element::url:
        header.url = std::move(value.text);
        break;
    case Element::reference:
        header.reference = std::move(value.text);
        break;
    case Element::date:
        header.date = std::move(value.text);
        break;
    case Element::name_space_url:
        header.name_space_url = std::move(value.text);
        break;
    case Element::from_name:
        header.from->name = std::move(value);
        break;
    case Element::from_version:
        header.from->version = std::move(value);
        break;
    case Element::ste_type:
        add_type(document_.ste, std::move(value));
        break;
    case Element::wall_type:
        add_type(document_.chinese_wall, std::move(value));
        break;
    case Element::conflict_type:
        add_type(document_.conflicts.back().types, std::move(value));
        break;
    case Element::vm_name:
        document_.vm_labels.back().name = std::move(value);
        break;
    case Element::vm_ste_type:
        add_type(document_.vm_labels.back().ste, std::move(value));
        break;
    case Element::vm_wall_type:
        add_type(document_.vm_labels.back().chinese_wall, std::move(value));
        break;
    case Element::resource_name:
        document_.resource_labels.back().name = std::move(value);
        break;
    case Element::resource_ste_type:
        add_type(document_.resource_labels.back().ste, std::move(value));
        break;
    default:
        break;
    }
}

} // namespace bulkhead::policy
