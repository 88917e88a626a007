// A PCR by hand: what a sequence of resets and extensions, written by a person, leaves in one. Pure.
#pragma once

#include "base/result.hpp"
#include "measure/hash.hpp"

#include <string>
#include <string_view>

namespace bulkhead::measure {

struct PcrStep {
    enum class Kind {
        reset,     // to zeros, as at power on, or PCR 17 to 22 by a dynamic launch
        ones,      // to ones: PCR 17 to 22 before one
        set,       // to the value given
        extend,    // by the digest given
        text,      // by H(text)
        file,      // by H(file)
        file_text, // by H(SHA-1 of the file as 40 hexadecimal digits): see hex_text_digest()
    } kind = Kind::reset;
    std::string argument; // raw bytes of a value or digest; the text; the file's name
};

// "reset", "ones", "set:HEX", "extend:HEX", "text:TEXT", "file:PATH", "sha1-text:PATH". A value or digest of another
// size than the bank's is an error.
Result<PcrStep> parse_pcr_step(std::string_view text, Bank bank);

// What the step extends by; `file` has the digest of a file: in the bank, for sha1-text in SHA-1. Empty for a step that
// does not extend.
std::string pcr_step_digest(const PcrStep& step, Bank bank, const Digests& file);

// The PCR after the step.
std::string pcr_after(const PcrStep& step, Bank bank, const std::string& value, const std::string& digest);

// How the initramfs of meta-measured measures a root file system: `sha1sum FILE` without a line end into a tool that
// hashes what it is given. So what is extended is H(40 hexadecimal digits), not the file's digest.
std::string hex_text_digest(Bank bank, std::string_view sha1_of_file);

} // namespace bulkhead::measure
