#include "measure/predict.hpp"

#include "measure/authenticode.hpp"
#include "measure/gzio.hpp"
#include "measure/mle.hpp"
#include "measure/txt_launch.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulkhead::measure {
namespace {

using nlohmann::json;

constexpr std::size_t image_limit = 512 << 20;   // bytes of one file that is held in memory
constexpr std::size_t unpacked_limit = 1U << 30; // bytes of a gunzipped module

class Reader {
public:
    Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

    // Every key must be one of these.
    Status only(std::initializer_list<std::string_view> keys) const {
        if (!object_.is_object()) return fail(where_ + " is no object");
        for (const auto& [key, value] : object_.items()) {
            if (std::find(keys.begin(), keys.end(), key) == keys.end())
                return fail(where_ + ": unknown key '" + printable(key, 60) + "'");
        }
        return {};
    }
    [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
    [[nodiscard]] const json& at(const char* key) const { return object_.at(key); }
    Result<std::string> text(const char* key, std::optional<std::string> otherwise = std::nullopt) const {
        const auto found = object_.find(key);
        if (found == object_.end() && otherwise) return *otherwise;
        if (found == object_.end()) return fail(where_ + ": '" + key + "' is missing");
        if (!found->is_string()) return fail(where_ + ": '" + std::string(key) + "' is no text");
        return found->get<std::string>();
    }
    Result<std::vector<std::string>> texts(const char* key) const {
        std::vector<std::string> list;
        const auto found = object_.find(key);
        if (found == object_.end()) return list;
        if (!found->is_array()) return fail(where_ + ": '" + std::string(key) + "' is no list");
        for (const json& item : *found) {
            if (!item.is_string()) return fail(where_ + ": '" + std::string(key) + "' holds something that is no text");
            list.push_back(item.get<std::string>());
        }
        return list;
    }
    Result<std::map<std::string, std::string>> map(const char* key) const {
        std::map<std::string, std::string> all;
        const auto found = object_.find(key);
        if (found == object_.end()) return all;
        if (!found->is_object()) return fail(where_ + ": '" + std::string(key) + "' is no object");
        for (const auto& [name, value] : found->items()) {
            if (!value.is_string())
                return fail(where_ + ": '" + std::string(key) + "' holds something that is no text");
            all[name] = value.get<std::string>();
        }
        return all;
    }

private:
    const json& object_;
    std::string where_;
};

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
        TRY(reader.only({"banks", "firmware", "grub", "tboot"}));
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
        if (reader.has("grub")) append(list, TRY(grub_boot(Reader(root_.at("grub"), "'grub'"))));
        if (reader.has("tboot")) append(list, TRY(tboot(Reader(root_.at("tboot"), "'tboot'"))));
        if (list.covers.empty()) return fail("the description has none of firmware, grub, tboot: nothing to predict");
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

Result<EventList> predict(std::string_view description, BootFiles& files) {
    json root;
    TRY(parse_json_object(description, description_limit, root));
    return Description(root, files).predict();
}

} // namespace bulkhead::measure
