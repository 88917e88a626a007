#include "measure/predict.hpp"

#include "measure/authenticode.hpp"
#include "measure/description_reader.hpp"
#include "measure/gzio.hpp"
#include "measure/mle.hpp"
#include "measure/pcr_steps.hpp"
#include "measure/secure_boot.hpp"
#include "measure/txt_launch.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace bulkhead::measure {
namespace {

using nlohmann::json;
using Reader = DescriptionReader;

constexpr std::size_t image_limit = 512 << 20;   // bytes of one file that is held in memory
constexpr std::size_t variable_limit = 1 << 20;  // bytes of a UEFI variable; firmware keeps some dozens of KiB
constexpr std::size_t unpacked_limit = 1U << 30; // bytes of a gunzipped module

void append(EventList& list, EventList more) {
    list.dynamic_launch = list.dynamic_launch || more.dynamic_launch;
    list.covers.merge(more.covers);
    std::move(more.events.begin(), more.events.end(), std::back_inserter(list.events));
}

class Description {
public:
    Description(const json& root, BootFiles& files) : root_(root), files_(files) {}

    Result<EventList> predict() {
        const Reader reader(root_, "the description");
        TRY(reader.only({"banks", "firmware", "grub", "secure_boot", "tboot", "initramfs"}));
        std::vector<std::string> names = TRY(reader.texts("banks"));
        if (names.empty()) names = {"sha256"};
        for (const std::string& name : names) {
            const auto bank = parse_bank(name);
            if (!bank) return fail("'banks': '" + printable(name, 40) + "' is no bank");
            banks_.push_back(*bank);
        }
        EventList list;
        list.banks = banks_;
        if (reader.has("firmware")) append(list, TRY(firmware(Reader(root_.at("firmware"), "'firmware'"))));
        if (reader.has("secure_boot")) append(list, TRY(secure_boot(Reader(root_.at("secure_boot"), "'secure_boot'"))));
        if (reader.has("grub")) append(list, TRY(grub_boot(Reader(root_.at("grub"), "'grub'"))));
        if (reader.has("tboot")) append(list, TRY(tboot(Reader(root_.at("tboot"), "'tboot'"))));
        if (reader.has("initramfs")) append(list, TRY(initramfs(root_.at("initramfs"))));
        if (list.covers.empty())
            return fail(
                "the description has none of firmware, secure_boot, grub, tboot, initramfs: nothing to predict");
        return list;
    }

private:
    // PCR 4: TCG PC Client Platform Firmware Profile 1.05, 3.3.4.5 and 8.2.4.
    Result<EventList> firmware(const Reader& reader) {
        TRY(reader.only({"images", "failed_boot_options"}));
        EventList list;
        list.covers = {4};
        const auto event = [&](std::uint32_t type, const std::string& data, Digests digests, std::string source) {
            Event made;
            made.pcr = 4;
            made.type = type;
            made.data = data;
            made.digests = std::move(digests);
            made.source = std::move(source);
            list.events.push_back(std::move(made));
        };
        const auto action = [&](const std::string& text) {
            event(event_type::efi_action, text, hash(banks_, text), {});
        };
        action("Calling EFI Application from Boot Option");
        const std::string zeros(4, '\0');
        event(event_type::separator, zeros, hash(banks_, zeros), {});
        if (!reader.has("failed_boot_options") || !reader.at("failed_boot_options").is_number_unsigned() ||
            reader.at("failed_boot_options").get<std::uint64_t>() > 64)
            return fail("'firmware': 'failed_boot_options' is missing or no number up to 64: how many boot options the "
                        "firmware tries before the one that starts");
        for (std::uint64_t i = 0; i < reader.at("failed_boot_options").get<std::uint64_t>(); ++i) {
            action("Returning from EFI Application from Boot Option");
            action("Calling EFI Application from Boot Option");
        }
        for (const std::string& name : TRY(reader.texts("images"))) {
            const std::string image = TRY(files_.read(name, image_limit));
            event(event_type::efi_boot_services_application, {}, TRY(context(authenticode(banks_, image), name)), name);
        }
        return list;
    }

