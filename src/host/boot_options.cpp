#include "host/boot_options.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "host/dom0_options.hpp"
#include "host/xen_options.hpp"

#include <algorithm>
#include <optional>

namespace bulkhead::host {
namespace {

constexpr std::size_t words_max = 64;

std::string name_of(Side side, std::string_view word) {
    return side == Side::xen ? xen_named_value(word).name : dom0_name(word.substr(0, word.find('=')));
}

std::optional<Side> prefix_of(std::string_view& word) {
    for (const auto& [prefix, side] : {std::pair{std::string_view("xen:"), Side::xen}, {"dom0:", Side::dom0}}) {
        if (!word.starts_with(prefix)) continue;
        word.remove_prefix(prefix.size());
        return side;
    }
    return std::nullopt;
}

bool is_xen_option(std::string_view word) {
    const std::string name = xen_named_value(word).name;
    return find_xen_option(name) != nullptr || why_no_option(name) != nullptr || name.starts_with("ivrs_");
}

tl::unexpected<Error> unknown(std::string_view name) {
    std::vector<std::string> names = dom0_option_names();
    for (const XenOption& option : xen_options()) names.emplace_back(option.name);
    return fail("'" + printable(name, 64) +
                "' is an option neither of Xen 4.17, which would ignore it, nor one of dom0's "
                "kernel that is known here" +
                did_you_mean(name, names));
}

Result<PlacedWord> finished(Side side, std::string_view word) {
    TRY(side == Side::xen ? check_xen_option(word) : check_dom0_option(word));
    TRY(check_boot_word(word));
    if (side == Side::xen) return PlacedWord{side, std::string(word)};
    const std::size_t equals = word.find('=');
    const std::string name = dom0_name(word.substr(0, equals));
    if (equals == std::string_view::npos) return PlacedWord{side, name};
    std::string value(word.substr(equals + 1));
    if (name == "xen-pciback.hide") value = hidden_text(TRY(parse_hidden(value)));
    return PlacedWord{side, name + "=" + value};
}

void put(std::vector<std::string>& words, Side side, const std::string& word, bool keep_others) {
    const std::string name = name_of(side, word);
    const auto same = [&](const std::string& one) { return name_of(side, one) == name; };
    const auto place = std::find_if(words.begin(), words.end(), same);
    if (place == words.end() || keep_others) {
        words.push_back(word);
        return;
    }
    *place = word;
    words.erase(std::remove_if(place + 1, words.end(), same), words.end());
}

std::string place_text(const BootWord& word) {
    return word.source + ":" + std::to_string(word.line);
}

const char* prefix(Side side) {
    return side == Side::xen ? "xen:" : "dom0:";
}

} // namespace

Result<BootRequest> parse_boot_request(const std::vector<std::string>& words) {
    BootRequest request;
    std::vector<std::string>* list = nullptr;
    for (const std::string& word : words) {
        if (word == "set" || word == "unset") {
            list = word == "set" ? &request.set : &request.unset;
            continue;
        }
        if (list == nullptr)
            return fail("'" + printable(word, 64) + "': write set NAME=VALUE... or unset NAME..." +
                        did_you_mean(word, {"set", "unset"}));
        list->push_back(word);
    }
    if (request.set.size() + request.unset.size() > words_max) return fail("more than 64 options at once");
    if (request.set.empty() && request.unset.empty()) return fail("nothing to set or unset is named");
    return request;
}

Result<PlacedWord> place_word(const std::string& word) {
    std::string_view rest = word;
    const std::optional<Side> side = prefix_of(rest);
    const std::string_view name = rest.substr(0, rest.find('='));
    if (side) return finished(*side, rest);
    const bool xen = is_xen_option(rest), dom0 = is_dom0_option(name);
    if (!xen && !dom0) return unknown(name);
    if (!dom0) return finished(Side::xen, rest);
    if (!xen) return finished(Side::dom0, rest);
    // Both have it: no value is right for both.
    const Result<PlacedWord> of_xen = finished(Side::xen, rest);
    const Result<PlacedWord> of_dom0 = finished(Side::dom0, rest);
    if (of_xen || of_dom0) return of_xen ? of_xen : of_dom0;
    return fail("as an option of Xen: " + of_xen.error().message + "; of dom0's kernel: " + of_dom0.error().message);
}

Result<PlacedWord> place_name(const std::string& name) {
    std::string_view rest = name;
    const std::optional<Side> side = prefix_of(rest);
    if (rest.find('=') != std::string_view::npos) return fail("'" + printable(name, 64) + "': unset takes names alone");
    if (side) return PlacedWord{*side, name_of(*side, rest)};
    const bool xen = is_xen_option(rest), dom0 = is_dom0_option(rest);
    if (xen && dom0)
        return fail("Xen and dom0's kernel both have the option '" + std::string(rest) +
                    "'; write xen:" + std::string(rest) + " or dom0:" + std::string(rest));
    if (!xen && !dom0) return unknown(rest);
    return PlacedWord{xen ? Side::xen : Side::dom0, name_of(xen ? Side::xen : Side::dom0, rest)};
}

Result<OwnOptions> apply(const BootRequest& request, OwnOptions options) {
    std::vector<std::string> fresh; // names that this request has set already
    for (const std::string& wanted : request.set) {
        const PlacedWord word = TRY(place_word(wanted));
        const std::string name = prefix(word.side) + name_of(word.side, word.text);
        const bool again = std::find(fresh.begin(), fresh.end(), name) != fresh.end();
        const bool repeats = word.side == Side::dom0 && may_repeat(name_of(word.side, word.text));
        if (again && !repeats) return fail(name + " is to be set twice");
        put(options.words(word.side), word.side, word.text, again);
        fresh.push_back(name);
    }
    for (const std::string& unwanted : request.unset) {
        const PlacedWord name = TRY(place_name(unwanted));
        if (std::find(fresh.begin(), fresh.end(), prefix(name.side) + name.text) != fresh.end())
            return fail(name.text + " is both to be set and to be unset");
        std::erase_if(options.words(name.side),
                      [&](const std::string& word) { return name_of(name.side, word) == name.text; });
    }
    return options;
}

std::vector<ShownWord> examine(const BootLines& lines) {
    std::vector<ShownWord> shown;
    for (const Side side : {Side::xen, Side::dom0}) {
        const std::vector<BootWord>& words = lines.words(side);
        for (std::size_t i = 0; i < words.size(); ++i) {
            ShownWord one{side, words[i], {}, {}};
            const std::string name = name_of(side, words[i].text);
            // The kernel has thousands of options of its own, so a strange name is nothing to report.
            const bool checked = side == Side::xen || is_dom0_option(name);
            const Status valid = !checked            ? Status{}
                                 : side == Side::xen ? check_xen_option(words[i].text)
                                                     : check_dom0_option(words[i].text);
            if (!valid) one.problem = valid.error().message;
            for (std::size_t j = i + 1; j < words.size() && !(side == Side::dom0 && may_repeat(name)); ++j)
                if (name_of(side, words[j].text) == name) one.later = place_text(words[j]);
            shown.push_back(std::move(one));
        }
    }
    return shown;
}

std::vector<std::string> obstacles(const BootRequest& request, const OwnOptions& ours, const BootLines& lines) {
    std::vector<std::string> sentences;
    for (const Side side : {Side::xen, Side::dom0}) {
        const std::vector<BootWord>& words = lines.words(side);
        for (const std::string& own : side == Side::xen ? ours.xen : ours.dom0) {
            const auto found =
                std::find_if(words.rbegin(), words.rend(), [&](const BootWord& word) { return word.text == own; });
            if (found == words.rend()) {
                sentences.push_back(
                    own + " does not reach the command line: a file that is read after " + our_file +
                    " replaces the whole of " +
                    (side == Side::xen ? "GRUB_CMDLINE_XEN_DEFAULT" : "GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT"));
                continue;
            }
            for (auto later = words.rbegin(); later != found; ++later) {
                if (name_of(side, later->text) == name_of(side, own) && later->source != our_file)
                    sentences.push_back(own + " is set again, to " + later->text + ", by " + place_text(*later));
            }
        }
    }
    for (const std::string& unwanted : request.unset) {
        const auto name = place_name(unwanted);
        if (!name) continue;
        for (const BootWord& word : lines.words(name->side)) {
            if (name_of(name->side, word.text) == name->text)
                sentences.push_back(name->text + " stays set: " + word.text + " comes from " + place_text(word) +
                                    ", which is yours to change");
        }
    }
    return sentences;
}

} // namespace bulkhead::host
