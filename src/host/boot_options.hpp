// `bulkhead host boot-options`: what a person wants on the command lines of Xen and of dom0's kernel, checked, and put
// into our file. Pure.
#pragma once

#include "base/result.hpp"
#include "host/grub_defaults.hpp"

#include <string>
#include <vector>

namespace bulkhead::host {

// What stands behind the verb: "set NAME=VALUE... unset NAME...". A name may begin with "xen:" or "dom0:" to say whose
// it is, which only `console` needs.
struct BootRequest {
    std::vector<std::string> set, unset;
};
Result<BootRequest> parse_boot_request(const std::vector<std::string>& words);

struct PlacedWord {
    Side side = Side::xen;
    std::string text;
    bool operator==(const PlacedWord&) const = default;
};
// Whose option a word is, and whether its value is one that Xen or the kernel takes. Addresses of xen-pciback.hide come
// back in their full form.
Result<PlacedWord> place_word(const std::string& word);
// As place_word() for a name alone. Error: it is an option of both.
Result<PlacedWord> place_name(const std::string& name);

// `options` after the request; one that is set already keeps its place.
Result<OwnOptions> apply(const BootRequest& request, OwnOptions options);

// A word of a command line with what there is to say about it.
struct ShownWord {
    Side side = Side::xen;
    BootWord word;
    std::string problem; // why Xen or the kernel would not take it; empty: nothing
    std::string later;   // "FILE:LINE" of a later word for the same option
};
std::vector<ShownWord> examine(const BootLines& lines);

// What keeps a request from having its effect: words of ours that a later file takes away or sets again, and names that
// were to be unset but are set by other files. One sentence each.
std::vector<std::string> obstacles(const BootRequest& request, const OwnOptions& ours, const BootLines& lines);

} // namespace bulkhead::host
