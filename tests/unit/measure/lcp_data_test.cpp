#include "measure/lcp_data.hpp"

#include "measure/lcp.hpp"
#include "support.hpp"

#include "base/process.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <unistd.h>

namespace bulkhead::measure {
namespace {

using namespace std::chrono_literals;
using test::u32;
using ::testing::HasSubstr;

// A folder of files that tboot's tools write and read.
class LcpTools : public ::testing::Test {
protected:
    LcpTools() { std::filesystem::create_directories(folder_); }
    ~LcpTools() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    [[nodiscard]] std::string content(const std::string& name) const {
        return read_file(path(name), lcp_data_limit).value_or("");
    }
    static std::string run(const std::vector<std::string>& command) {
        const auto output = run_checked(command, 60s);
        EXPECT_TRUE(output) << output.error().message;
        return output.value_or("");
    }
    // The tools read digests as pairs of digits with blanks between.
    std::string hashes(const std::string& name, Bank bank, unsigned count) {
        std::string text;
        for (unsigned i = 0; i < count; ++i) {
            for (const char c : hash(bank, std::to_string(i))) text += to_hex(std::string_view(&c, 1)) + " ";
            text += "\n";
        }
        EXPECT_TRUE(write_file_atomic(path(name), text));
        return path(name);
    }
    std::string element(const std::string& name, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"lcp2_crtpolelt", "--create", "--type"});
        // The type comes first, the files last.
        arguments.insert(arguments.begin() + 4, {"--ctrl", "0x1", "--out", path(name)});
        run(arguments);
        return path(name);
    }
    std::string list(const std::string& name, const char* version, const std::vector<std::string>& elements) {
        std::vector<std::string> command = {"lcp2_crtpollist", "--create", "--listver", version, "--out", path(name)};
        command.insert(command.end(), elements.begin(), elements.end());
        run(command);
        return path(name);
    }
    void sign(const std::string& file, const std::string& scheme, const char* bits) {
        const std::string key = path("key"), pub = path("key.pub");
        if (scheme == "ecdsa")
            run({"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key});
        else
            run({"openssl", "genrsa", "-out", key, bits});
        run({"openssl", scheme == "ecdsa" ? "ec" : "rsa", "-in", key, "-pubout", "-out", pub});
        run({"lcp2_crtpollist", "--sign", "--sigalg", scheme, "--hashalg", "sha256", "--pub", pub, "--priv", key,
             "--rev", "5", "--out", file});
    }
    // A policy of tboot's tool for the lists, and its data file.
    LcpPolicy policy(const char* version, const char* bank, const char* signing,
                     const std::vector<std::string>& lists) {
        std::vector<std::string> command = {"lcp2_crtpol", "--create", "--alg", bank,        "--type", "list",
                                            "--polver",    version,    "--pol", path("pol"), "--data", path("data")};
        if (*signing != '\0') command.insert(command.end(), {"--sign", signing});
        command.insert(command.end(), lists.begin(), lists.end());
        run(command);
        return parse_lcp_policy(content("pol")).value();
    }

private:
    std::string folder_ = ::testing::TempDir() + "lcp-" + std::to_string(::getpid());
};

TEST_F(LcpTools, ElementsOfATpm20) {
    const std::string sha1 = hashes("h1", Bank::sha1, 2), sha256 = hashes("h256", Bank::sha256, 3);
    const std::string digest = to_hex(hash(Bank::sha256, "a PCR"));
    const std::string file =
        list("list", "0x201",
             {element("mle", {"mle2", "--alg", "sha256", "--minver", "17", sha256}),
              element("custom", {"custom", "--uuid", "tboot", sha1}),
              element("stm", {"stm", "--alg", "sha256", sha256}), element("sbios", {"sbios", "--alg", "sha1", sha1}),
              element("pconf", {"pconf2", "--alg", "sha256", "--pcr0", digest, "--pcr7", digest})});
    const LcpPolicy policy = this->policy("3.0", "sha256", "rsa-2048-sha256", {file});
    const std::string bytes = content("data");
    const auto data = parse_lcp_data(bytes);
    ASSERT_TRUE(data) << data.error().message;
    ASSERT_EQ(data->lists.size(), 1U);
    const LcpList& only = data->lists[0];
    EXPECT_EQ(only.bytes, content("list"));
    EXPECT_FALSE(only.signature);
    ASSERT_EQ(only.elements.size(), 5U);
    // The tool puts them into the list in an order of its own.
    const auto find = [&](const std::string& name) -> const LcpElement& {
        for (const LcpElement& each : only.elements) {
            if (lcp_element_name(each.type) == name) return each;
        }
        ADD_FAILURE() << name;
        return only.elements[0];
    };
    EXPECT_EQ(find("MLE2").sinit_min_version, 17);
    EXPECT_EQ(find("MLE2").hash_algorithm, 11U);
    ASSERT_EQ(find("MLE2").hashes.size(), 3U);
    EXPECT_EQ(find("MLE2").hashes[2], hash(Bank::sha256, "2"));
    EXPECT_EQ(find("MLE2").control, 1U);
    EXPECT_EQ(find("STM2").hashes.size(), 3U);
    EXPECT_EQ(find("SBIOS2").fallback_hash, hash(Bank::sha1, "0"));
    ASSERT_EQ(find("SBIOS2").hashes.size(), 1U);
    EXPECT_EQ(find("SBIOS2").hashes[0], hash(Bank::sha1, "1"));
    EXPECT_EQ(to_hex(find("PCONF2").selections.at(0)), "810000");
    EXPECT_EQ(find("PCONF2").hashes.at(0).size(), 32U); // not of the two PCRs one behind the other: the tool's affair
    const bool custom2 = std::any_of(only.elements.begin(), only.elements.end(),
                                     [](const LcpElement& each) { return lcp_element_name(each.type) == "CUSTOM2"; });
    EXPECT_EQ(find(custom2 ? "CUSTOM2" : "CUSTOM").data, content("h1"));
    EXPECT_EQ(lcp_policy_hash(*data, Bank::sha256), policy.policy_hash);

    // Whatever is cut off or grows is refused.
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        EXPECT_THAT(parse_lcp_data(bytes.substr(0, cut)).error().message, HasSubstr("byte ")) << cut;
    EXPECT_THAT(parse_lcp_data(bytes + "x").error().message, HasSubstr("1 bytes behind the last list"));
}

TEST_F(LcpTools, ElementsOfATpm12AndSignedLists) {
    const std::string sha1 = hashes("h1", Bank::sha1, 2);
    EXPECT_TRUE(write_file_atomic(path("pc"), "locality:1\n1:518bd167271fbb64589c61e43d8c0165861431d8\n"));
    const std::string plain = list(
        "plain", "0x100", {element("mle", {"mle", "--minver", "17", sha1}), element("pconf", {"pconf", path("pc")})});
    const std::string with_signature = list("signed", "0x100", {path("mle")});
    sign(with_signature, "rsa", "2048");
    const LcpPolicy policy = this->policy("2.2", "sha1", "", {with_signature, plain});
    const std::string bytes = content("data");
    const auto data = parse_lcp_data(bytes);
    ASSERT_TRUE(data) << data.error().message;
    ASSERT_EQ(data->lists.size(), 2U);
    ASSERT_TRUE(data->lists[0].signature);
    EXPECT_EQ(data->lists[0].signature->algorithm, "rsa");
    EXPECT_EQ(data->lists[0].signature->key_bits, 2048U);
    EXPECT_EQ(data->lists[0].signature->revocation_counter, 5U);
    ASSERT_EQ(data->lists[1].elements.size(), 2U);
    std::size_t found = 0;
    for (const LcpElement& each : data->lists[1].elements) {
        if (lcp_element_name(each.type) == "MLE") {
            ++found;
            EXPECT_EQ(each.hashes, (std::vector{hash(Bank::sha1, "0"), hash(Bank::sha1, "1")}));
        } else if (lcp_element_name(each.type) == "PCONF") {
            ++found;
            EXPECT_EQ(to_hex(each.selections.at(0)), "02");
            EXPECT_EQ(each.hashes.at(0).size(), 20U);
        }
    }
    EXPECT_EQ(found, 2U);
    EXPECT_EQ(lcp_policy_hash(*data, Bank::sha1), policy.policy_hash);
}

TEST_F(LcpTools, SignaturesOfATpm20) {
    const std::string mle = element("mle", {"mle2", "--alg", "sha256", hashes("h", Bank::sha256, 1)});
    const std::string old = list("old", "0x201", {mle});
    sign(old, "rsa", "2048");
    const std::string unsigned_list = list("unsigned", "0x201", {mle});
    LcpPolicy policy = this->policy("3.0", "sha256", "rsa-2048-sha256", {old, unsigned_list});
    std::string bytes = content("data");
    auto data = parse_lcp_data(bytes).value();
    EXPECT_EQ(data.lists[0].signature->revocation_counter, 5U);
    EXPECT_EQ(lcp_policy_hash(data, Bank::sha256), policy.policy_hash);

    const std::string pss = list("pss", "0x300", {mle});
    sign(pss, "rsapss", "3072");
    policy = this->policy("3.2", "sha256", "rsa-3072-sha256", {pss});
    bytes = content("data");
    data = parse_lcp_data(bytes).value();
    ASSERT_TRUE(data.lists[0].signature);
    EXPECT_EQ(data.lists[0].signature->algorithm, "rsapss");
    EXPECT_EQ(data.lists[0].signature->key_bits, 3072U);
    EXPECT_EQ(data.lists[0].signature->revocation_counter, 5U);
    EXPECT_EQ(lcp_policy_hash(data, Bank::sha256), policy.policy_hash);
    for (std::size_t cut = 36; cut < bytes.size(); ++cut) EXPECT_FALSE(parse_lcp_data(bytes.substr(0, cut))) << cut;

    // tboot 1.10's lcp2_crtpol takes no lists that are signed by ECDSA; its list tool writes them.
    for (const char* version : {"0x201", "0x300"}) {
        const std::string name = std::string("ec") + version;
        std::vector<std::string> command = {"lcp2_crtpollist", "--create"};
        if (std::string(version) == "0x201") command.insert(command.end(), {"--sigalg", "ecdsa"});
        command.insert(command.end(), {"--listver", version, "--out", path(name), mle});
        run(command);
        sign(path(name), "ecdsa", "");
        bytes = std::string(lcp_data_signature) + std::string("\0\0\0\1", 4) + content(name);
        const auto parsed = parse_lcp_data(bytes);
        ASSERT_TRUE(parsed) << version << ": " << parsed.error().message;
        EXPECT_EQ(parsed->lists[0].signature->algorithm, "ecdsa");
        EXPECT_EQ(parsed->lists[0].signature->key_bits, 256U);
        EXPECT_EQ(parsed->lists[0].signature->x.size(), 32U);
        EXPECT_FALSE(lcp_policy_hash(*parsed, Bank::sha256));
    }
}

TEST(LcpData, LiesAreRefusedWithTheOffset) {
    const std::string head = std::string(lcp_data_signature) + std::string("\0\0\0\1", 4);
    const auto error = [](const std::string& bytes) {
        const auto data = parse_lcp_data(bytes);
        return data ? std::string("none") : data.error().message;
    };
    const auto list = [&](const std::string& element, const std::string& versions = std::string("\1\2\x10\0", 4)) {
        return head + versions + u32(static_cast<std::uint32_t>(element.size())) + element;
    };
    EXPECT_EQ(error(list("")), "none");
    EXPECT_EQ(error(list(u32(14) + u32(0x99) + u32(0) + "ab")), "none");
    EXPECT_THAT(error("tboot"), HasSubstr("byte 0: "));
    EXPECT_THAT(error(std::string(lcp_data_signature) + std::string("\0\0\0\0", 4)), HasSubstr("byte 35: 0 lists"));
    EXPECT_THAT(error(std::string(lcp_data_signature) + std::string("\0\0\0\x09", 4)), HasSubstr("byte 35: 9 lists"));
    EXPECT_THAT(error(list("", std::string("\0\4\x10\0", 4))), HasSubstr("byte 36: a list of version 4.0"));
    EXPECT_THAT(error(list("", std::string("\1\2\x11\0", 4))), HasSubstr("byte 38: signature algorithm 17"));
    EXPECT_THAT(error(list("", std::string("\0\1\0\2", 4))), HasSubstr("byte 38: signature algorithm 2"));
    EXPECT_THAT(error(list("", std::string("\0\3\x55\0", 4)) + "\1\2\3"), HasSubstr("byte 38: the key and signature"));
    EXPECT_THAT(error(list(u32(11) + u32(0) + u32(0))), HasSubstr("byte 44: an element of 11 bytes"));
    EXPECT_THAT(error(list(u32(0xffffffff) + u32(0) + u32(0))), HasSubstr("byte 56: MLE element needs 4294967283"));
    EXPECT_THAT(error(list(u32(16) + u32(0x10) + u32(0) + u32(0xffff0000))),
                HasSubstr("byte 58: hash algorithm 65535"));
    EXPECT_THAT(error(list(u32(18) + u32(0x14) + u32(0) + std::string("\xb\0\xff\xff\0\0", 6))),
                HasSubstr("byte 60: hash needs 32 bytes, 2 are left"));
    EXPECT_THAT(error(list(u32(20) + u32(0x14) + u32(0) + std::string("\xb\0\0\0ab\0\0", 8))),
                HasSubstr("byte 60: 4 bytes behind the content of a STM2 element"));
    EXPECT_EQ(lcp_element_name(3), "CUSTOM");
    EXPECT_EQ(lcp_element_name(0x14), "STM2");
    EXPECT_EQ(lcp_element_name(0x15), "0x00000015");
}

} // namespace
} // namespace bulkhead::measure
