// Sealing against a software TPM.
#include "machine.hpp"

#include "measure/quote_check.hpp"
#include "measure/tpm_policy.hpp"
#include "tpm/attestation_key.hpp"
#include "tpm/sealing.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

namespace bulkhead::tpm {
namespace {

using measure::EventList;
using measure::ParentTemplate;
using test::boot;
using test::boot_list;
using test::SoftwareTpm;
using ::testing::HasSubstr;
using ::testing::Not;

measure::PcrSelection selection() {
    return measure::parse_pcr_selection("sha256:8,9").value();
}
measure::SealedState state(const std::string& name, const EventList& list) {
    return measure::state_of(name, list, selection()).value();
}
// As it would be read from its file.
measure::SealedFile stored(const measure::SealedFile& file) {
    return measure::parse_sealed_file(measure::sealed_file_json(file)).value();
}
std::string opened(const SoftwareTpm& tpm, const measure::SealedFile& file, const EventList* log = nullptr) {
    Connection connection = test::open(tpm);
    const auto secret = unseal(connection, stored(file), log);
    return secret ? std::string(secret->view()) : "REFUSED " + secret.error().message;
}

TEST(Sealing, OpensOnlyInItsStateAndNamesWhatChanged) {
    for (const ParentTemplate parent : {ParentTemplate::ecc_p256, ParentTemplate::rsa2048}) {
        SoftwareTpm tpm;
        const EventList good = boot_list("kernel 1"), bad = boot_list("kernel 2");
        measure::SealedFile file;
        {
            // To a prediction: the machine is not there yet.
            Connection connection = test::open(tpm);
            const auto made = seal(connection, Secret("the disk's key"), selection(), {state("good", good)}, parent);
            ASSERT_TRUE(made) << made.error().message;
            file = *made;
        }
        EXPECT_THAT(opened(tpm, file), HasSubstr("PCR 9 differs; sha256 "));
        boot(tpm, good);
        EXPECT_EQ(opened(tpm, file), "the disk's key");
        EXPECT_EQ(opened(tpm, file), "the disk's key"); // nothing is left behind in the TPM
        tpm.restart();
        boot(tpm, bad);
        const std::string refusal = opened(tpm, file, &bad);
        EXPECT_THAT(refusal, HasSubstr("PCR 9, event 2: /boot/vmlinuz differs"));
        EXPECT_THAT(refusal, Not(HasSubstr("PCR 8")));
        EXPECT_THAT(opened(tpm, file, &good), HasSubstr("the log is not that of this boot"));
        EXPECT_THAT(opened(tpm, file, &good), HasSubstr("PCR 9 differs"));
    }
}

TEST(Sealing, TheTpmJudgesNotTheFile) {
    SoftwareTpm tpm;
    const EventList good = boot_list("kernel 1"), bad = boot_list("kernel 2");
    boot(tpm, bad);
    Connection connection = test::open(tpm);
    measure::SealedFile file =
        seal(connection, Secret("x"), selection(), {state("good", good)}, ParentTemplate::ecc_p256).value();
    file.states = {state("forged", bad)}; // the PCRs now fit the file
    const auto forged = unseal(connection, file, nullptr);
    ASSERT_FALSE(forged);
    EXPECT_THAT(forged.error().message, HasSubstr("was the file changed?"));
    file.states.push_back(state("good", good));
    EXPECT_FALSE(unseal(connection, file, nullptr));
}

TEST(Sealing, ForwardOpensNowAndAfterTheUpdate) {
    SoftwareTpm tpm;
    const EventList one = boot_list("kernel 1"), two = boot_list("kernel 2"), three = boot_list("kernel 3");
    boot(tpm, one);
    measure::SealedFile file;
    {
        Connection connection = test::open(tpm);
        file = seal(connection, Secret("key"), selection(), {state("one", one)}, ParentTemplate::ecc_p256).value();
        const auto forward = seal_forward(connection, stored(file), {state("two", two), state("three", three)}, &one);
        ASSERT_TRUE(forward) << forward.error().message;
        file = *forward;
    }
    ASSERT_EQ(file.states.size(), 3U);
    EXPECT_EQ(opened(tpm, file), "key");
    for (const EventList& list : {two, three}) {
        tpm.restart();
        boot(tpm, list);
        EXPECT_EQ(opened(tpm, file), "key");
    }
    // In the third state, which alone goes on.
    {
        Connection connection = test::open(tpm);
        const auto forward = seal_forward(connection, file, {state("four", boot_list("kernel 4"))}, nullptr);
        ASSERT_TRUE(forward) << forward.error().message;
        EXPECT_EQ(forward->states.size(), 2U);
        EXPECT_EQ(forward->states[0].name, "three");
        file = *forward;
    }
    tpm.restart();
    boot(tpm, one);
    const std::string refusal = opened(tpm, file, &one);
    EXPECT_THAT(refusal, HasSubstr("none of the 2 states"));
    EXPECT_THAT(refusal, HasSubstr("four: PCR 9, event 2: /boot/vmlinuz differs"));
    Connection connection = test::open(tpm);
    EXPECT_FALSE(seal_forward(connection, file, {state("one", one)}, nullptr));
}

TEST(Sealing, PolicyIsThatOfTpmTools) {
    const SoftwareTpm tpm;
    boot(tpm, boot_list("kernel 1"));
    measure::SealedFile file;
    {
        Connection connection = test::open(tpm);
        file =
            seal(connection, Secret("k"), selection(), {state("now", boot_list("kernel 1"))}, ParentTemplate::ecc_p256)
                .value();
    }
    ASSERT_TRUE(write_file_atomic(tpm.file("object.pub"), file.blob.public_area));
    const auto print = tpm.tool({"tpm2_print", "-t", "TPM2B_PUBLIC", "object.pub"});
    ASSERT_TRUE(print) << print.error().message;
    EXPECT_THAT(*print, HasSubstr(to_hex(measure::sealed_policy(file).value())));
    ASSERT_TRUE(tpm.tool({"tpm2_createpolicy", "-Q", "--policy-pcr", "-l", "sha256:8,9", "-L", "policy"}));
    EXPECT_EQ(to_hex(read_file(tpm.file("policy"), 64).value()), to_hex(measure::sealed_policy(file).value()));
}

TEST(Sealing, AnotherTpmHasAnotherParent) {
    const SoftwareTpm tpm, other;
    measure::SealedFile file;
    {
        Connection connection = test::open(tpm);
        file = seal(connection, Secret("k"), selection(),
                    {{"now", connection.read_pcrs(selection()).value(), std::nullopt}}, ParentTemplate::ecc_p256)
                   .value();
    }
    EXPECT_EQ(opened(tpm, file), "k");
    EXPECT_THAT(opened(other, file), HasSubstr("another TPM, or it was cleared"));
}

TEST(Sealing, LimitsAreErrors) {
    const SoftwareTpm tpm;
    Connection connection = test::open(tpm);
    const measure::SealedState now{"now", connection.read_pcrs(selection()).value(), std::nullopt};
    EXPECT_TRUE(seal(connection, Secret(std::string(128, 'x')), selection(), {now}, ParentTemplate::ecc_p256));
    EXPECT_FALSE(seal(connection, Secret(std::string(129, 'x')), selection(), {now}, ParentTemplate::ecc_p256));
    EXPECT_FALSE(seal(connection, Secret(""), selection(), {now}, ParentTemplate::ecc_p256));
    EXPECT_FALSE(seal(connection, Secret("x"), selection(), {}, ParentTemplate::ecc_p256));
    EXPECT_FALSE(seal(connection, Secret("x"), selection(), std::vector(9, now), ParentTemplate::ecc_p256));
    const auto unreachable = Connection::open("swtpm:host=127.0.0.1,port=1");
    ASSERT_FALSE(unreachable);
    EXPECT_THAT(unreachable.error().message, HasSubstr("no TPM at swtpm:host=127.0.0.1,port=1"));
}

TEST(AttestationKey, QuotesWhatTheToolsAccept) {
    const SoftwareTpm tpm;
    const EventList list = boot_list("kernel 1");
    boot(tpm, list);
    measure::TpmBlob key;
    SignedQuote made;
    {
        Connection connection = test::open(tpm);
        const auto created = create_attestation_key(connection, ParentTemplate::ecc_p256);
        ASSERT_TRUE(created) << created.error().message;
        key = measure::parse_key_file(measure::key_file_json(*created)).value();
        const auto quoted = quote(connection, key, selection(), "nonce");
        ASSERT_TRUE(quoted) << quoted.error().message;
        made = *quoted;
    }
    const auto enrolled = measure::TpmKey::parse(key.public_area);
    ASSERT_TRUE(enrolled) << enrolled.error().message;
    const auto authentic = measure::authenticate(*enrolled, made.quote, made.signature, "nonce");
    ASSERT_TRUE(authentic) << authentic.error().message;
    EXPECT_TRUE(measure::judge(*authentic, list, &list, nullptr)->holds());
    ASSERT_TRUE(write_file_atomic(tpm.file("ak.pub"), key.public_area));
    ASSERT_TRUE(write_file_atomic(tpm.file("quote"), made.quote));
    ASSERT_TRUE(write_file_atomic(tpm.file("signature"), made.signature));
    const auto checked = tpm.tool({"tpm2_checkquote", "-Q", "-u", "ak.pub", "-m", "quote", "-s", "signature", "-q",
                                   to_hex("nonce"), "-g", "sha256"});
    EXPECT_TRUE(checked) << checked.error().message;
}

TEST(SealedFile, RefusesWhatIsNoSealedFile) {
    const SoftwareTpm tpm;
    Connection connection = test::open(tpm);
    const measure::SealedFile file =
        seal(connection, Secret("k"), selection(), {state("now", boot_list("kernel"))}, ParentTemplate::ecc_p256)
            .value();
    const std::string text = measure::sealed_file_json(file);
    EXPECT_EQ(measure::sealed_file_json(measure::parse_sealed_file(text).value()), text);
    EXPECT_EQ(text.find("\"k\""), std::string::npos);
    const auto without = [&](const std::string& what, const std::string& instead) {
        std::string changed = text;
        const std::size_t at = changed.find(what);
        EXPECT_NE(at, std::string::npos) << what;
        changed.replace(at, what.size(), instead);
        const auto parsed = measure::parse_sealed_file(changed);
        EXPECT_FALSE(parsed) << what;
        return parsed ? std::string() : parsed.error().message;
    };
    EXPECT_THAT(without("sealed secret", "sealed thing"), HasSubstr("'format'"));
    EXPECT_THAT(without("ecc-p256", "ecc-p111"), HasSubstr("'parent'"));
    EXPECT_THAT(without("sha256:8,9", "sha256:8,10"), HasSubstr("state 0: it has no value of sha256 PCR 10"));
    EXPECT_THAT(without("\"public\": \"", "\"public\": \"z"), HasSubstr("'public'"));
    EXPECT_FALSE(measure::parse_sealed_file("{}"));
    EXPECT_FALSE(measure::parse_key_file(text));
}

TEST(Secret, ComesFromADescriptorWithinItsLimit) {
    const SoftwareTpm tpm;
    const auto read = [&](const std::string& bytes) {
        EXPECT_TRUE(write_file_atomic(tpm.file("secret"), bytes));
        const Fd file(::open(tpm.file("secret").c_str(), O_RDONLY | O_CLOEXEC));
        return Secret::read(file.get(), 16);
    };
    EXPECT_EQ(read(std::string("a\0b\n", 4))->view(), std::string_view("a\0b\n", 4));
    EXPECT_EQ(read(std::string(16, 'x'))->size(), 16U);
    EXPECT_FALSE(read(std::string(17, 'x')));
    EXPECT_FALSE(read(""));
}

} // namespace
} // namespace bulkhead::tpm
