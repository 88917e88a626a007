// GRUB's `test` and `[` (commands/test.c of 2.06). Private to src/measure.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <span>
#include <string>

namespace bulkhead::measure::grub {

// What `test` asks of file names: 'd', 'e', 'f', or 's', of which the last opens the file.
using FileTest = std::function<Result<bool>(char question, const std::string& name)>;

// `arguments` without the command's name. An error for -nt, -ot (times of files) and for numbers that are none.
Result<bool> evaluate_test(std::span<const std::string> arguments, const FileTest& file);

} // namespace bulkhead::measure::grub