    // Contents of UEFI variables: files as in efivarfs (four bytes of attributes first) in a folder, and raw ones.
    Result<EventList> secure_boot(const Reader& reader) {
        TRY(reader.only({"folder", "files", "measured", "authorities", "shim", "pcrs"}));
        SecureBoot state;
        if (reader.has("measured")) state.measured = TRY(reader.texts("measured"));
        state.authorities = TRY(authorities(reader));
        if (reader.has("shim")) {
            const Reader shim(reader.at("shim"), "'shim' of 'secure_boot'");
            TRY(shim.only({"vendor_certificate", "authorities"}));
            ShimVariables variables;
            const std::string certificate = TRY(shim.text("vendor_certificate", ""));
            if (!certificate.empty()) variables.vendor_certificate = TRY(files_.read(certificate, variable_limit));
            variables.authorities = TRY(authorities(shim));
            state.shim = std::move(variables);
            state.pcrs = {7, 14};
        }
        if (reader.has("pcrs")) {
            if (!reader.at("pcrs").is_array() || reader.at("pcrs").empty())
                return fail("'secure_boot': 'pcrs' is [7], [14] or both");
            state.pcrs.clear();
            for (const json& pcr : reader.at("pcrs")) {
                if (pcr != 7 && pcr != 14) return fail("'secure_boot': 'pcrs' is [7], [14] or both");
                state.pcrs.insert(pcr.get<std::uint32_t>());
            }
        }
        std::vector<std::string> names = state.measured;
        if (state.shim) names.insert(names.end(), std::begin(shim_variables), std::end(shim_variables));
        if (reader.has("folder")) TRY(read_efivarfs(TRY(reader.text("folder")), names, state));
        if (!reader.has("files")) return predict_secure_boot(state, banks_);
        if (!reader.at("files").is_object()) return fail("'secure_boot': 'files' is no object");
        for (const auto& [name, file] : reader.at("files").items()) {
            if (std::find(names.begin(), names.end(), name) == names.end())
                return fail("'secure_boot': nothing measures the variable '" + printable(name, 60) + "'");
            if (!file.is_null() && !file.is_string())
                return fail("'secure_boot': the file of '" + name + "' is no text and not null");
            state.variables[name] = std::nullopt;
            if (file.is_string()) state.variables[name] = TRY(files_.read(file.get<std::string>(), variable_limit));
        }
        return predict_secure_boot(state, banks_);
    }

    // A variable without a file is not set. shim splits a list that is too large for one variable.
    Status read_efivarfs(const std::string& folder, const std::vector<std::string>& names, SecureBoot& state) const {
        constexpr std::size_t attributes = 4;
        for (const std::string& name : names) {
            const std::string path = folder + "/" + efivarfs_name(name);
            Result<std::string> bytes = files_.read(path, variable_limit);
            if (!bytes && bytes.error().code != ENOENT) return tl::unexpected(bytes.error());
            state.variables[name] = std::nullopt;
            if (!bytes) continue;
            if (bytes->size() < attributes)
                return fail(path + ": " + std::to_string(bytes->size()) +
                            " bytes; efivarfs gives 4 of attributes first");
            if (name.starts_with("MokList") && files_.read(folder + "/" + efivarfs_name(name + "1"), variable_limit))
                return fail(path + ": shim split this list; give all of it in one raw file");
            state.variables[name] = bytes->substr(attributes);
        }
        return {};
    }

