#include "cli/boot_files.hpp"

#include "measure/authenticode.hpp"
#include "measure/replay.hpp"
#include "measure/tboot_policy.hpp"
#include "support.hpp"

#include "base/process.hpp"
#include "base/text.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <unistd.h>

namespace bulkhead::measure {
namespace {

using namespace std::chrono_literals;
using cli::BootFolders;
using cli::predict_from_file;
using test::u32;
using ::testing::HasSubstr;

class Folder {
public:
    Folder() : path_(::testing::TempDir() + "measure-predict-" + std::to_string(::getpid())) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string put(const std::string& name, const std::string& bytes) const {
        const std::filesystem::path file = path_ + "/" + name;
        std::filesystem::create_directories(file.parent_path());
        EXPECT_TRUE(write_file_atomic(file.string(), bytes));
        return file.string();
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::string u16(unsigned value) {
    std::string bytes;
    put_u16(bytes, static_cast<std::uint16_t>(value));
    return bytes;
}

// PE32+ with two sections and bytes behind them. `turned`: the later section stands first in the table.
std::string make_pe(const std::string& behind, bool turned = false) {
    const std::size_t optional_size = 112 + 16 * 8;
    std::string optional =
        u16(0x20b) + std::string(2, '\0') + u32(0x200) + u32(0x200) + u32(0) + u32(0x1000) + u32(0x1000);
    put_u64(optional, 0x400000);
    optional += u32(0x1000) + u32(0x200) + std::string(16, '\0') + u32(0x3000) + u32(0x400) + u32(0x12345678) +
                u16(10) + u16(0);
    optional += std::string(32, '\0') + u32(0) + u32(16);
    optional += std::string(optional_size - optional.size(), '\0');
    const auto section = [](const char* name, std::uint32_t address, std::uint32_t at) {
        std::string padded = name;
        padded.resize(8);
        return padded + u32(0x200) + u32(address) + u32(0x200) + u32(at) + std::string(12, '\0') + u32(0x60000020);
    };
    std::string bytes = "MZ" + std::string(58, '\0') + u32(64) + std::string("PE\0\0", 4) + u16(0x8664) + u16(2) +
                        u32(0) + u32(0) + u32(0) + u16(static_cast<unsigned>(optional_size)) + u16(0x22) + optional +
                        (turned ? section(".data", 0x2000, 0x600) + section(".text", 0x1000, 0x400)
                                : section(".text", 0x1000, 0x400) + section(".data", 0x2000, 0x600));
    bytes += std::string(0x400 - bytes.size(), '\0') + std::string(0x200, 't') + std::string(0x200, 'd');
    return bytes + behind;
}

// "hash: HEX" and the file's name.
std::string pesign(const std::string& file) {
    std::string text = run_checked({"pesign", "-h", "-d", "sha256", "-i", file}, 30s).value_or("failed");
    for (const std::string_view word : words(text)) {
        if (word.size() == 64) return std::string(word);
    }
    return text;
}

constexpr Bank sha256_only[] = {Bank::sha256};

TEST(Authenticode, AgreesWithPesign) {
    const Folder folder;
    for (const std::string& behind : {std::string(), std::string("more and more..."), std::string(8192, 'x')}) {
        const std::string bytes = make_pe(behind);
        const auto digests = authenticode(sha256_only, bytes);
        ASSERT_TRUE(digests) << digests.error().message;
        EXPECT_EQ(to_hex(digests->at(Bank::sha256)), pesign(folder.put("image.efi", bytes)));
    }
}

// No oracle: pesign 0.112 hashes the sections as the table lists them, the specification in the order of the file.
TEST(Authenticode, SectionsCountInTheOrderOfTheFile) {
    const std::string bytes = make_pe("", true);
    const std::size_t optional = 64 + 24;
    const std::size_t directory = optional + 112 + 4 * 8;
    EXPECT_EQ(authenticode(sha256_only, bytes)->at(Bank::sha256),
              hash(Bank::sha256, bytes.substr(0, optional + 64) +
                                     bytes.substr(optional + 68, directory - optional - 68) +
                                     bytes.substr(directory + 8)));
}

TEST(Authenticode, ChecksumAndCertificatesDoNotCount) {
    const std::string plain = make_pe("");
    const Digests expected = authenticode(sha256_only, plain).value();
    std::string changed = plain;
    changed.replace(64 + 24 + 64, 4, u32(0x9abcdef0));
    EXPECT_EQ(authenticode(sha256_only, changed).value(), expected);
    std::string is_signed = plain + std::string(16, 'c');
    is_signed.replace(64 + 24 + 112 + 4 * 8, 8, u32(static_cast<std::uint32_t>(plain.size())) + u32(16));
    EXPECT_EQ(authenticode(sha256_only, is_signed).value(), expected);
    changed = plain;
    changed.back() = 'X';
    EXPECT_NE(authenticode(sha256_only, changed).value(), expected);
}

TEST(Authenticode, LyingImagesAreRefusedWithTheOffset) {
    const std::string good = make_pe("");
    const auto with = [&](std::size_t at, const std::string& value) {
        std::string bad = good;
        bad.replace(at, value.size(), value);
        const auto digests = authenticode(sha256_only, bad);
        return digests ? "" : digests.error().message;
    };
    EXPECT_THAT(with(0, "ZM"), HasSubstr("byte 0: no PE image"));
    EXPECT_THAT(with(60, u32(0xfffffff0)), HasSubstr("the PE header lies outside"));
    EXPECT_THAT(with(64, "XE"), HasSubstr("byte 64: no PE signature"));
    EXPECT_THAT(with(64 + 6, u16(0xffff)), HasSubstr("the section table lies outside"));
    EXPECT_THAT(with(64 + 20, u16(4)), HasSubstr("too short"));
    EXPECT_THAT(with(64 + 24, u16(0x107)), HasSubstr("neither PE32"));
    EXPECT_THAT(with(64 + 24 + 60, u32(0xffffffff)), HasSubstr("what the headers span"));
    EXPECT_THAT(with(64 + 24 + 60, u32(16)), HasSubstr("end before the section table"));
    EXPECT_THAT(with(64 + 24 + 112 + 4 * 8, u32(0x10) + u32(0xffffffff)), HasSubstr("the certificate table"));
    for (std::size_t cut = 0; cut < good.size(); ++cut)
        EXPECT_FALSE(authenticode(sha256_only, good.substr(0, cut))) << cut;
}

TEST(BootFolders, LinksStayInside) {
    const Folder folder;
    folder.put("disk/boot/vmlinuz", "kernel");
    folder.put("secret", "outside");
    std::filesystem::create_symlink("/boot/vmlinuz", folder.path() + "/disk/absolute");
    std::filesystem::create_symlink("../../secret", folder.path() + "/disk/escape");
    auto files = BootFolders::open({{"hd0", folder.path() + "/disk"}}, {Bank::sha256}).value();
    const auto kernel = files.digests("hd0", "/absolute");
    ASSERT_TRUE(kernel && *kernel);
    EXPECT_EQ((*kernel)->at(Bank::sha256), hash(Bank::sha256, "kernel"));
    EXPECT_FALSE(files.digests("hd0", "/escape").value());
    EXPECT_FALSE(files.digests("hd0", "/../secret").value());
    EXPECT_FALSE(files.digests("hd0", "/boot").value());
    EXPECT_EQ(files.type("hd0", "/boot").value(), grub::Files::Type::folder);
    EXPECT_EQ(files.content("hd0", "/boot/vmlinuz").value(), "kernel");
    EXPECT_FALSE(files.content("hd0", "/boot/nothing").value());
    EXPECT_THAT(files.content("hd1", "/x").error().message, HasSubstr("the device 'hd1' is not known"));
    EXPECT_FALSE(BootFolders::open({{"hd0", folder.path() + "/none"}}, {}));
}

const std::string builtin = R"("builtin":["tpm","normal","gzio","linux","boot"])";

TEST(Predict, FirmwareAndGrub) {
    const Folder folder;
    folder.put("esp/boot.efi", make_pe(""));
    folder.put("disk/boot/grub/grub.cfg", "linux /vmlinuz a\nboot\n");
    folder.put("disk/boot/grub/x86_64-efi/command.lst", "linux: linux\nboot: boot\n");
    folder.put("disk/vmlinuz", std::string(1'000'000, 'k'));
    const std::string description = folder.put(
        "boot.json", R"({"banks":["sha1","sha256"],"firmware":{"failed_boot_options":1,"images":["esp/boot.efi"]},)"
                     R"("grub":{"devices":{"hd0,gpt2":"disk"},"prefix":"(hd0,gpt2)/boot/grub",)" +
                         builtin + "}}");
    const auto list = predict_from_file(description);
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->covers, (std::set<std::uint32_t>{4, 8, 9}));
    std::vector<std::string> texts;
    for (const Event& event : list->events) texts.push_back(describe(event));
    EXPECT_THAT(texts, ::testing::ElementsAre("Calling EFI Application from Boot Option", "separator",
                                              "Returning from EFI Application from Boot Option",
                                              "Calling EFI Application from Boot Option", "esp/boot.efi",
                                              "(hd0,gpt2)/boot/grub/x86_64-efi/command.lst",
                                              "(hd0,gpt2)/boot/grub/grub.cfg", "grub_cmd: linux /vmlinuz a", "/vmlinuz",
                                              "kernel_cmdline: /vmlinuz a", "grub_cmd: boot"));
    EXPECT_EQ(list->events[8].digests.at(Bank::sha1), hash(Bank::sha1, std::string(1'000'000, 'k')));
    EXPECT_EQ(replay(*list).size(), 2U);
}

TEST(Predict, WhatIsMissingOrUnknownIsNamed) {
    const Folder folder;
    const auto error = [&](const std::string& text) {
        const auto list = predict_from_file(folder.put("boot.json", text));
        return list ? "" : list.error().message;
    };
    EXPECT_THAT(error("{}"), HasSubstr("nothing to predict"));
    EXPECT_THAT(error("[]"), HasSubstr("not a JSON object"));
    EXPECT_THAT(error(R"({"grub":{"colour":1}})"), HasSubstr("'grub': unknown key 'colour'"));
    EXPECT_THAT(error(R"({"grub":{}})"), HasSubstr("'grub': 'prefix' is missing"));
    EXPECT_THAT(error(R"({"grub":{"prefix":"(hd0)/g"}})"), HasSubstr("does not name the module tpm"));
    EXPECT_THAT(error(R"({"grub":{"prefix":"(hd0)/g",)" + builtin + "}}"), HasSubstr("the device 'hd0' is not known"));
    EXPECT_THAT(error(R"({"firmware":{"images":[]}})"), HasSubstr("'failed_boot_options' is missing"));
    EXPECT_THAT(error(R"({"banks":["md5"]})"), HasSubstr("'md5' is no bank"));
    EXPECT_THAT(error(R"({"tboot":{}})"), HasSubstr("'tboot': 'profile' is missing"));
}

TEST(Predict, TbootFromFiles) {
    const Folder folder;
    folder.put("profile.json", R"({"tpm":"2.0","biosac_reg_data":")" + std::string(64, '0') +
                                   R"(","cpu_scrtm_status":0,"policy_control":0,"lcp_details":"00",)"
                                   R"("lcp_authorities":"00","stm":"00","nv_info":"000000"})");
    const std::string xen = run_checked({"gzip", "-n"}, 30s, "xen").value();
    folder.put("xen.gz", xen);
    folder.put("vmlinuz", "linux");
    std::string acm = std::string("\2\0\0\0", 4) + u32(161) + u32(0) + u32(0) + u32(0x8086) + u32(0x20200101) +
                      u32(0x600 / 4) + u32(0);
    acm += std::string(120 - acm.size(), 'h') + u32(64) + u32(143) + std::string(516 + 572, 'x');
    acm += test::unhex("aa3ac07fa746db182eac698f8d417f5a") + std::string("\1\5\x34\0", 4) + u32(0) + u32(7) +
           u32(0x20000) + u32(0x202);
    acm += std::string(0x600 - acm.size(), 'u');
    folder.put("sinit.bin", acm);
    const auto describe_boot = [&](const std::string& command_line, const std::string& more = "") {
        return folder.put("boot.json", R"({"tboot":{"image":"/boot/tboot.gz","version":"1.10.5","command_line":")" +
                                           command_line + R"(","sinit":"sinit.bin","profile":"profile.json",)" + more +
                                           R"("modules":[{"file":"xen.gz","command_line":"a"},{"file":"vmlinuz"}]}})");
    };
    const auto list = predict_from_file(describe_boot("logging=serial,memory,vga"));
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->covers, (std::set<std::uint32_t>{17, 18, 19}));
    const auto find = [&](std::uint32_t type, std::size_t skip) {
        for (const Event& event : list->events) {
            if (event.type == type && skip-- == 0) return to_hex(event.digests.at(Bank::sha256));
        }
        return std::string("none");
    };
    EXPECT_EQ(find(event_type::txt_mle_hash, 0), "e817bceb81ace2301dfcbccc5965bc5739d43cbd53686de6d24099954f444211");
    EXPECT_EQ(find(event_type::tboot, 2),
              to_hex(tboot_module_digest(Bank::sha256, "a", hash(Bank::sha256, "xen")))); // gunzipped
    EXPECT_THAT(predict_from_file(describe_boot("extpol=md5")).error().message, HasSubstr("extpol=md5 is unknown"));
    EXPECT_THAT(predict_from_file(describe_boot("extpol=sha384")).error().message, HasSubstr("none of the banks"));
    EXPECT_THAT(predict_from_file(describe_boot("x", R"("policy":"vmlinuz",)")).error().message,
                HasSubstr("vmlinuz: byte 0: a tboot policy of version"));
}

} // namespace
} // namespace bulkhead::measure
