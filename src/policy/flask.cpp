#include "policy/flask.hpp"

#include "base/text.hpp"
#include "policy/flask_names.hpp"

#include <algorithm>

namespace bulkhead::policy {
namespace {

class Compiler {
public:
    Compiler(const PolicyPtr& policy, LabelId domain0)
        : policy_(*policy), domain0_(domain0), wall_(policy), usable_(types_of_resources()) {
        wall_.enter(domain0);
    }

    FlaskModule compile() {
        head();
        for (TypeId type = 0; type < policy_.document().ste.size(); ++type) ste_type(policy_.ste_type(type));
        for (const FlaskBoolean& boolean : flask_booleans(policy_, wall_))
            line("gen_bool(" + boolean.name + ", " + (boolean.value ? "true" : "false") + ")");
        privileged();
        for (LabelId label = 0; label < policy_.vm_labels().size(); ++label) vm_label(label);
        if (!policy_.find_vm_label(unlabeled)) nobody();
        resources();
        module_.warnings = warnings_.warnings();
        return std::move(module_);
    }

private:
    void line(const std::string& text) { module_.text += text + "\n"; }

    template <typename Name>
    std::vector<std::string> names(const TypeSet& types, Name name) const {
        std::vector<std::string> list;
        for (const TypeId type : types.types()) list.push_back(name(policy_.ste_type(type)));
        return list;
    }

    [[nodiscard]] TypeSet types_of_resources() const {
        std::vector<TypeId> types;
        const auto add = [&types](const TypeSet& more) {
            types.insert(types.end(), more.types().begin(), more.types().end());
        };
        for (const Policy::LabelTypes& label : policy_.resource_labels()) add(label.ste);
        if (policy_.unlabeled_resource() != nullptr) add(policy_.unlabeled_resource()->ste);
        return TypeSet(std::move(types));
    }

    void head() {
        line("# Policy " + policy_.name() + " " + policy_.version().text() + ", Domain-0 is " +
             policy_.vm_labels()[domain0_].name + ". Made by `bulkhead policy compile`; not to be edited.");
    }

    void ste_type(const std::string& type) {
        const std::string domains = flask_attribute(type), channels = flask_channel_attribute(type);
        line("\n# STE type " + type);
        line("attribute " + domains + ";\nattribute " + channels + ";");
        line("allow " + channels + " " + domains + ":event bind;");
        line("allow " + domains + " " + domains + ":grant { map_read map_write copy unmap };");
        line("allow " + domains + " " + domains + ":argo { send register_single_source };");
    }

    // Domain-0 has the types of its label; nobody else creates domains.
    void privileged() {
        line("\n# Domain-0");
        carry("dom0_t", policy_.vm_labels()[domain0_].ste);
        line("neverallow { domain_type -dom0_t } domain_type:domain { create transition };");
    }

    // A domain type and its event channels get the label's types.
    void carry(const std::string& type, const TypeSet& ste) {
        if (ste.empty()) return;
        line("typeattribute " + type + " " + join(names(ste, flask_attribute), ", ") + ";");
        line("typeattribute " + type + "_channel " + join(names(ste, flask_channel_attribute), ", ") + ";");
    }

    void declare(const std::string& type, const TypeSet& ste) {
        line("declare_domain(" + type + ")");
        carry(type, ste);
        if (!ste.empty()) line("domain_self_comms(" + type + ")");
        line("manage_domain(dom0_t, " + type + ")");
        // What Domain-0 has mapped it may let go, whatever its label is by then.
        line("allow dom0_t " + type + ":grant unmap;");
    }

    // Refuses a policy in which the type reaches more than its partners, itself and, as a device model, its target.
    void confine(const std::string& type, const TypeSet& ste, const std::string& target) {
        std::string others = "{ domain_type -" + type + "_self";
        const std::string strangers = others + (target.empty() ? "" : " -" + target) + " }";
        for (const std::string& attribute : names(ste, flask_attribute)) others += " -" + attribute;
        const std::string unreachable = others + (target.empty() ? "" : " -" + target) + " }";
        line("neverallow " + type + " " + others + " }:grant { map_read map_write copy transfer };");
        line("neverallow " + type + " " + others + " }:argo { send register_single_source };");
        line("neverallow " + type + "_channel " + unreachable + ":event bind;");
        line("neverallow " + type + " " + strangers + ":mmu { map_read map_write };");
    }

