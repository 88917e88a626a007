// The files of GRUB's settings on a disk: read in the order of update-grub, and ours replaced in one step.
#pragma once

#include "base/result.hpp"
#include "host/grub_defaults.hpp"

#include <string>
#include <vector>

namespace bulkhead::host {

// Below `root` ("" for this machine): etc/default/grub and etc/default/grub.d/*.cfg, sorted as the shell's pattern is.
// ScriptFile::path is without the root. Files that are not there are passed over; more than 256 of them is an error.
Result<std::vector<ScriptFile>> read_grub_files(const std::string& root);

// The text of ours, empty if there is none.
std::string own_text(const std::vector<ScriptFile>& files);
// The same list with another text of ours, in its place; an empty one takes it away.
std::vector<ScriptFile> with_own(std::vector<ScriptFile> files, const std::string& text);

// Writes ours, or removes it when `text` is empty. A process that is killed in here leaves the old file or the new one.
Status store_own(const std::string& root, const std::string& text);

// Whether boot/grub/grub.cfg is older than what it is made from, as after a process that was killed before update-grub.
bool menu_outdated(const std::string& root);

} // namespace bulkhead::host
