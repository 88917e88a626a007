#include "cli/help.hpp"

#include "base/text.hpp"

#include <cstdio>

namespace bulkhead::cli {
namespace {

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size() + 1), ' ');
    return text;
}

std::string invocation(const Verb& verb) {
    return std::string(verb.name) + (*verb.usage != '\0' ? " " : "") + verb.usage;
}

std::string option_words(const Option& option) {
    std::string text = option.letter != 0 ? std::string("-") + option.letter + ", --" : "    --";
    text += option.name;
    if (option.argument != nullptr) text += std::string("=") + option.argument;
    return text;
}

// scdoc gives '_', '*', '#' and others a meaning; a backslash takes it away (scdoc(5)).
std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (std::string_view("_*#\\`<>[]~").find(c) != std::string_view::npos) safe += '\\';
        safe += c;
    }
    return safe;
}

// A paragraph of scdoc source, in lines behind tabs: lines are short, and none begins with a mark of scdoc's.
std::string paragraph(std::string_view text, std::string_view tabs) {
    constexpr std::size_t width = 78;
    std::string lines;
    std::size_t column = 0;
    for (const std::string_view word : words(text)) {
        const std::string safe = escaped(word);
        const bool is_mark = std::string_view("-.|[]!").find(word[0]) != std::string_view::npos;
        if (column == 0 || (column + 1 + safe.size() > width && !is_mark)) {
            lines.append(column == 0 ? "" : "\n").append(tabs);
            column = tabs.size();
        } else {
            lines += ' ';
            ++column;
        }
        lines += safe;
        column += safe.size();
    }
    return lines + "\n\n";
}

Result<int> run_help(const Arguments& arguments) {
    if (arguments.positional().empty()) {
        std::fputs(overview(arguments.has("long")).c_str(), stdout);
        return 0;
    }
    const Match match = find_verb(arguments.positional());
    if (match.verb != nullptr) {
        std::fputs(help_for(*match.verb).c_str(), stdout);
        return 0;
    }
    std::string found;
    for (const Group& group : groups()) {
        for (const Verb& verb : group.verbs) {
            if (words(verb.name)[0] == arguments.positional()[0]) found += help_for(verb) + "\n";
        }
    }
    if (found.empty())
        return usage_error("no verb '" + join(arguments.positional(), " ") + "'; " + program_name() +
                           " help lists them all");
    std::fputs(found.c_str(), stdout);
    return 0;
}

Result<int> run_man(const Arguments&) {
    std::fputs(man_page().c_str(), stdout);
    return 0;
}

Result<int> run_completion(const Arguments&) {
    std::fputs(bash_completion().c_str(), stdout);
    return 0;
}

} // namespace

std::string overview(bool with_options) {
    std::string text = "usage: " + program_name() + " VERB [OPTIONS] [ARGUMENTS]\n\n";
    for (const Group& group : groups()) {
        text += std::string(group.title) + "\n";
        for (const Verb& verb : group.verbs) {
            if (with_options) {
                text += help_for(verb) + "\n";
            } else {
                text += "  " + padded(verb.name, 24) + verb.summary + "\n";
            }
        }
        text += "\n";
    }
    return text + program_name() + " help VERB says more; every verb with results takes --json.\n";
}

std::string help_for(const Verb& verb) {
    std::string text = "usage: " + program_name() + " " + invocation(verb) + "\n  " + verb.summary + ".\n";
    if (*verb.text != '\0') text += std::string("\n") + verb.text + "\n";
    if (!verb.options.empty()) text += "\n";
    for (const Option& option : verb.options) text += "  " + padded(option_words(option), 28) + option.text + "\n";
    return text;
}

