#include "measure/secure_boot.hpp"

#include "measure/efi_signature.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace bulkhead::measure {
namespace {

bool is_any(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

const std::string& guid_of(std::string_view name) {
    if (is_any(name, {"db", "dbx", "dbt", "dbr"})) return efi::image_security_database;
    if (name == "Shim" || name.starts_with("Mok") || name.starts_with("Sbat")) return efi::shim_lock;
    return efi::global_variable;
}

// "MokListRT" to "MokList": shim measures under the name that it knows itself.
std::string without_rt(std::string name) {
    if (name.ends_with("RT")) name.erase(name.size() - 2);
    return name;
}

class Prediction {
public:
    Prediction(const SecureBoot& state, const std::vector<Bank>& banks) : state_(state), banks_(banks) {
        list_.banks = banks;
        list_.covers = state.pcrs;
    }

    Result<EventList> run() {
        TRY(require_known());
        if (wanted(7)) TRY(firmware());
        if (state_.shim) TRY(shim());
        return std::move(list_);
    }

private:
    [[nodiscard]] bool wanted(std::uint32_t pcr) const { return state_.pcrs.contains(pcr); }
    [[nodiscard]] const std::optional<std::string>& value(const std::string& name) const {
        static const std::optional<std::string> none;
        const auto found = state_.variables.find(name);
        return found == state_.variables.end() ? none : found->second;
    }

    Status require_known() const {
        std::vector<std::string> missing;
        const auto need = [&](const std::string& name) {
            if (!state_.variables.contains(name)) missing.push_back(name);
        };
        if (wanted(7)) std::for_each(state_.measured.begin(), state_.measured.end(), need);
        for (const char* name : shim_variables) {
            if (!state_.shim || (!wanted(14) && is_any(name, {"MokListRT", "MokListXRT"}))) continue;
            need(name);
        }
        if (!missing.empty())
            return fail("the variables " + join(missing, ", ") +
                        " are not known: give their files, or null for those "
                        "that are not set");
        if (state_.shim && wanted(14) && !value("MokListRT") && state_.shim->vendor_certificate.empty())
            return fail("without MokListRT shim measures a list of its own certificate alone: name it in "
                        "'vendor_certificate'");
        return {};
    }

    void event(std::uint32_t pcr, std::uint32_t type, std::string_view hashed, std::string data, std::string source) {
        Event made;
        made.pcr = pcr;
        made.type = type;
        made.digests = hash(banks_, hashed);
        made.data = std::move(data);
        made.source = std::move(source);
        list_.events.push_back(std::move(made));
    }
    void variable(std::uint32_t type, const std::string& name, std::string_view data) {
        const std::string bytes = efi::variable_data(guid_of(name), name, data);
        event(7, type, bytes, bytes, "variable " + name);
    }

    Status firmware() {
        for (const std::string& name : state_.measured)
            variable(event_type::efi_variable_driver_config, name, value(name).value_or(""));
        const std::string zeros(4, '\0');
        event(7, event_type::separator, zeros, zeros, {});
        return authorities(state_.authorities);
    }

    // The first image that a signature allows measures it, as it stands in its list: owner and certificate.
    Status authorities(const std::vector<Authority>& all) {
        if (!all.empty() && value("SecureBoot") != std::string(1, '\1'))
            return fail("an authority is measured only while Secure Boot is on, and the variable SecureBoot is not 1");
        std::vector<std::string> done;
        for (const Authority& authority : all) {
            const std::string name = without_rt(authority.variable);
            std::string data = authority.certificate;
            if (name != "Shim") {
                const auto lists = TRY(context(efi::parse_signature_lists(value(authority.variable).value_or("")),
                                               "the variable " + printable(authority.variable, 60)));
                const auto found = std::find_if(lists.begin(), lists.end(), [&](const efi::Signature& each) {
                    return each.type == efi::certificate_x509 && each.data == authority.certificate;
                });
                if (found == lists.end())
                    return fail("the variable " + printable(authority.variable, 60) +
                                " does not hold the certificate of an authority");
                data = found->owner + found->data;
            }
            if (std::find(done.begin(), done.end(), name + data) != done.end()) continue;
            done.push_back(name + data);
            variable(event_type::efi_variable_authority, name, data);
        }
        return {};
    }

    void mok(const std::string& name, std::string_view data) {
        event(14, event_type::ipl, data, name + std::string(1, '\0'), "variable " + name);
    }

    Status shim() {
        const std::string hash_of_nothing(32, '\0');
        if (wanted(14)) {
            const auto& list = value("MokListRT");
            mok("MokList",
                list ? *list
                     : efi::signature_list({efi::certificate_x509, efi::shim_lock, state_.shim->vendor_certificate}));
            const auto& denied = value("MokListXRT");
            mok("MokListX",
                denied ? *denied : efi::signature_list({efi::certificate_sha256, efi::shim_lock, hash_of_nothing}));
        }
        for (const char* name : {"MokSBStateRT", "SbatLevelRT", "MokListTrustedRT"}) {
            const auto& data = value(name);
            if (!data) continue;
            if (wanted(7)) variable(event_type::efi_variable_authority, without_rt(name), *data);
            if (wanted(14) && !std::string_view(name).starts_with("Sbat")) mok(without_rt(name), *data);
        }
        if (wanted(7)) TRY(authorities(state_.shim->authorities));
        return {};
    }

    const SecureBoot& state_;
    const std::vector<Bank>& banks_;
    EventList list_;
};

} // namespace

std::string efivarfs_name(const std::string& variable) {
    return variable + "-" + efi::guid_text(guid_of(variable));
}

Result<EventList> predict_secure_boot(const SecureBoot& state, const std::vector<Bank>& banks) {
    return Prediction(state, banks).run();
}

} // namespace bulkhead::measure
