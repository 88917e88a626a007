// What GRUB will put on the command lines of Xen and of dom0's kernel: /etc/default/grub and /etc/default/grub.d/*.cfg,
// as update-grub and /etc/grub.d/20_linux_xen of GRUB 2.06 read them. Pure.
#pragma once

#include "base/result.hpp"
#include "host/sh_assignments.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

struct ScriptFile {
    std::string path;
    std::string text;
};

enum class Side { xen, dom0 }; // whose command line

// A word of a command line and the assignment that brought it there.
struct BootWord {
    std::string text;
    std::string source;
    unsigned line = 0;
};

struct BootLines {
    std::vector<BootWord> xen, dom0;          // of the normal menu entry, in their order
    bool xen_known = true, dom0_known = true; // false: partly the output of a command
    std::string xen_unknown, dom0_unknown;    // "FILE:LINE" of what is not known
    std::vector<std::string> notes;

    [[nodiscard]] const std::vector<BootWord>& words(Side side) const { return side == Side::xen ? xen : dom0; }
};

// `files` in the order in which update-grub reads them: first /etc/default/grub, then the others by name.
Result<BootLines> read_boot_lines(const std::vector<ScriptFile>& files);

// --- the file of ours ---

constexpr const char* our_file = "/etc/default/grub.d/bulkhead.cfg";

struct OwnOptions {
    std::vector<std::string> xen, dom0; // words
    std::vector<std::string>& words(Side side) { return side == Side::xen ? xen : dom0; }
    bool operator==(const OwnOptions&) const = default;
};

// Each word is a line that appends it to what the files before it say. No word: an empty text, and then no file.
std::string write_own(const OwnOptions& options);
// The words of a file that write_own() made. Error: the file says something else, which would be lost.
Result<OwnOptions> read_own(std::string_view text, const std::string& path);

// Characters that a word may have so that it means itself to sh, to GRUB's script language and to Xen.
Status check_boot_word(std::string_view word);

} // namespace bulkhead::host
