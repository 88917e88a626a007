#include "image/elf.hpp"

#include "base/record.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <optional>

namespace bulkhead::image {
namespace {

constexpr std::size_t most_libraries = 512;
constexpr std::size_t longest_string = 4096;

Result<std::string> text_at(std::string_view bytes, std::uint64_t at) {
    if (at >= bytes.size()) return fail("ELF: a string lies outside the file");
    const std::string_view rest = bytes.substr(at, longest_string);
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return fail("ELF: a string has no end");
    return std::string(rest.substr(0, end));
}

// Segments as the loader maps them: the dynamic section speaks of addresses, not of offsets in the file.
std::optional<std::uint64_t> file_offset(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
            return segment.p_offset + (address - segment.p_vaddr);
    }
    return std::nullopt;
}

} // namespace

namespace {

struct Headers {
    Elf64_Ehdr file;
    std::vector<Elf64_Phdr> segments;
};

Result<Headers> parse_headers(std::string_view bytes) {
    const auto header = record<Elf64_Ehdr>(bytes, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return fail("not an ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
        return fail("not a 64-bit little-endian ELF file");
    if (header->e_phnum != 0 && header->e_phentsize != sizeof(Elf64_Phdr))
        return fail("ELF: program headers of an unknown size");
    Headers headers{*header, {}};
    for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
        const std::uint64_t at = header->e_phoff + i * sizeof(Elf64_Phdr);
        const auto segment = at < header->e_phoff ? std::nullopt : record<Elf64_Phdr>(bytes, at);
        if (!segment) return fail("ELF: program headers lie outside the file");
        headers.segments.push_back(*segment);
    }
    return headers;
}

} // namespace

Result<ElfFile> parse_elf(std::string_view bytes) {
    const std::vector<Elf64_Phdr> segments = TRY(parse_headers(bytes)).segments;
    ElfFile file;
    std::vector<std::uint64_t> needed;
    std::optional<std::uint64_t> strings, soname, runpath, rpath;
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_INTERP) file.interpreter = TRY(text_at(bytes, segment.p_offset));
        if (segment.p_type != PT_DYNAMIC) continue;
        for (std::uint64_t i = 0; i < segment.p_filesz / sizeof(Elf64_Dyn); ++i) {
            const std::uint64_t at = segment.p_offset + i * sizeof(Elf64_Dyn);
            const auto item = at < segment.p_offset ? std::nullopt : record<Elf64_Dyn>(bytes, at);
            if (!item) return fail("ELF: the dynamic section lies outside the file");
            if (item->d_tag == DT_NULL) break;
            if (item->d_tag == DT_NEEDED) needed.push_back(item->d_un.d_val);
            if (item->d_tag == DT_STRTAB) strings = item->d_un.d_ptr;
            if (item->d_tag == DT_SONAME) soname = item->d_un.d_val;
            if (item->d_tag == DT_RUNPATH) runpath = item->d_un.d_val;
            if (item->d_tag == DT_RPATH) rpath = item->d_un.d_val;
            if (needed.size() > most_libraries) return fail("ELF: needs more than 512 libraries");
        }
    }
    if (needed.empty() && !soname && !runpath && !rpath) return file;
    const auto table = strings ? file_offset(segments, *strings) : std::nullopt;
    if (!table || *table > bytes.size()) return fail("ELF: the dynamic section has no string table");
    const std::string_view names = bytes.substr(*table);
    for (const std::uint64_t at : needed) file.needed.push_back(TRY(text_at(names, at)));
    if (soname) file.soname = TRY(text_at(names, *soname));
    if (runpath || rpath) {
        const std::string path = TRY(text_at(names, runpath ? *runpath : *rpath));
        for (const std::string_view part : split(path, ':')) {
            if (!part.empty()) file.runpath.emplace_back(part);
        }
    }
    return file;
}

Result<std::string> strip_program(std::string_view bytes) {
    Headers headers = TRY(parse_headers(bytes));
    std::uint64_t end = headers.file.e_phoff + headers.segments.size() * sizeof(Elf64_Phdr);
    bool loadable = false;
    for (const Elf64_Phdr& segment : headers.segments) {
        if (segment.p_offset > bytes.size() || segment.p_filesz > bytes.size() - segment.p_offset)
            return fail("ELF: a segment lies outside the file");
        loadable = loadable || segment.p_type == PT_LOAD;
        end = std::max(end, segment.p_offset + segment.p_filesz);
    }
    if (!loadable) return fail("ELF: not a program: it has no loadable segment");
    std::string stripped(bytes.substr(0, end));
    headers.file.e_shoff = 0;
    headers.file.e_shnum = 0;
    headers.file.e_shstrndx = 0;
    std::memcpy(stripped.data(), &headers.file, sizeof headers.file);
    return stripped;
}

} // namespace bulkhead::image
