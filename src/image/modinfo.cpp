#include "image/modinfo.hpp"

#include "base/record.hpp"

#include "base/text.hpp"

#include <cstring>
#include <elf.h>
#include <optional>

namespace bulkhead::image {
namespace {

constexpr std::size_t largest_section = 16 << 20;

std::optional<std::string_view> part(std::string_view bytes, const Elf64_Shdr& section) {
    if (section.sh_type == SHT_NOBITS || section.sh_offset > bytes.size() ||
        bytes.size() - section.sh_offset < section.sh_size || section.sh_size > largest_section)
        return std::nullopt;
    return bytes.substr(section.sh_offset, section.sh_size);
}

Result<std::string_view> find_section(std::string_view bytes, std::string_view wanted) {
    const auto header = record<Elf64_Ehdr>(bytes, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_shentsize != sizeof(Elf64_Shdr))
        return fail("not a 64-bit little-endian ELF file with sections");
    const auto section = [&](std::uint64_t index) -> std::optional<Elf64_Shdr> {
        const std::uint64_t at = header->e_shoff + index * sizeof(Elf64_Shdr);
        return at < header->e_shoff ? std::nullopt : record<Elf64_Shdr>(bytes, at);
    };
    const auto names_section = header->e_shstrndx < header->e_shnum ? section(header->e_shstrndx) : std::nullopt;
    const auto names = names_section ? part(bytes, *names_section) : std::nullopt;
    if (!names) return fail("ELF: the section names lie outside the file");
    for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
        const auto one = section(i);
        if (!one) return fail("ELF: the section headers lie outside the file");
        if (one->sh_name >= names->size()) continue;
        const std::string_view rest = names->substr(one->sh_name);
        if (rest.substr(0, rest.find('\0')) != wanted) continue;
        const auto content = part(bytes, *one);
        if (!content) return fail("ELF: the section " + std::string(wanted) + " lies outside the file");
        return *content;
    }
    return fail("ELF: no section " + std::string(wanted));
}

} // namespace

Result<ModuleInfo> parse_modinfo(std::string_view bytes) {
    ModuleInfo info;
    for (const std::string_view text : split(TRY(find_section(bytes, ".modinfo")), '\0')) {
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = text.substr(0, equals);
        const std::string_view value = text.substr(equals + 1);
        if (key == "name") info.name = value;
        if (key == "alias") info.aliases.emplace_back(value);
        if (key == "vermagic") info.vermagic = value.substr(0, value.find(' '));
        if (key == "depends") {
            for (const std::string_view name : split(value, ',')) {
                if (!name.empty()) info.depends.emplace_back(name);
            }
        }
        if (key == "softdep") { // modprobe.d(5): "pre: NAMES post: NAMES"; only what comes before matters for loading
            bool before = false;
            for (const std::string_view word : words(value)) {
                if (word == "pre:" || word == "post:") {
                    before = word == "pre:";
                } else if (before) {
                    info.softdeps.emplace_back(word);
                }
            }
        }
    }
    return info;
}

} // namespace bulkhead::image
