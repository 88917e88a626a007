// Quotes and policies against tpm2-tools and a software TPM.
#include "measure/event_list.hpp"
#include "measure/quote_check.hpp"
#include "measure/tpm_policy.hpp"
#include "support/software_tpm.hpp"

#include "base/text.hpp"

#include <gmock/gmock.h>

namespace bulkhead::measure {
namespace {

using bulkhead::test::SoftwareTpm;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string unhex(std::string_view digits) {
    return from_hex(digits).value();
}

const std::string nonce_hex = "00112233445566778899aabbccddeeff00112233";

// A machine that measured three things into PCR 8 and 9 of the bank SHA-256 and SHA-1.
EventList boot_list(const std::string& kernel) {
    EventList list;
    list.banks = {Bank::sha1, Bank::sha256};
    const std::pair<std::uint32_t, std::string> rows[] = {
        {8, "grub_cmd: linux"}, {9, "/boot/vmlinuz"}, {9, "/boot/initrd"}};
    for (const auto& [pcr, name] : rows) {
        Event event;
        event.pcr = pcr;
        event.type = event_type::ipl;
        event.data = name + '\0';
        event.digests = hash(list.banks, name == "/boot/vmlinuz" ? kernel : name);
        list.events.push_back(event);
    }
    return list;
}

void measure_into(const SoftwareTpm& tpm, const EventList& list) {
    for (const Event& event : list.events)
        ASSERT_TRUE(
            tpm.tool({"tpm2_pcrextend", std::to_string(event.pcr) + ":sha1=" + to_hex(event.digests.at(Bank::sha1)) +
                                            ",sha256=" + to_hex(event.digests.at(Bank::sha256))}));
}

struct Made {
    std::string quote, signature, values, pem, tss;
};

Made quote_of(const SoftwareTpm& tpm, const std::string& key, const std::string& hash_name, const std::string& pcrs) {
    constexpr const char* attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign";
    const auto ok = [](const Result<std::string>& said) { EXPECT_TRUE(said) << said.error().message; };
    ok(tpm.tool({"tpm2_createprimary", "-Q", "-C", "e", "-G", key + ":null", "-a", attributes, "-c", "ak.ctx"}));
    ok(tpm.tool({"tpm2_readpublic", "-Q", "-c", "ak.ctx", "-f", "pem", "-o", "ak.pem"}));
    ok(tpm.tool({"tpm2_readpublic", "-Q", "-c", "ak.ctx", "-f", "tss", "-o", "ak.pub"}));
    const bool pss = key.find("rsapss") != std::string::npos;
    ok(tpm.tool({"tpm2_quote", "-Q", "-c", "ak.ctx", "-l", pcrs, "-q", nonce_hex, "-m", "quote", "-s", "signature",
                 "-g", hash_name, pss ? "--scheme=rsapss" : "-Q", "-F", "values", "-o", "values"}));
    if (pss) { // which tpm2_checkquote 5.4 does not know
        const std::string signature = read_file(tpm.file("signature"), 1 << 16).value();
        EXPECT_TRUE(write_file_atomic(tpm.file("raw"), signature.substr(6)));
        ok(tpm.tool({"openssl", "dgst", "-sha256", "-verify", "ak.pem", "-signature", "raw", "-sigopt",
                     "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:auto", "quote"}));
    } else {
        ok(tpm.tool({"tpm2_checkquote", "-Q", "-u", "ak.pem", "-m", "quote", "-s", "signature", "-q", nonce_hex, "-g",
                     hash_name}));
    }
    const auto read = [&](const char* name) { return read_file(tpm.file(name), 1 << 16).value(); };
    return {read("quote"), read("signature"), read("values"), read("ak.pem"), read("ak.pub")};
}

Result<AuthenticQuote> authentic(const Made& made) {
    const TpmKey key = TRY(TpmKey::parse(made.tss));
    return authenticate(key, made.quote, made.signature, unhex(nonce_hex));
}

struct Kind {
    const char* key;
    const char* hash;
    const char* description;
};
constexpr Kind kinds[] = {{"rsa2048:rsassa-sha256", "sha256", "RSA 2048"},
                          {"rsa2048:rsapss-sha256", "sha256", "RSA 2048"},
                          {"rsa2048:rsassa-sha512", "sha512", "RSA 2048"},
                          {"ecc256:ecdsa-sha256", "sha256", "ECC P-256"},
                          {"ecc384:ecdsa-sha384", "sha384", "ECC P-384"}};

TEST(Quote, VerifiesWhatATpmSignsWithEveryScheme) {
    const SoftwareTpm tpm;
    const EventList list = boot_list("kernel 1");
    measure_into(tpm, list);
    for (const Kind& kind : kinds) {
        SCOPED_TRACE(kind.key);
        const Made made = quote_of(tpm, kind.key, kind.hash, "sha256:0,8,9,17+sha1:9");
        for (const std::string& text : {made.pem, made.tss}) {
            const auto key = TpmKey::parse(text);
            ASSERT_TRUE(key) << key.error().message;
            EXPECT_EQ(key->description(), kind.description);
            const auto good = authenticate(*key, made.quote, made.signature, unhex(nonce_hex));
            ASSERT_TRUE(good) << good.error().message;
            EXPECT_EQ(to_text(good->quote.selection), "sha256:0,8,9,17+sha1:9");
            const auto verdict = judge(*good, list, &list, &made.values);
            ASSERT_TRUE(verdict) << verdict.error().message;
            EXPECT_TRUE(verdict->holds()) << ::testing::PrintToString(verdict->faults);
        }
        EXPECT_EQ(TpmKey::parse(made.pem)->fingerprint(), TpmKey::parse(made.tss)->fingerprint());
        // Every byte of the quote is signed, and the signature is whole.
        const TpmKey key = TpmKey::parse(made.pem).value();
        const TpmSignature signature = parse_tpm_signature(made.signature).value();
        EXPECT_TRUE(key.verify(signature, made.quote));
        for (std::size_t i = 0; i < made.quote.size(); i += 7) {
            std::string forged = made.quote;
            forged[i] = static_cast<char>(forged[i] ^ 1);
            EXPECT_FALSE(key.verify(signature, forged)) << i;
        }
        for (std::size_t size = 0; size < made.quote.size(); ++size)
            EXPECT_FALSE(parse_quote(std::string_view(made.quote).substr(0, size))) << size;
        for (std::size_t size = 0; size < made.signature.size(); ++size)
            EXPECT_FALSE(parse_tpm_signature(std::string_view(made.signature).substr(0, size))) << size;
        for (std::size_t size = 0; size < made.tss.size(); ++size)
            EXPECT_FALSE(TpmKey::parse(std::string_view(made.tss).substr(0, size))) << size;
        EXPECT_FALSE(parse_quote(made.quote + "x"));
        EXPECT_FALSE(parse_tpm_signature(made.signature + "x"));
    }
}

TEST(Quote, NamesWhatIsWrong) {
    const SoftwareTpm tpm;
    const EventList good = boot_list("kernel 1"), changed = boot_list("kernel 2");
    measure_into(tpm, changed);
    const Made made = quote_of(tpm, "ecc256:ecdsa-sha256", "sha256", "sha256:8,9");
    const TpmKey key = TpmKey::parse(made.tss).value();

    const auto stale = authenticate(key, made.quote, made.signature, "another nonce");
    ASSERT_FALSE(stale);
    EXPECT_THAT(stale.error().message, HasSubstr("another nonce (" + nonce_hex));

    const auto quote = authentic(made);
    ASSERT_TRUE(quote) << quote.error().message;
    // An honest log of a changed machine.
    const auto other_kernel = judge(*quote, changed, &good, nullptr);
    ASSERT_TRUE(other_kernel) << other_kernel.error().message;
    EXPECT_TRUE(other_kernel->log_matches);
    EXPECT_EQ(other_kernel->as_expected, false);
    ASSERT_EQ(other_kernel->faults.size(), 1U);
    EXPECT_THAT(other_kernel->faults[0], HasSubstr("PCR 9, event 1: /boot/vmlinuz differs"));
    // A log that lies: it is not what the TPM signed, and with the values it is told where.
    const auto lie = judge(*quote, good, &good, &made.values);
    ASSERT_TRUE(lie) << lie.error().message;
    EXPECT_FALSE(lie->log_matches);
    EXPECT_THAT(lie->wrong, ElementsAre(9U));
    EXPECT_THAT(lie->faults[0], HasSubstr("PCR 9: the log leads to sha256"));
    const auto lie_unread = judge(*quote, good, nullptr, nullptr);
    EXPECT_THAT(lie_unread->faults, ElementsAre(HasSubstr("does not lead to the PCRs that the TPM signed")));
    // Values that the TPM did not sign name nothing.
    const std::string invented(made.values.size(), 'x');
    EXPECT_TRUE(judge(*quote, good, nullptr, &invented)->wrong.empty());
    const std::string small = "x";
    EXPECT_FALSE(judge(*quote, good, nullptr, &small));
    // A list without the bank, and a prediction that does not speak of the PCR.
    EventList sha1_only = good;
    sha1_only.banks = {Bank::sha1};
    EXPECT_FALSE(judge(*quote, sha1_only, nullptr, nullptr));
    EventList of_eight = good;
    of_eight.covers = {8};
    EXPECT_THAT(judge(*quote, good, &of_eight, nullptr).error().message, HasSubstr("PCR 9"));
}

TEST(Quote, RefusesKeysThatProveNothing) {
    const SoftwareTpm tpm;
    const Made made = quote_of(tpm, "rsa2048:rsassa-sha256", "sha256", "sha256:0");
    const Made other = quote_of(tpm, "ecc256:ecdsa-sha256", "sha256", "sha256:0");
    const std::string nonce = unhex(nonce_hex);
    EXPECT_FALSE(authenticate(TpmKey::parse(other.pem).value(), made.quote, made.signature, nonce));
    EXPECT_FALSE(authenticate(TpmKey::parse(made.pem).value(), other.quote, other.signature, nonce));
    EXPECT_FALSE(authenticate(TpmKey::parse(made.pem).value(), other.quote, made.signature, nonce));
    // A key that signs whatever it is given would sign a forged quote.
    ASSERT_TRUE(tpm.tool({"tpm2_createprimary", "-Q", "-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a",
                          "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign", "-c", "any.ctx"}));
    ASSERT_TRUE(tpm.tool({"tpm2_readpublic", "-Q", "-c", "any.ctx", "-f", "tss", "-o", "any.pub"}));
    const auto any = TpmKey::parse(read_file(tpm.file("any.pub"), 4096).value());
    ASSERT_FALSE(any);
    EXPECT_THAT(any.error().message, HasSubstr("forged"));
    // SHA-1 and HMAC are no signatures here.
    std::string sha1 = made.signature;
    sha1[3] = 4;
    EXPECT_THAT(parse_tpm_signature(sha1).error().message, HasSubstr("byte 2"));
    std::string hmac = made.signature;
    hmac[1] = 5;
    EXPECT_THAT(parse_tpm_signature(hmac).error().message, HasSubstr("byte 0"));
    EXPECT_FALSE(TpmKey::parse("-----BEGIN PUBLIC KEY-----\n"));
    EXPECT_EQ(parse_tpm_public(made.tss)->name.size(), 34U);
}

TEST(Quote, RefusesLyingSizes) {
    const auto refused = [](const std::string& hex, const char* why) {
        const auto quote = parse_quote(unhex(hex));
        ASSERT_FALSE(quote) << hex;
        EXPECT_THAT(quote.error().message, HasSubstr(why));
    };
    const std::string head = "ff54434780180000"
                             "0000"; // no name, no nonce
    const std::string clock = "0000000000000000"
                              "00000000"
                              "00000000"
                              "01"
                              "0000000000000000";
    refused("ff544348", "byte 0");
    refused("ff5443478017", "byte 4");
    refused("ff54434780180043", "the signer's name of 67 bytes");
    refused("ff544347801800000043", "the nonce of 67 bytes");
    refused(head + "0000000000000000"
                   "00000000"
                   "00000000"
                   "02",
            "byte 26");
    refused(head + clock + "ffffffff", "a selection of 4294967295 banks");
    refused(head + clock +
                "00000001"
                "0005"
                "03000000",
            "algorithm 5");
    refused(head + clock +
                "00000001"
                "000b"
                "05000000",
            "a PCR selection of 5 bytes");
    refused(head + clock +
                "00000001"
                "000b"
                "0400000001",
            "PCR 24");
    refused(head + clock +
                "00000001"
                "000b"
                "03010000"
                "0041",
            "the PCR digest of 65 bytes");
    refused(head + clock +
                "00000001"
                "000b"
                "03010000"
                "0000"
                "00",
            "1 bytes behind the quote");
    EXPECT_TRUE(parse_quote(unhex(head + clock +
                                  "00000001"
                                  "000b"
                                  "03010000"
                                  "0000")));
}

TEST(PcrSelection, ReadsWhatTpmToolsRead) {
    EXPECT_EQ(to_text(parse_pcr_selection("sha1:4+sha256:9,8").value()), "sha1:4+sha256:8,9");
    for (const char* wrong :
         {"", "sha256", "sha256:", "sha256:24", "md5:1", "sha256:1+sha256:2", "sha256:1,", "sha256:1+"})
        EXPECT_FALSE(parse_pcr_selection(wrong)) << wrong;
    const PcrSelection selection = parse_pcr_selection("sha256:0,23+sha1:8").value();
    const std::string bytes = pcr_selection_bytes(selection);
    EXPECT_EQ(to_hex(bytes), "00000002"
                             "000b"
                             "03010080"
                             "0004"
                             "03000100");
    ByteReader reader(bytes);
    EXPECT_EQ(read_pcr_selection(reader).value(), selection);
}

TEST(Policy, AgreesWithTpm2PolicypcrAndPolicyor) {
    const SoftwareTpm tpm;
    const auto ok = [](const Result<std::string>& said) { ASSERT_TRUE(said) << said.error().message; };
    measure_into(tpm, boot_list("kernel 1"));
    for (const char* algorithm : {"sha1", "sha256", "sha384", "sha512"}) {
        const Bank bank = parse_bank(algorithm).value();
        std::vector<std::string> branches;
        for (const char* text : {"sha256:8,9", "sha256:0,17,23", "sha1:8+sha256:9"}) {
            SCOPED_TRACE(std::string(algorithm) + " " + text);
            const PcrSelection selection = parse_pcr_selection(text).value();
            ok(tpm.tool({"tpm2_pcrread", "-Q", text, "-o", "pcrs"}));
            const std::string values = read_file(tpm.file("pcrs"), 4096).value();
            // The list leads where the TPM is, without and with events.
            EXPECT_EQ(concatenated(selection, selected_values(boot_list("kernel 1"), selection).value()), values);
            const std::string file = "policy" + std::to_string(branches.size());
            ok(tpm.tool({"tpm2_startauthsession", "-S", "session", "-g", algorithm}));
            ok(tpm.tool({"tpm2_policypcr", "-Q", "-S", "session", "-l", text, "-f", "pcrs", "-L", file}));
            ok(tpm.tool({"tpm2_flushcontext", "session"}));
            branches.push_back(policy_pcr(bank, selection, split_values(selection, values).value()));
            EXPECT_EQ(to_hex(branches.back()), to_hex(read_file(tpm.file(file), 64).value()));
        }
        ok(tpm.tool({"tpm2_startauthsession", "-S", "session", "-g", algorithm}));
        ok(tpm.tool(
            {"tpm2_policyor", "-Q", "-S", "session", "-L", "or", std::string(algorithm) + ":policy0,policy1,policy2"}));
        ok(tpm.tool({"tpm2_flushcontext", "session"}));
        EXPECT_EQ(to_hex(policy_or(bank, branches).value()), to_hex(read_file(tpm.file("or"), 64).value()));
    }
    EXPECT_FALSE(policy_or(Bank::sha256, {std::string(32, 'a')}));
    EXPECT_FALSE(policy_or(Bank::sha256, std::vector<std::string>(9, std::string(32, 'a'))));
    EXPECT_FALSE(policy_or(Bank::sha256, {std::string(32, 'a'), std::string(20, 'b')}));
}

} // namespace
} // namespace bulkhead::measure