    void vm_label(LabelId id) {
        const Policy::LabelTypes& label = policy_.vm_labels()[id];
        const std::string type = flask_type(label.name), model = flask_model_type(label.name);
        line("\n# VM label " + label.name);
        declare(type, label.ste);
        line("migrate_domain_out(dom0_t, " + type + ")");
        line("delegate_devices(dom0_t, " + type + ")");
        declare(model, label.ste);
        line("make_device_model(dom0_t, " + model + ", " + type + ")");
        if (label.ste.intersects(usable_)) {
            line("allow " + type + " " + type + "_self:mmu exchange;");
            line("allow " + type + " domio_t:mmu { map_read map_write };");
        }
        create(id, type, model);
        confine(type, label.ste, "");
        confine(model, label.ste, type + "_target");
        rename(policy_.document().vm_labels[id], type, model);
    }

    void create(LabelId id, const std::string& type, const std::string& model) {
        if (!policy_.can_authorise(domain0_, id)) {
            line("# Domain-0's label does not authorise it");
            line("neverallow dom0_t { " + type + " " + model + " }:domain create;");
            return;
        }
        std::vector<std::string> open;
        for (const TypeId wall : policy_.vm_labels()[id].wall.types()) {
            if (!policy_.rules_of(wall).empty()) open.push_back("!" + flask_boolean(policy_.wall_type(wall)));
        }
        if (!open.empty()) line("if (" + join(open, " && ") + ") {");
        line("create_domain(dom0_t, " + type + ")");
        line("create_domain(dom0_t, " + model + ")");
        if (!open.empty()) line("}");
    }

    // Domains that live when the policy is loaded have types by their old names.
    void rename(const Label& label, const std::string& type, const std::string& model) {
        if (!label.from || label.from->text == label.name.text) return;
        if (policy_.find_vm_label(label.from->text)) {
            warnings_.warning(label.from->line, "VM label " + label.name.text + " comes from " + label.from->text +
                                                    ", which is another label now: Xen cannot change such types under "
                                                    "running domains, so that it takes this policy only at boot");
            return;
        }
        const std::string old = flask_type(label.from->text), old_model = flask_model_type(label.from->text);
        for (const char* part : {"", "_self", "_channel", "_target"})
            line("typealias " + type + part + " alias " + old + part + ";");
        for (const char* part : {"", "_self", "_channel"})
            line("typealias " + model + part + " alias " + old_model + part + ";");
    }

    // Xen's initial SIDs name these two; without the label __UNLABELED__ nobody creates a domain of theirs.
    void nobody() {
        line("\n# no label __UNLABELED__");
        for (const char* type : {"domU_t", "dm_dom_t"}) {
            declare(type, {});
            confine(type, {}, "");
        }
        line("neverallow dom0_t { domU_t dm_dom_t }:domain create;");
    }

    void use(const TypeSet& ste, const std::string& resource) {
        for (const std::string& attribute : names(ste, flask_attribute))
            line("allow " + attribute + " " + resource + ":resource use_iommu;");
    }

    void resources() {
        if (const Policy::LabelTypes* label = policy_.unlabeled_resource()) {
            line("\n# devices without a label");
            use(label->ste, "{ device_t irq_t ioport_t iomem_t }");
        }
        for (LabelId id = 0; id < policy_.resource_labels().size(); ++id) {
            const Policy::LabelTypes& label = policy_.resource_labels()[id];
            const std::string type = flask_resource_type(label.name);
            line("\n# resource label " + label.name);
            line("type " + type + ", resource_type;");
            line("admin_device(dom0_t, " + type + ")");
            use(label.ste, type);
            const auto& from = policy_.document().resource_labels[id].from;
            if (from && from->text != label.name && !policy_.find_resource_label(from->text))
                line("typealias " + type + " alias " + flask_resource_type(from->text) + ";");
        }
    }

    const Policy& policy_;
    LabelId domain0_;
    Wall wall_;
    TypeSet usable_; // the types of all resource labels
    FlaskModule module_;
    Problems warnings_;
};

} // namespace

FlaskModule compile_flask(const PolicyPtr& policy, LabelId domain0) {
    return Compiler(policy, domain0).compile();
}

std::string flask_modules_conf() {
    return "# For " + std::string(flask_module_name) + ".te: the modules of Xen's FLASK policy that it stands on.\n" +
           "xen = on\ndom0 = on\nguest_features = on\n" + flask_module_name + " = on\nall_system_role = on\n";
}

std::vector<FlaskBoolean> flask_booleans(const Policy& policy, const Wall& wall) {
    std::vector<FlaskBoolean> booleans;
    for (TypeId type = 0; type < policy.wall_types(); ++type) {
        if (!policy.rules_of(type).empty())
            booleans.push_back({flask_boolean(policy.wall_type(type)), wall.excludes(type)});
    }
    return booleans;
}

} // namespace bulkhead::policy