    Result<std::vector<Authority>> authorities(const Reader& reader) const {
        std::vector<Authority> all;
        if (!reader.has("authorities")) return all;
        if (!reader.at("authorities").is_array()) return fail("'authorities' is no list");
        for (const json& item : reader.at("authorities")) {
            const Reader one(item, "an authority");
            TRY(one.only({"variable", "certificate"}));
            Authority authority;
            authority.variable = TRY(one.text("variable"));
            authority.certificate = TRY(files_.read(TRY(one.text("certificate")), variable_limit));
            all.push_back(std::move(authority));
        }
        return all;
    }

    Result<EventList> grub_boot(const Reader& reader) {
        TRY(reader.only(
            {"devices", "prefix", "platform", "configuration", "builtin", "variables", "search", "fwsetup", "entry"}));
        grub::BootOptions options;
        options.banks = banks_;
        options.prefix = TRY(reader.text("prefix"));
        options.platform = TRY(reader.text("platform", options.platform));
        options.configuration = TRY(reader.text("configuration", ""));
        options.entry = TRY(reader.text("entry", ""));
        for (const std::string& module : TRY(reader.texts("builtin"))) options.builtin.insert(module);
        options.variables = TRY(reader.map("variables"));
        if (reader.has("fwsetup")) {
            if (!reader.at("fwsetup").is_boolean()) return fail("'grub': 'fwsetup' is true or false");
            options.firmware_setup = reader.at("fwsetup").get<bool>();
        }
        options.search = TRY(reader.map("search"));
        const std::map<std::string, std::string> devices = TRY(reader.map("devices"));
        const std::unique_ptr<grub::Files> files = TRY(files_.disks(devices, banks_));
        return grub::predict(options, *files);
    }

    Result<EventList> tboot(const Reader& reader) {
        TRY(reader.only({"image", "command_line", "version", "sinit", "policy", "profile", "modules"}));
        const std::string profile_name = TRY(reader.text("profile"));
        const std::string profile_text = TRY(files_.read(profile_name, description_limit));
        const PlatformProfile profile = TRY(context(parse_platform_profile(profile_text), profile_name));
        TxtLaunch launch;
        launch.banks = banks_;
        const std::string command_line = TRY(reader.text("command_line"));
        const auto version = parse_tboot_version(TRY(reader.text("version")));
        if (!version) return fail("'tboot': 'version' is three numbers, as 1.10.5");
        launch.tboot = *version;
        TRY(read_options(launch, command_line, profile));
        const std::string image_name = TRY(reader.text("image"));
        const std::string packed = TRY(files_.read(image_name, image_limit));
        const std::string elf = TRY(context(as_loaded(packed, unpacked_limit), image_name));
        launch.mle = mle_hash(banks_, TRY(context(parse_mle(elf), image_name)), command_line);
        const std::string sinit_name = TRY(reader.text("sinit"));
        const std::string sinit = TRY(files_.read(sinit_name, image_limit));
        launch.acm = TRY(context(measure_acm(sinit), sinit_name));
        TRY(read_policy(launch, reader, profile));
        if (!reader.has("modules") || !reader.at("modules").is_array()) return fail("'tboot': 'modules' is no list");
        for (const json& module : reader.at("modules"))
            launch.modules.push_back(TRY(read_module(Reader(module, "a module of 'tboot'"))));
        return predict_txt(profile, launch);
    }

    // What an initramfs measures before it goes on: files that nothing before it has measured.
    Result<EventList> initramfs(const json& files) {
        if (!files.is_array()) return fail("'initramfs' is no list");
        EventList list;
        for (const json& item : files) {
            const Reader reader(item, "a file of 'initramfs'");
            TRY(reader.only({"pcr", "file", "method"}));
            Event event;
            if (!reader.has("pcr") || !reader.at("pcr").is_number_unsigned() ||
                reader.at("pcr").get<std::uint64_t>() >= pcr_count)
                return fail("a file of 'initramfs': 'pcr' is missing or none of 0 to 23");
            event.pcr = reader.at("pcr").get<std::uint32_t>();
            event.type = event_type::compact_hash;
            event.source = TRY(reader.text("file"));
            const std::string method = TRY(reader.text("method"));
            if (method != "file" && method != "sha1-text")
                return fail("a file of 'initramfs': 'method' is \"file\" or \"sha1-text\"");
            std::vector<Bank> banks = banks_;
            if (std::find(banks.begin(), banks.end(), Bank::sha1) == banks.end()) banks.push_back(Bank::sha1);
            const Digests digests = TRY(files_.digests(event.source, banks));
            for (const Bank bank : banks_)
                event.digests[bank] =
                    method == "file" ? digests.at(bank) : hex_text_digest(bank, digests.at(Bank::sha1));
            list.covers.insert(event.pcr);
            list.events.push_back(std::move(event));
        }
        return list;
    }