std::string man_page() {
    std::string text =
        "bulkhead(1)\n\n# NAME\n\nbulkhead - control plane for Xen hosts\n\n"
        "# SYNOPSIS\n\n*bulkhead* _VERB_ [OPTIONS] [ARGUMENTS]\n\n"
        "# DESCRIPTION\n\nCreates and runs Xen domains with the verbs of xl(1), keeps device drivers in\n"
        "driver domains, and boots a laboratory of real Xen in QEMU on any Linux machine.\n\n"
        "Domains are named by name, domid or UUID; _Domain-0_ and _0_ are dom0. Results go\n"
        "to standard output, messages to standard error.\n\n"
        "Called as _xm_ it speaks of itself by that name, and *create* looks for a file without\n"
        "a slash in its name in _/etc/xen_, too.\n\n";
    for (const Group& group : groups()) {
        std::string title = group.title;
        for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        text += "# " + title + "\n\n";
        for (const Verb& verb : group.verbs) {
            text += "*" + escaped(verb.name) + "*" + (*verb.usage != '\0' ? " " : "") + escaped(verb.usage) + "\n";
            text += paragraph(std::string(verb.summary) + ".", "\t");
            for (const std::string_view part : split(verb.text, '\n')) {
                if (!part.empty()) text += paragraph(part, "\t");
            }
            for (const Option& option : verb.options) {
                text += "\t*" + escaped(trim(option_words(option))) + "*\n";
                text += paragraph(std::string(option.text) + ".", "\t\t");
            }
        }
    }
    return text +
           "# EXIT STATUS\n\n0 success, 1 failure, 2 wrong usage, 130 interrupted. *lab exec* passes\n"
           "on the command's own.\n\n# ENVIRONMENT\n\n*BULKHEAD_SOCKET*\n\tthe daemon's socket, instead of the one "
           "below\n\n# FILES\n\n_/run/bulkhead/bulkheadd.sock_\n\tthe daemon's socket\n\n"
           "_/var/lib/bulkhead/state.db_\n\tthe daemon's state\n\n# SEE ALSO\n\n*bulkhead.cfg*(5), "
           "*bulkhead-image*(5), *bulkhead-measure*(5),\n"
           "*bulkhead-policy*(5), *bulkhead-xenstore*(7), *bulkheadd*(8), *bulkhead-agent*(8),\n*xl*(1), *xl.cfg*(5)\n";
}

// The program itself knows what may stand at the cursor (completion.hpp); the shell adds names of files. Bash replaces
// only what stands behind the last of COMP_WORDBREAKS' characters, so only that much of a candidate is handed over.
std::string bash_completion() {
    return R"(# bash completion for bulkhead; made by `bulkhead completion`
_bulkhead() {
    local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} first found IFS=$'\n'
    local typed=${line##*[[:space:]]} head=
    COMPREPLY=()
    mapfile -t found < <("${1/#\~\//$HOME/}" __complete "$line" 2>/dev/null)
    first=${found[0]-}
    if [[ $first == :* ]]; then
        found=("${found[@]:1}")
        case $current in '=' | ':') current= ;; esac
    fi
    case $COMP_WORDBREAKS in *:*) [[ $typed == *:* ]] && head=${typed%"${typed##*:}"} ;; esac
    case $COMP_WORDBREAKS in *=*) [[ ${typed#"$head"} == *=* ]] && head=${typed%"${typed##*=}"} ;; esac
    COMPREPLY=("${found[@]#"$head"}")
    case $first in
    :files | :folders)
        compopt -o filenames 2>/dev/null
        if [[ $first == :files ]]; then
            COMPREPLY+=($(compgen -f -- "$current"))
        else
            COMPREPLY+=($(compgen -d -- "$current"))
        fi
        ;;
    esac
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _bulkhead bulkhead
# xm only where it is bulkhead's other name.
[[ $(type -P xm) -ef $(type -P bulkhead) ]] && complete -F _bulkhead xm
)";
}

const std::vector<Verb>& help_verbs() {
    static const std::vector<Verb> verbs = {
        {"help",
         "[VERB]",
         "lists all verbs, or describes one",
         "",
         {{0, "long", nullptr, "with all options"}},
         0,
         3,
         run_help},
        {"completion",
         "",
         "prints bash completion; source it from your shell's start-up file",
         "",
         {},
         0,
         0,
         run_completion},
        {"man-page", "", "prints the man page's scdoc(5) source", "", {}, 0, 0, run_man},
    };
    return verbs;
}

} // namespace bulkhead::cli
