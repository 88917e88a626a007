#include "measure/mle.hpp"

#include "base/record.hpp"
#include "measure/byte_reader.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>

namespace bulkhead::measure {
namespace {

constexpr std::string_view header_uuid("\x5a\xac\x82\x90\x6f\x47\xa7\x74\x0f\x5c\x55\xa2\xcb\x51\xb6\x42", 16);
constexpr std::size_t header_size = 16 + 9 * 4;
constexpr std::size_t longest_command_line = 511; // tboot keeps 512 bytes with the NUL

// Every loaded segment behind the other: what the file gives, then zeros.
Result<std::string> load(std::string_view elf) {
    const auto header = record<Elf32_Ehdr>(elf, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return ByteReader::error(0, "not an ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS32 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_machine != EM_386 || header->e_type != ET_EXEC)
        return ByteReader::error(4, "not a 32-bit ELF program for i386, as an MLE is");
    if (header->e_phentsize != sizeof(Elf32_Phdr)) return ByteReader::error(42, "program headers of an unknown size");
    std::string image;
    for (std::size_t i = 0; i < header->e_phnum; ++i) {
        const std::size_t at = std::size_t{header->e_phoff} + i * sizeof(Elf32_Phdr);
        const auto segment = record<Elf32_Phdr>(elf, at);
        if (!segment) return ByteReader::error(at, "a program header outside the file");
        if (segment->p_type != PT_LOAD) continue;
        if (segment->p_offset > elf.size() || segment->p_filesz > elf.size() - segment->p_offset)
            return ByteReader::error(at, "a segment outside the file");
        if (segment->p_memsz < segment->p_filesz || segment->p_memsz > mle_limit - image.size())
            return ByteReader::error(at, "a segment of " + std::to_string(segment->p_memsz) + " bytes in memory");
        image.append(elf.substr(segment->p_offset, segment->p_filesz));
        image.append(segment->p_memsz - segment->p_filesz, '\0');
    }
    return image;
}

} // namespace

Result<Mle> parse_mle(std::string_view elf) {
    Mle mle;
    mle.image = TRY(load(elf));
    std::size_t at = 0; // the header is aligned to 16 bytes
    while (at + header_size <= mle.image.size() && std::string_view(mle.image).substr(at, 16) != header_uuid) at += 16;
    if (at + header_size > mle.image.size()) return fail("the program holds no MLE header: this is not tboot");
    ByteReader reader(std::string_view(mle.image).substr(at + 16, header_size - 16), at + 16);
    TRY(reader.u32("header length"));
    mle.version = TRY(reader.u32("version"));
    TRY(reader.u32("entry point"));
    TRY(reader.u32("first valid page"));
    const std::size_t range_at = reader.offset();
    mle.start = TRY(reader.u32("MLE start"));
    mle.end = TRY(reader.u32("MLE end"));
    mle.capabilities = TRY(reader.u32("capabilities"));
    mle.command_line = TRY(reader.u32("command line start"));
    mle.command_line_end = TRY(reader.u32("command line end"));
    const auto inside = [&](std::uint32_t start, std::uint32_t end) { return start <= end && end <= mle.image.size(); };
    if (!inside(mle.start, mle.end) || !inside(mle.command_line, mle.command_line_end))
        return ByteReader::error(range_at, "the MLE header (in memory) speaks of bytes outside the image of " +
                                               std::to_string(mle.image.size()));
    return mle;
}

Digests mle_hash(std::span<const Bank> banks, const Mle& mle, std::string_view command_line) {
    std::string image = mle.image;
    const std::size_t space = mle.command_line_end - mle.command_line;
    std::fill_n(image.begin() + mle.command_line, space, '\0');
    if (space != 0) {
        const std::string_view text = command_line.substr(0, std::min(space - 1, longest_command_line));
        std::copy(text.begin(), text.end(), image.begin() + mle.command_line);
    }
    return hash(banks, std::string_view(image).substr(mle.start, mle.end - mle.start));
}

} // namespace bulkhead::measure