    // tboot/common/cmdline.c
    Status read_options(TxtLaunch& launch, const std::string& command_line, const PlatformProfile& profile) const {
        const bool tpm12 = profile.tpm == TpmVersion::tpm12;
        launch.current = tpm12 || launch.tboot < TbootVersion{1, 9, 12} ? Bank::sha1 : Bank::sha256;
        for (const std::string_view word : words(command_line)) {
            if (word == "pcr_map=da") launch.details_authorities = true;
            if (word == "force_tpm2_legacy_log=true") launch.legacy_log = true;
            if (word == "measure_nv=true") return fail("tboot's measure_nv=true is not modelled");
            if (tpm12 || !word.starts_with("extpol=")) continue;
            const std::string_view policy = word.substr(7);
            if (policy == "agile" || policy == "embedded") {
                launch.extend_policy = policy == "agile" ? ExtendPolicy::agile : ExtendPolicy::embedded;
                launch.current = Bank::sha256;
            } else {
                const auto bank = parse_bank(policy == "sm3" ? "sm3_256" : policy);
                if (!bank) return fail("tboot's extpol=" + printable(policy, 40) + " is unknown");
                launch.current = *bank;
            }
        }
        return {};
    }

    Status read_policy(TxtLaunch& launch, const Reader& reader, const PlatformProfile& profile) const {
        if (reader.has("policy")) {
            const std::string name = TRY(reader.text("policy"));
            const std::string bytes = TRY(files_.read(name, 64 * 1024));
            launch.policy = TRY(context(parse_tboot_policy(bytes), name));
            return {};
        }
        if (profile.tpm == TpmVersion::tpm12 && launch.tboot < TbootVersion{1, 10, 0})
            return fail("'tboot': 'policy' is missing: the default policy of tboot before 1.10.0 on a TPM 1.2 is not "
                        "known for each version");
        launch.policy = default_tboot_policy(profile.tpm == TpmVersion::tpm12        ? DefaultPolicy::tpm12
                                             : launch.tboot < TbootVersion{1, 9, 12} ? DefaultPolicy::tpm20_before
                                                                                     : DefaultPolicy::tpm20);
        return {};
    }

    Result<TbootModule> read_module(const Reader& reader) const {
        TRY(reader.only({"file", "command_line", "nounzip"}));
        TbootModule module;
        module.source = TRY(reader.text("file"));
        module.command_line = TRY(reader.text("command_line", ""));
        std::string bytes = TRY(files_.read(module.source, image_limit));
        const bool nounzip = reader.has("nounzip") && reader.at("nounzip") == true;
        if (!nounzip) bytes = TRY(context(as_loaded(bytes, unpacked_limit), module.source));
        module.image = hash(banks_, bytes);
        return module;
    }

    const json& root_;
    BootFiles& files_;
    std::vector<Bank> banks_;
};

} // namespace

Result<Digests> BootFiles::digests(const std::string& name, std::span<const Bank> banks) {
    return hash(banks, TRY(read(name, image_limit)));
}

Result<EventList> predict(std::string_view description, BootFiles& files) {
    json root;
    TRY(parse_json_object(description, description_limit, root));
    return Description(root, files).predict();
}

} // namespace bulkhead::measure
