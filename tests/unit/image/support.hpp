// What the image tests share: a temporary folder, ELF files and Debian packages made on the spot.
#pragma once

#include "image/compress.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::image::test {

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "bulkhead-image.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    std::string operator/(const std::string& leaf) const { return path_ + "/" + leaf; }

private:
    std::string path_;
};

inline void put(const std::string& path, std::string_view bytes) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string get(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

template <typename T>
void append_record(std::string& bytes, const T& record) {
    bytes.append(reinterpret_cast<const char*>(&record), sizeof record);
}

inline Elf64_Ehdr elf_header(std::uint16_t type) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    return header;
}

// A kernel module with nothing but a .modinfo section: "key=value" texts.
inline std::string make_module(const std::vector<std::string>& texts) {
    std::string info;
    for (const std::string& text : texts) info.append(text).push_back('\0');
    const std::string names("\0.modinfo\0.shstrtab\0", 20);
    Elf64_Ehdr header = elf_header(ET_REL);
    header.e_shnum = 3;
    header.e_shstrndx = 2;
    header.e_shoff = sizeof header + info.size() + names.size();
    Elf64_Shdr none{}, modinfo{}, strings{};
    modinfo.sh_name = 1;
    modinfo.sh_type = SHT_PROGBITS;
    modinfo.sh_offset = sizeof header;
    modinfo.sh_size = info.size();
    strings.sh_name = 10;
    strings.sh_type = SHT_STRTAB;
    strings.sh_offset = sizeof header + info.size();
    strings.sh_size = names.size();
    std::string bytes;
    append_record(bytes, header);
    bytes += info + names;
    append_record(bytes, none);
    append_record(bytes, modinfo);
    append_record(bytes, strings);
    return bytes;
}

inline std::string make_module(const std::string& name, const std::string& depends,
                               const std::vector<std::string>& more = {}, const std::string& version = "6.1.0-test") {
    std::vector<std::string> texts = {"license=GPL", "depends=" + depends, "name=" + name,
                                      "vermagic=" + version + " SMP mod_unload"};
    texts.insert(texts.end(), more.begin(), more.end());
    return make_module(texts);
}

// A static program of one segment, with something behind it that stripping removes.
inline std::string make_static_program() {
    Elf64_Ehdr header = elf_header(ET_EXEC);
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_filesz = sizeof header + sizeof segment + 16;
    std::string bytes;
    append_record(bytes, header);
    append_record(bytes, segment);
    return bytes + "program's code.." + "debug information of /home/somebody";
}

// A bzImage (boot protocol 2.15) of one setup sector whose payload is `payload`.
inline std::string make_bzimage(const std::string& payload) {
    std::string bytes(1024, '\0');
    bytes[0x1f1] = 1;
    bytes.replace(0x1fe, 2, "\x55\xaa");
    bytes.replace(0x202, 4, "HdrS");
    bytes[0x206] = 0x0f;
    bytes[0x207] = 2;
    const auto size = static_cast<std::uint32_t>(payload.size());
    std::memcpy(bytes.data() + 0x24c, &size, sizeof size);
    return bytes + payload + "what follows the payload";
}

// Tar archives are written by hand: an oracle apart from libarchive, which also writes what libarchive would refuse to.
enum class TarType : char {
    file = '0',
    hard_link = '1',
    symlink = '2',
    character = '3',
    directory = '5',
    pipe = '6',
    long_name = 'L'
};

inline void tar_entry(std::string& tar, const std::string& path, TarType type, std::string_view bytes,
                      unsigned mode = 0644, const std::string& target = {}) {
    if (path.size() > 100)
        tar_entry(tar, "././@LongLink", TarType::long_name, path + std::string(1, '\0')); // GNU tar's way
    std::string header(512, '\0');
    const auto octal = [&](std::size_t at, std::size_t width, std::size_t value) {
        for (std::size_t i = width - 1; i-- > 0; value /= 8) header[at + i] = static_cast<char>('0' + value % 8);
    };
    header.replace(0, std::min<std::size_t>(path.size(), 100), path.substr(0, 100));
    octal(100, 8, mode);
    octal(108, 8, 0);
    octal(116, 8, 0);
    octal(124, 12, bytes.size());
    octal(136, 12, 0);
    header[156] = static_cast<char>(type);
    header.replace(157, target.size(), target);
    header.replace(257, 7, "ustar  ");
    std::size_t sum = 8 * ' ';
    for (const char c : header) sum += static_cast<unsigned char>(c);
    octal(148, 7, sum);
    header[155] = ' ';
    tar.append(header).append(bytes).append((512 - bytes.size() % 512) % 512, '\0');
}

using FillTar = std::function<void(std::string& tar)>;

inline std::string make_tar(const FillTar& fill) {
    std::string tar;
    fill(tar);
    return tar.append(1024, '\0');
}

inline std::string pack(Compression compression, const std::string& bytes) {
    std::string packed;
    auto compressor = Compressor::create(compression, [&](std::string_view part) -> Status {
        packed.append(part);
        return {};
    });
    if (!compressor || !(*compressor)->write(bytes) || !(*compressor)->finish()) std::abort();
    return packed;
}

inline std::string make_ar(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string bytes = "!<arch>\n"; // ar(5)
    for (const auto& [name, content] : members) {
        const auto field = [&](std::string text, std::size_t width) { return text.append(width - text.size(), ' '); };
        bytes += field(name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("100644", 8) +
                 field(std::to_string(content.size()), 10) + "`\n" + content;
        if (content.size() % 2 != 0) bytes += '\n';
    }
    return bytes;
}

inline std::string make_deb(const std::string& package, const std::string& version, const FillTar& fill,
                            Compression compression = Compression::xz) {
    const std::string control = make_tar([&](std::string& tar) {
        tar_entry(tar, "./control", TarType::file,
                  "Package: " + package + "\nVersion: " + version + "\nArchitecture: amd64\n");
    });
    return make_ar({{"debian-binary", "2.0\n"},
                    {"control.tar.gz", pack(Compression::gzip, control)},
                    {"data.tar." + std::string(name(compression)), pack(compression, make_tar(fill))}});
}

} // namespace bulkhead::image::test
