// The xenstored that dom0 gets: what `lab up --xenstored` and dom0's init know.
#pragma once

#include <string_view>

namespace bulkhead::lab {

// "ocaml-eagain" is oxenstored with its test-eagain: it refuses a third of all transactions that could be committed.
inline constexpr std::string_view xenstored_kinds = "c, ocaml or ocaml-eagain";

constexpr bool is_xenstored(std::string_view kind) {
    return kind == "c" || kind == "ocaml" || kind == "ocaml-eagain";
}

} // namespace bulkhead::lab
