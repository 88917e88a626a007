// `top` on a terminal, by ncurses.
#pragma once

#include "base/result.hpp"
#include "cli/top_table.hpp"

#include <cstdint>
#include <functional>

namespace bulkhead::cli {

// Shows samples, one every `delay` seconds, until q is pressed or `rounds` (0: no limit) have been shown. Keys are
// xentop's: S sorts by the next column, arrows, N, B and R switch, D asks for the delay. The terminal is as it was
// afterwards, also when `sample` fails. Errors: the terminal is of a kind that ncurses does not know.
Status run_top_screen(const std::function<Result<TopSample>()>& sample, TopView view, unsigned delay,
                      std::uint64_t rounds);

} // namespace bulkhead::cli
