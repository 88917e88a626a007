#include "measure/tboot_policy.hpp"

#include "measure/acm.hpp"
#include "measure/gzio.hpp"
#include "measure/lcp.hpp"
#include "measure/mle.hpp"
#include "support.hpp"

#include "base/process.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace bulkhead::measure {
namespace {

using namespace std::chrono_literals;
using test::u32;
using test::unhex;
using ::testing::HasSubstr;

std::string temporary(const std::string& name, const std::string& bytes) {
    std::string path = ::testing::TempDir() + "measure-" + std::to_string(::getpid()) + "-" + name;
    EXPECT_TRUE(write_file_atomic(path, bytes));
    return path;
}

// lcp2_mlehash prints the digest in pairs of digits with blanks between.
std::string mlehash(const std::string& path, Bank bank, const std::string& command_line) {
    std::string text =
        run_checked(
            {"lcp2_mlehash", "--create", "--alg", std::string(bank_name(bank)), "--cmdline", command_line, path}, 60s)
            .value_or("failed");
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
}

constexpr Bank tool_banks[] = {Bank::sha1, Bank::sha256, Bank::sha384, Bank::sha512};

TEST(Mle, AgreesWithLcp2MlehashOnDebiansTboot) {
    const std::string packed = read_file("/boot/tboot.gz", 16 << 20).value();
    const Mle mle = parse_mle(as_loaded(packed, mle_limit).value()).value();
    EXPECT_EQ(mle.version, 0x20001U);
    EXPECT_EQ(to_hex(mle_hash(tool_banks, mle, "logging=serial,memory,vga").at(Bank::sha1)),
              "a9a3453680f99fb3e89100b8a5b10990af3f10e7");
    std::string longest;
    for (int i = 0; i < 505; ++i) longest.push_back(static_cast<char>('a' + i % 26));
    for (const std::string& line : {std::string("logging=serial,memory,vga"), std::string(" a  b\\ \"c\""), longest})
        for (const Bank bank : tool_banks)
            EXPECT_EQ(to_hex(mle_hash(tool_banks, mle, line).at(bank)), mlehash("/boot/tboot.gz", bank, line)) << line;
    EXPECT_EQ(to_hex(mle_hash(tool_banks, mle, "").at(Bank::sha256)),
              "9d472b48bcb6d4a6e72cd66a4296b46b09be7418c9c85ed20bb5bb20b102d755");
}

// An ELF program of two segments with an MLE header; `first` and `second` are their sizes in the file and in memory.
struct Shape {
    std::uint32_t first = 0x400, first_memory = 0x800;
    std::uint32_t second = 0x300, second_memory = 0x300;
    std::uint32_t header_at = 0x100;
    std::uint32_t start = 0x40, end = 0xa00;
    std::uint32_t command_line = 0x900, command_line_end = 0xa00;
};

std::string make_elf(const Shape& shape) {
    Elf32_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_386;
    header.e_version = EV_CURRENT;
    header.e_entry = 0x800000;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = 2;
    const std::uint32_t data_at = sizeof header + 2 * sizeof(Elf32_Phdr);
    const Elf32_Phdr segments[] = {{PT_LOAD, data_at, 0x800000, 0x800000, shape.first, shape.first_memory, 7, 16},
                                   {PT_LOAD, data_at + shape.first, 0x800000 + shape.first_memory,
                                    0x800000 + shape.first_memory, shape.second, shape.second_memory, 7, 16}};
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(reinterpret_cast<const char*>(segments), sizeof segments);
    std::string data;
    for (std::uint32_t i = 0; i < shape.first + shape.second; ++i) data.push_back(static_cast<char>(i * 31 + i / 256));
    const std::string mle = unhex("5aac82906f47a7740f5c55a2cb51b642") + u32(0x34) + u32(0x20001) + u32(0) + u32(0) +
                            u32(shape.start) + u32(shape.end) + u32(0x627) + u32(shape.command_line) +
                            u32(shape.command_line_end);
    data.replace(shape.header_at, mle.size(), mle);
    return bytes + data;
}

TEST(Mle, AgreesWithLcp2MlehashOnGeneratedPrograms) {
    const Shape shapes[] = {{},
                            {0x400, 0x400, 0x800, 0x800, 0x10, 0, 0x900, 0x880, 0x900},
                            {0x200, 0x1000, 0x500, 0x1000, 0x1c0, 0x100, 0x2000, 0x1000, 0x1200}};
    for (const Shape& shape : shapes) {
        const std::string elf = make_elf(shape);
        const Mle mle = parse_mle(elf).value();
        const std::string path = temporary("mle.elf", elf);
        for (const std::string& line :
             {std::string("x"), std::string("loglvl=all extpol=sha256"), std::string(80, 'y')})
            for (const Bank bank : tool_banks)
                EXPECT_EQ(to_hex(mle_hash(tool_banks, mle, line).at(bank)), mlehash(path, bank, line)) << line;
        ::unlink(path.c_str());
    }
}

TEST(Mle, LyingProgramsAreRefused) {
    const auto error = [](const std::string& elf) {
        const auto mle = parse_mle(elf);
        return mle ? "" : mle.error().message;
    };
    const std::string good = make_elf({});
    EXPECT_EQ(error(good), "");
    EXPECT_THAT(error(""), HasSubstr("byte 0: not an ELF file"));
    EXPECT_THAT(error(good.substr(0, 80)), HasSubstr("byte 52: a program header outside the file"));
    std::string huge = good;
    huge.replace(52 + 20, 4, u32(0xffffffff));
    EXPECT_THAT(error(huge), HasSubstr("a segment of 4294967295 bytes in memory"));
    Shape shape;
    shape.end = 0xfffff;
    EXPECT_THAT(error(make_elf(shape)), HasSubstr("outside the image"));
    shape.end = 0x10;
    EXPECT_THAT(error(make_elf(shape)), HasSubstr("outside the image"));
    shape = {};
    shape.command_line_end = 0xfffff;
    EXPECT_THAT(error(make_elf(shape)), HasSubstr("outside the image"));
    shape = {};
    shape.header_at = 0x104; // not aligned to 16 bytes
    EXPECT_THAT(error(make_elf(shape)), HasSubstr("no MLE header"));
}

TEST(Gunzip, BoundsAndBrokenStreams) {
    const std::string packed = run_checked({"gzip", "-n"}, 30s, std::string(100'000, 'x')).value();
    EXPECT_EQ(as_loaded(packed, 100'000).value(), std::string(100'000, 'x'));
    EXPECT_EQ(as_loaded("plain", 1).value(), "plain");
    EXPECT_THAT(as_loaded(packed, 99'999).error().message, HasSubstr("the limit of 99999 bytes"));
    EXPECT_THAT(as_loaded(packed.substr(0, 50), 1 << 20).error().message, HasSubstr("damaged or cut short"));
    EXPECT_THAT(as_loaded(packed + "x", 1 << 20).error().message, HasSubstr("1 bytes behind"));
}

TEST(TbootPolicy, DefaultsAreThoseThatHostsMeasured) {
    using enum DefaultPolicy;
    const auto policy_hash = [](DefaultPolicy which, Bank bank) {
        return to_hex(hash(bank, tboot_policy_bytes(default_tboot_policy(which))));
    };
    EXPECT_EQ(policy_hash(tpm20, Bank::sha256), "e8cd244a4fa79c3e7ebb9e0a5a682157edfec023f1228eef274b84789cc6df89");
    EXPECT_EQ(policy_hash(tpm12, Bank::sha1), "86a462b6f209a2e0dad44e8d8934a240590d5222");
    EXPECT_EQ(policy_hash(legacy, Bank::sha256), "45c82b6a9f259424f78e8a8b7ae58528f78b8dfdb3d9fdc6c1318f119a7b39a2");
    EXPECT_EQ(policy_hash(year2013, Bank::sha1), "ab41624e7d71f068d48e1c2f43e616bf40671c39");
    const auto extended = [](DefaultPolicy which, Bank bank, Bank current) {
        return to_hex(tboot_policy_digest(bank, current, default_tboot_policy(which)));
    };
    EXPECT_EQ(extended(tpm20, Bank::sha256, Bank::sha256),
              "71be5852a14eabefebf0df0e1acc5da291883b6d4c5ab20914ed987c1daf3f91");
    EXPECT_EQ(extended(tpm20, Bank::sha1, Bank::sha256), "0afc07618e3739481f4c2abaf703ca4e35507e6e");
    EXPECT_EQ(extended(tpm20_before, Bank::sha256, Bank::sha256),
              "27808f64e6383982cd3bcc10cfcb3457c0b65f465f779d89b668839eaf263a67");
    EXPECT_EQ(extended(tpm20_before, Bank::sha1, Bank::sha256), "ca96de412b4e8c062e570d3013d2fccb4b20250a");
    EXPECT_EQ(extended(tpm12, Bank::sha1, Bank::sha1), "c3438497fda827be3b321c5309a204f0c9e53943");
    EXPECT_EQ(extended(legacy, Bank::sha256, Bank::sha256),
              "9f6449ddf2b1dda0ac1df6f42b4f96e50f66bbd41aeb6ee49766432f1e328052");
    EXPECT_EQ(extended(year2013, Bank::sha1, Bank::sha1), "9704353630674bfe21b86b64a7b0f99c297cf902");
    TbootPolicy silent = default_tboot_policy(tpm12);
    silent.control = 0;
    EXPECT_EQ(tboot_policy_digest(Bank::sha1, Bank::sha1, silent), hash(Bank::sha1, std::string(24, '\0')));
}

TEST(TbootPolicy, AgreesWithTbPolgen) {
    for (const Bank bank : {Bank::sha1, Bank::sha256, Bank::sha384, Bank::sha512}) {
        const std::string file = temporary("policy", "");
        ::unlink(file.c_str());
        const std::string image = temporary("image", "the image");
        const auto tool = [&](std::vector<std::string> arguments) {
            arguments.insert(arguments.begin(), "tb_polgen");
            arguments.push_back(file);
            const auto done = run_checked(arguments, 30s);
            EXPECT_TRUE(done) << done.error().message;
        };
        tool({"--create", "--type", "halt", "--alg", std::string(bank_name(bank)), "--ctrl", "1"});
        tool({"--add", "--num", "0", "--pcr", "none", "--hash", "image", "--cmdline", "a b", "--image", image});
        tool({"--add", "--num", "0", "--pcr", "none", "--hash", "image", "--cmdline", "", "--image", image});
        tool({"--add", "--num", "2", "--pcr", "18", "--hash", "any"});
        tool({"--add", "--num", "any", "--pcr", "19", "--hash", "any"});
        const std::string bytes = read_file(file, 4096).value();
        ::unlink(file.c_str());
        ::unlink(image.c_str());
        const auto policy = parse_tboot_policy(bytes);
        ASSERT_TRUE(policy) << policy.error().message;
        EXPECT_EQ(tboot_policy_bytes(*policy), bytes);
        EXPECT_EQ(policy->type, 2);
        EXPECT_EQ(policy->hash_algorithm, static_cast<std::uint8_t>(bank));
        ASSERT_EQ(policy->find(0)->hashes.size(), 2U);
        const std::string image_digest = hash(bank, "the image");
        EXPECT_EQ(policy->find(0)->hashes[0], tboot_module_digest(bank, "a b", image_digest));
        EXPECT_EQ(policy->find(0)->hashes[1], tboot_module_digest(bank, "", image_digest));
        EXPECT_EQ(policy->find(2)->pcr, 18);
        EXPECT_EQ(policy->find(1)->pcr, 19);
    }
}

TEST(TbootPolicy, LyingPoliciesAreRefusedWithTheOffset) {
    const std::string good = tboot_policy_bytes(default_tboot_policy(DefaultPolicy::tpm20));
    const auto with = [&](std::size_t at, char value) {
        std::string bad = good;
        bad[at] = value;
        return parse_tboot_policy(bad).error().message;
    };
    EXPECT_THAT(with(0, 3), HasSubstr("byte 0: "));
    EXPECT_THAT(with(1, 3), HasSubstr("byte 1: policy type 3"));
    EXPECT_THAT(with(2, 0x27), HasSubstr("byte 2: hash algorithm 39"));
    EXPECT_THAT(with(11, 4), HasSubstr("byte 36: module number needs 1 bytes"));
    EXPECT_THAT(with(11, 2), HasSubstr("byte 28: 8 bytes behind"));
    EXPECT_THAT(with(19, 1), HasSubstr("byte 20: hash needs 32 bytes, 16 are left"));
}

TEST(LcpPolicy, AgreesWithLcp2Crtpol) {
    struct Case {
        const char* version;
        std::uint16_t number;
        std::size_t size;
    };
    for (const Case& each : {Case{"2.0", 0x200, 20}, {"2.4", 0x204, 20}, {"3.0", 0x300, 32}, {"3.2", 0x302, 32}}) {
        const std::string file = temporary("lcp", "");
        std::vector<std::string> command = {"lcp2_crtpol", "--create",   "--type",          "any", "--minver", "17",
                                            "--rev",       "1,2",        "--ctrl",          "2",   "--pol",    file,
                                            "--polver",    each.version, "--max_sinit_min", "5"};
        if (each.size == 32)
            command.insert(command.end(),
                           {"--alg", "sha256", "--mask", "sha256", "--mask", "sha384", "--sign", "rsa-2048-sha256"});
        const auto done = run_checked(command, 30s);
        ASSERT_TRUE(done) << done.error().message;
        const std::string bytes = read_file(file, 4096).value();
        ::unlink(file.c_str());
        const auto policy = parse_lcp_policy(bytes);
        ASSERT_TRUE(policy) << policy.error().message;
        EXPECT_EQ(policy->version, each.number);
        EXPECT_EQ(policy->type, LcpPolicy::Type::any);
        EXPECT_EQ(policy->sinit_min_version, 17);
        EXPECT_EQ(policy->revocation_counters[0], 1);
        EXPECT_EQ(policy->revocation_counters[1], 2);
        EXPECT_EQ(policy->control, 2U);
        EXPECT_EQ(policy->max_sinit_min_version, 5);
        EXPECT_EQ(policy->hash_mask, each.size == 32 ? 0x48 : 0);
        EXPECT_EQ(policy->signature_mask, each.size == 32 ? 8U : 0U);
        EXPECT_EQ(policy->policy_hash, std::string(each.size, '\0'));
        EXPECT_THAT(parse_lcp_policy(bytes + "x").error().message, HasSubstr("1 bytes behind the policy"));
        for (std::size_t cut = 0; cut < bytes.size(); ++cut)
            EXPECT_THAT(parse_lcp_policy(bytes.substr(0, cut)).error().message, HasSubstr("byte ")) << cut;
    }
    EXPECT_THAT(parse_lcp_policy(std::string("\0\5", 2)).error().message, HasSubstr("of version 5.0"));
}

// A module with a header, an RSA-2048 key, a scratch area and an information table; 0x400 bytes, then padding.
std::string make_acm() {
    std::string bytes;
    put_u16(bytes, 2);
    put_u16(bytes, 0);
    bytes += u32(161) + u32(0);
    put_u16(bytes, 0xb00c);
    put_u16(bytes, 0);
    bytes += u32(0x8086) + u32(0x20171229) + u32(0x800 / 4);
    put_u16(bytes, 3);
    put_u16(bytes, 4);
    bytes += std::string(120 - bytes.size(), 'h') + u32(64) + u32(143);
    bytes += std::string(256, 'k') + u32(17) + std::string(256, 's');
    bytes += std::string(143 * 4, 'c');
    bytes += unhex("aa3ac07fa746db182eac698f8d417f5a") + std::string("\1\5\x34\0", 4) + u32(0) + u32(7) + u32(0x20000) +
             u32(0x22e) + std::string("\x15\0\0\0", 4);
    bytes += std::string(0x800 - bytes.size(), 'u');
    return bytes + "padding";
}

TEST(Acm, HeaderAndHash) {
    const std::string bytes = make_acm();
    const auto acm = parse_acm(bytes);
    ASSERT_TRUE(acm) << acm.error().message;
    EXPECT_EQ(acm->size, 0x800U);
    EXPECT_EQ(acm->date, 0x20171229U);
    EXPECT_EQ(acm->txt_svn, 3);
    EXPECT_EQ(acm->header_size, 644U);
    ASSERT_TRUE(acm->info);
    EXPECT_EQ(acm->info->type, 1);
    EXPECT_EQ(acm->info->os_sinit_data_version, 7U);
    EXPECT_EQ(acm->info->capabilities, 0x22eU);
    EXPECT_EQ(acm->info->acm_version, 0x15);
    for (const Bank bank : {Bank::sha1, Bank::sha256})
        EXPECT_EQ(acm_hash(bank, *acm, bytes),
                  hash(bank, bytes.substr(0, 128) + bytes.substr(644 + 572, 0x800 - 644 - 572)));
    EXPECT_EQ(acm_key_hash(*acm), hash(Bank::sha256, std::string(256, 'k')));
}

TEST(Acm, LyingHeadersAreRefusedWithTheOffset) {
    const auto with = [](std::size_t at, std::uint32_t value) {
        std::string bad = make_acm();
        bad.replace(at, 4, u32(value));
        return parse_acm(bad).error().message;
    };
    EXPECT_THAT(with(0, 3), HasSubstr("byte 0: module type 3"));
    EXPECT_THAT(with(4, 90), HasSubstr("byte 4: a header of 360 bytes"));
    EXPECT_THAT(with(4, 0xffffffff), HasSubstr("byte 4: "));
    EXPECT_THAT(with(24, 0xffffffff), HasSubstr("byte 24: a module of 17179869180 bytes"));
    EXPECT_THAT(with(24, 300), HasSubstr("byte 4: "));
    EXPECT_THAT(with(120, 65), HasSubstr("byte 120: a key of 260 bytes"));
    EXPECT_THAT(with(124, 0xffffffff), HasSubstr("byte 4: "));
    for (std::size_t cut = 0; cut < 0x800; cut += 13)
        EXPECT_THAT(parse_acm(make_acm().substr(0, cut)).error().message, HasSubstr("byte ")) << cut;
}

} // namespace
} // namespace bulkhead::measure
