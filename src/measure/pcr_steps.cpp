#include "measure/pcr_steps.hpp"

#include "base/text.hpp"

namespace bulkhead::measure {
namespace {

struct Form {
    std::string_view name;
    PcrStep::Kind kind;
    bool argument;
};
constexpr Form forms[] = {{"reset", PcrStep::Kind::reset, false},
                          {"ones", PcrStep::Kind::ones, false},
                          {"set", PcrStep::Kind::set, true},
                          {"extend", PcrStep::Kind::extend, true},
                          {"text", PcrStep::Kind::text, true},
                          {"file", PcrStep::Kind::file, true},
                          {"sha1-text", PcrStep::Kind::file_text, true}};

} // namespace

Result<PcrStep> parse_pcr_step(std::string_view text, Bank bank) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    for (const Form& form : forms) {
        if (name != form.name || form.argument != (colon != std::string_view::npos)) continue;
        PcrStep step{form.kind, form.argument ? std::string(text.substr(colon + 1)) : std::string()};
        if (form.kind != PcrStep::Kind::set && form.kind != PcrStep::Kind::extend) return step;
        const auto bytes = from_hex(std::string_view(step.argument).substr(step.argument.starts_with("0x") ? 2 : 0));
        if (!bytes || bytes->size() != digest_size(bank))
            return fail("step '" + printable(text, 160) + "': " + std::string(bank_name(bank)) + " has " +
                        std::to_string(digest_size(bank)) + " bytes, in hexadecimal");
        step.argument = *bytes;
        return step;
    }
    return fail("step '" + printable(text, 160) +
                "': reset, ones, set:HEX, extend:HEX, text:TEXT, file:PATH or "
                "sha1-text:PATH");
}

std::string pcr_step_digest(const PcrStep& step, Bank bank, const Digests& file) {
    switch (step.kind) {
    case PcrStep::Kind::extend:
        return step.argument;
    case PcrStep::Kind::text:
        return hash(bank, step.argument);
    case PcrStep::Kind::file:
        return file.at(bank);
    case PcrStep::Kind::file_text:
        return hex_text_digest(bank, file.at(Bank::sha1));
    case PcrStep::Kind::reset:
    case PcrStep::Kind::ones:
    case PcrStep::Kind::set:
        break;
    }
    return {};
}

std::string pcr_after(const PcrStep& step, Bank bank, const std::string& value, const std::string& digest) {
    switch (step.kind) {
    case PcrStep::Kind::reset:
        return std::string(digest_size(bank), '\0');
    case PcrStep::Kind::ones:
        return std::string(digest_size(bank), '\xff');
    case PcrStep::Kind::set:
        return step.argument;
    case PcrStep::Kind::extend:
    case PcrStep::Kind::text:
    case PcrStep::Kind::file:
    case PcrStep::Kind::file_text:
        break;
    }
    return extend(bank, value, digest);
}

std::string hex_text_digest(Bank bank, std::string_view sha1_of_file) {
    return hash(bank, to_hex(sha1_of_file));
}

} // namespace bulkhead::measure
