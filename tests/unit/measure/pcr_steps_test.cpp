#include "measure/pcr_steps.hpp"

#include "measure/predict.hpp"
#include "measure/replay.hpp"
#include "measure/tboot_policy.hpp"
#include "support.hpp"

#include "base/process.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

namespace bulkhead::measure {
namespace {

using namespace std::chrono_literals;
using test::unhex;
using ::testing::HasSubstr;

std::string walk(Bank bank, const std::vector<std::string>& steps, const Digests& file = {}) {
    std::string value(digest_size(bank), '\0');
    for (const std::string& text : steps) {
        const auto step = parse_pcr_step(text, bank);
        EXPECT_TRUE(step) << step.error().message;
        if (!step) return {};
        value = pcr_after(*step, bank, value, pcr_step_digest(*step, bank, file));
    }
    return to_hex(value);
}

// PCR 17 of an Intel DQ67EP, step by step, as the author of pcr-calc computed it.
TEST(PcrSteps, WalkThroughPcr17) {
    EXPECT_EQ(walk(Bank::sha1, {"ones", "reset", "extend:0fcc099f81549da4836d492afb8ab2e303cecfa1"}),
              "8d3dd5c8e795dfac5dbfa9859310b2bcea36d347");
    EXPECT_EQ(walk(Bank::sha1, {"extend:0fcc099f81549da4836d492afb8ab2e303cecfa1",
                                "extend:7e0cdad3b8d9c344ab89657efdbfa638d1b25978"}),
              "bfa4421b49f6ab899157ba6ee8fec3c5c5abf4ab");
    EXPECT_EQ(walk(Bank::sha1, {"set:0xbfa4421b49f6ab899157ba6ee8fec3c5c5abf4ab",
                                "extend:9704353630674bfe21b86b64a7b0f99c297cf902"}),
              "57a5f1b245ac52614498a728efe7f741b4dc3ebf");
}

TEST(PcrSteps, TextsAndFiles) {
    const Digests file = hash(std::vector{Bank::sha1, Bank::sha256}, "image");
    const std::string start(32, '\0');
    EXPECT_EQ(walk(Bank::sha256, {"text:a:b"}), to_hex(extend(Bank::sha256, start, hash(Bank::sha256, "a:b"))));
    EXPECT_EQ(walk(Bank::sha256, {"text:"}), to_hex(extend(Bank::sha256, start, hash(Bank::sha256, ""))));
    EXPECT_EQ(walk(Bank::sha256, {"file:x"}, file), to_hex(extend(Bank::sha256, start, file.at(Bank::sha256))));
    EXPECT_EQ(walk(Bank::sha256, {"ones"}), std::string(64, 'f'));
    EXPECT_THAT(parse_pcr_step("extend:00", Bank::sha1).error().message, HasSubstr("sha1 has 20 bytes"));
    EXPECT_THAT(parse_pcr_step("extend:zz", Bank::sha1).error().message, HasSubstr("in hexadecimal"));
    for (const char* bad : {"", "extend", "reset:", "wash:00", "EXTEND:00"})
        EXPECT_THAT(parse_pcr_step(bad, Bank::sha1).error().message, HasSubstr("sha1-text:PATH")) << bad;
}

// The commands of meta-measured's initramfs: `sha1sum -b FILE | awk`, `echo -n "$data"` into a tool that hashes it.
TEST(PcrSteps, MetaMeasuredsInitramfs) {
    const std::string path = ::testing::TempDir() + "rootfs-" + std::to_string(::getpid());
    ASSERT_TRUE(write_file_atomic(path, "a root file system"));
    const auto hashed = run_checked(
        {"sh", "-c", "data=$(sha1sum -b \"$1\" | awk '{print $1}'); printf %s \"$data\" | sha1sum", "sh", path}, 60s);
    ASSERT_TRUE(hashed) << hashed.error().message;
    const std::string digest = hashed->substr(0, 40);
    const Digests file = hash(std::vector{Bank::sha1, Bank::sha256}, "a root file system");
    EXPECT_EQ(to_hex(hex_text_digest(Bank::sha1, file.at(Bank::sha1))), digest);
    EXPECT_EQ(walk(Bank::sha1, {"sha1-text:x"}, file), walk(Bank::sha1, {"extend:" + digest}));
    EXPECT_NE(walk(Bank::sha1, {"sha1-text:x"}, file), walk(Bank::sha1, {"file:x"}, file));

    class Files : public BootFiles {
    public:
        Result<std::string> read(const std::string& name, std::size_t) override {
            if (name != "rootfs") return fail(name + ": not there");
            return std::string("a root file system");
        }
        Result<std::unique_ptr<grub::Files>> disks(const std::map<std::string, std::string>&,
                                                   std::vector<Bank>) override {
            return fail("no disks");
        }
    } files;
    const auto list = predict(
        R"({"banks":["sha1"],"initramfs":[{"pcr":9,"file":"rootfs","method":"sha1-text"},{"pcr":15,"file":"rootfs","method":"file"}]})",
        files);
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(to_hex(replay(*list).at(Bank::sha1).at(9)), walk(Bank::sha1, {"extend:" + digest}));
    EXPECT_EQ(to_hex(replay(*list).at(Bank::sha1).at(15)), walk(Bank::sha1, {"file:x"}, file));
    const auto error = [&](const char* text) { return predict(text, files).error().message; };
    EXPECT_THAT(error(R"({"initramfs":[{"file":"rootfs","method":"file"}]})"), HasSubstr("'pcr' is missing"));
    EXPECT_THAT(error(R"({"initramfs":[{"pcr":24,"file":"rootfs","method":"file"}]})"), HasSubstr("none of 0 to 23"));
    EXPECT_THAT(error(R"({"initramfs":[{"pcr":9,"file":"rootfs","method":"md5"}]})"), HasSubstr("'method'"));
    EXPECT_THAT(error(R"({"initramfs":[{"pcr":9,"file":"other","method":"file"}]})"), HasSubstr("not there"));
    ::unlink(path.c_str());
}

TEST(PcrSteps, CommandLinesBeforeTboot194) {
    EXPECT_EQ(without_first_word("/vmlinuz  ro quiet"), "ro quiet");
    EXPECT_EQ(without_first_word("  /vmlinuz ro "), "ro ");
    EXPECT_EQ(without_first_word("/vmlinuz"), "");
    EXPECT_EQ(without_first_word(""), "");
}

} // namespace
} // namespace bulkhead::measure
