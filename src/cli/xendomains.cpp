#include "cli/xendomains.hpp"

#include "base/text.hpp"
#include "host/sh_assignments.hpp"

namespace bulkhead::cli {

Result<XendomainsSettings> parse_xendomains(std::string_view text, const std::string& source) {
    host::ShellVariables variables;
    TRY(host::read_assignments(text, source, variables));
    XendomainsSettings settings;
    const auto value = [&](const char* name) -> Result<std::optional<std::string>> {
        const auto found = variables.values.find(std::string_view(name));
        if (found == variables.values.end()) return std::nullopt;
        if (!found->second.known)
            return fail(source + ": " + name + ": its value comes from a command, which is not run; write it out");
        return found->second.text;
    };
    settings.autostart = TRY(value("XENDOMAINS_AUTO")).value_or(settings.autostart);
    settings.save = TRY(value("XENDOMAINS_SAVE")).value_or(settings.save);
    for (const std::string& folder : {settings.autostart, settings.save}) {
        if (!folder.empty() && folder[0] != '/')
            return fail(source + ": '" + printable(folder, 64) + "' is no absolute path");
    }
    if (const auto restore = TRY(value("XENDOMAINS_RESTORE"))) settings.restore = *restore == "true";
    if (const auto patience = TRY(value("XENDOMAINS_STOP_MAXWAIT"))) {
        const auto seconds = parse_unsigned(*patience, 24 * 3600);
        if (!seconds)
            return fail(source + ": XENDOMAINS_STOP_MAXWAIT: '" + printable(*patience, 32) +
                        "' is not a number of seconds up to 86400");
        settings.patience = std::chrono::seconds(*seconds);
    }
    return settings;
}

} // namespace bulkhead::cli
