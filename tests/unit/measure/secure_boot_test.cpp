#include "measure/secure_boot.hpp"

#include "measure/efi_signature.hpp"
#include "measure/event_log.hpp"
#include "measure/predict.hpp"
#include "measure/replay.hpp"
#include "support.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace bulkhead::measure {
namespace {

using ::testing::HasSubstr;

// What the records of a log carry: variables, and the authorities behind the separator.
struct Carried {
    std::map<std::string, std::string> variables;
    std::vector<std::pair<std::string, std::string>> authorities;
};
Carried carried(const EventList& log) {
    Carried all;
    for (const Event& event : log.events) {
        if (event.pcr != 7 || event.data.size() < 32) continue;
        const std::size_t length = u32_at(event.data, 16);
        std::string name;
        for (std::size_t i = 0; i < length; ++i) name.push_back(event.data[32 + 2 * i]);
        const std::string data = event.data.substr(32 + 2 * length);
        if (event.type == event_type::efi_variable_driver_config)
            all.variables[name] = data;
        else
            all.authorities.emplace_back(name, data);
    }
    return all;
}

class Memory : public BootFiles {
public:
    std::map<std::string, std::string> files;
    Result<std::string> read(const std::string& name, std::size_t) override {
        if (!files.contains(name)) return fail(name + ": not there", ENOENT);
        return files[name];
    }
    Result<std::unique_ptr<grub::Files>> disks(const std::map<std::string, std::string>&, std::vector<Bank>) override {
        return fail("no disks");
    }
};

EventList only(const EventList& list, std::uint32_t pcr) {
    EventList part = list;
    std::erase_if(part.events, [pcr](const Event& event) { return event.pcr != pcr; });
    return part;
}

// A folder as /sys/firmware/efi/efivars, of what the log carries, gives the log's PCR 7, event by event.
TEST(SecureBoot, Pcr7OfRealLogsComesOut) {
    for (const char* name : {"tcg/arch-linux.bin", "tcg/bootorder.bin", "tcg/gce-ubuntu-2104-log.bin",
                             "tcg/moklisttrusted.bin", "tcg/rhel8-uefi.bin", "tcg/ubuntu-2104-no-dbx.bin",
                             "tcg/uefi-sha1-log.bin", "grub-xen/xen-grub206-ovmf.eventlog"}) {
        const EventList log = parse_event_log(test::vector_file(name)).value();
        const Carried found = carried(log);
        Memory files;
        for (const auto& [variable, data] : found.variables)
            if (!data.empty()) files.files["vars/" + efivarfs_name(variable)] = "\x07" + std::string(3, '\0') + data;
        nlohmann::json secure_boot = {{"folder", "vars"}};
        secure_boot["pcrs"].push_back(7);
        for (const auto& [variable, data] : found.authorities) {
            if (variable == "db") {
                files.files["db.der"] = data.substr(16);
                secure_boot["authorities"].push_back({{"variable", "db"}, {"certificate", "db.der"}});
            } else if (variable == "Shim") {
                files.files["shim.der"] = data;
                secure_boot["shim"]["authorities"].push_back({{"variable", "Shim"}, {"certificate", "shim.der"}});
            } else {
                files.files["vars/" + efivarfs_name(variable + "RT")] = std::string(4, '\x06') + data;
                if (!secure_boot.contains("shim")) secure_boot["shim"] = nlohmann::json::object();
            }
        }
        nlohmann::json root = {{"secure_boot", secure_boot}};
        for (const Bank bank : log.banks) root["banks"].push_back(bank_name(bank));
        const auto prediction = predict(root.dump(), files);
        ASSERT_TRUE(prediction) << name << ": " << prediction.error().message;
        const EventList expected = only(log, 7);
        ASSERT_EQ(prediction->events.size(), expected.events.size()) << name;
        for (std::size_t i = 0; i < expected.events.size(); ++i) {
            EXPECT_EQ(prediction->events[i].digests, expected.events[i].digests) << name << " " << i;
            EXPECT_EQ(prediction->events[i].data, expected.events[i].data) << name << " " << i;
            EXPECT_EQ(prediction->events[i].type, expected.events[i].type) << name << " " << i;
        }
        EXPECT_EQ(replay(*prediction), replay(expected)) << name;
    }
}

// shim's own certificate stands in the log as an authority; the lists that it makes of it do not.
TEST(SecureBoot, Pcr14OfRealLogsComesOutOfShimsCertificate) {
    for (const char* name : {"tcg/moklisttrusted.bin", "tcg/rhel8-uefi.bin"}) {
        const EventList log = parse_event_log(test::vector_file(name)).value();
        SecureBoot state;
        state.pcrs = {14};
        state.shim.emplace();
        for (const auto& [variable, data] : carried(log).authorities) {
            if (variable == "Shim") state.shim->vendor_certificate = data;
            if (variable == "MokListTrusted") state.variables["MokListTrustedRT"] = data;
        }
        for (const char* variable : shim_variables) state.variables.try_emplace(variable, std::nullopt);
        const auto prediction = predict_secure_boot(state, log.banks);
        ASSERT_TRUE(prediction) << prediction.error().message;
        EXPECT_EQ(replay(*prediction), replay(only(log, 14))) << name;
        for (const Event& event : prediction->events) EXPECT_THAT(event.data, HasSubstr("Mok"));
    }
}

TEST(SecureBoot, EnrolledKeysAreMeasuredAsTheyAre) {
    SecureBoot state;
    state.pcrs = {7, 14};
    state.shim.emplace();
    for (const char* name : {"SecureBoot", "PK", "KEK", "db", "dbx", "SbatLevelRT", "MokListTrustedRT"})
        state.variables[name] = std::nullopt;
    state.variables["SecureBoot"] = "\1";
    const std::string own = efi::signature_list({efi::certificate_x509, efi::shim_lock, "an enrolled certificate"});
    state.variables["MokListRT"] = own;
    state.variables["MokListXRT"] = "list";
    state.variables["MokSBStateRT"] = "\1";
    state.shim->authorities = {{"MokListRT", "an enrolled certificate"}, {"MokListRT", "an enrolled certificate"}};
    const EventList list = predict_secure_boot(state, {Bank::sha256}).value();
    ASSERT_EQ(list.events.size(), 11U); // five variables, separator, MokList, MokListX, MokSBState twice, authority
    EXPECT_EQ(list.events[6].digests.at(Bank::sha256), hash(Bank::sha256, own));
    EXPECT_EQ(list.events[7].digests.at(Bank::sha256), hash(Bank::sha256, "list"));
    EXPECT_EQ(list.events[10].data,
              efi::variable_data(efi::shim_lock, "MokList", efi::shim_lock + "an enrolled certificate"));
}

TEST(SecureBoot, MissingFactsAreErrors) {
    Memory files;
    files.files["c"] = "certificate";
    files.files["short/" + efivarfs_name("PK")] = "abc";
    files.files["split/" + efivarfs_name("MokListRT")] = "abcdef";
    files.files["split/" + efivarfs_name("MokListRT1")] = "abcdef";
    const auto error = [&](const std::string& part) {
        const auto list = predict("{\"secure_boot\":" + part + "}", files);
        return list ? std::string("none") : list.error().message;
    };
    EXPECT_THAT(error(R"({"files":{"PK":"c","KEK":null}})"),
                HasSubstr("the variables SecureBoot, db, dbx are not known"));
    EXPECT_THAT(error(R"({"files":{"pk":"c"}})"), HasSubstr("nothing measures the variable 'pk'"));
    EXPECT_THAT(error(R"({"files":{"PK":"d"}})"), HasSubstr("not there"));
    EXPECT_THAT(error(R"({"folder":"short"})"), HasSubstr("3 bytes; efivarfs gives 4"));
    EXPECT_THAT(error(R"({"folder":"split","shim":{}})"), HasSubstr("shim split this list"));
    EXPECT_THAT(error(R"({"folder":"none","shim":{}})"), HasSubstr("'vendor_certificate'"));
    EXPECT_EQ(error(R"({"folder":"none","shim":{"vendor_certificate":"c"}})"), "none");
    EXPECT_THAT(error(R"({"folder":"none","authorities":[{"variable":"db","certificate":"c"}]})"),
                HasSubstr("only while Secure Boot is on"));
    files.files["on/" + efivarfs_name("SecureBoot")] = std::string("\6\0\0\0\1", 5);
    EXPECT_THAT(error(R"({"folder":"on","authorities":[{"variable":"db","certificate":"c"}]})"),
                HasSubstr("db does not hold the certificate"));
    EXPECT_THAT(error(R"({"folder":"on","pcrs":[8]})"), HasSubstr("[7], [14] or both"));
}

TEST(EfiSignature, ListsOfRealLogsAndLyingOnes) {
    const Carried log = carried(parse_event_log(test::vector_file("tcg/arch-linux.bin")).value());
    std::size_t dbx = efi::parse_signature_lists(log.variables.at("dbx"))->size();
    EXPECT_EQ(dbx, (3724U - 28U) / 48U);
    const auto db = efi::parse_signature_lists(log.variables.at("db")).value();
    std::string again;
    for (const efi::Signature& each : db) again += efi::signature_list(each);
    EXPECT_EQ(again, log.variables.at("db"));
    EXPECT_EQ(efivarfs_name("db"), "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f");
    EXPECT_EQ(efivarfs_name("PK"), "PK-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    EXPECT_EQ(efivarfs_name("MokListRT"), "MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23");
    EXPECT_TRUE(efi::parse_signature_lists("")->empty());

    const std::string good = efi::signature_list({efi::certificate_sha256, efi::shim_lock, std::string(32, 'h')});
    const auto with = [&](std::size_t at, std::uint32_t value) {
        std::string bad = good;
        bad.replace(at, 4, test::u32(value));
        const auto lists = efi::parse_signature_lists(bad);
        return lists ? std::string("none") : lists.error().message;
    };
    EXPECT_THAT(with(16, 27), HasSubstr("byte 16: a signature list of 27 bytes"));
    EXPECT_THAT(with(16, 0xffffffff), HasSubstr("byte 24: signatures of 48 bytes"));
    EXPECT_THAT(with(20, 49), HasSubstr("byte 16: "));
    EXPECT_THAT(with(24, 16), HasSubstr("byte 24: signatures of 16 bytes"));
    EXPECT_THAT(with(24, 47), HasSubstr("byte 24: "));
    for (std::size_t cut = 1; cut < good.size(); ++cut)
        EXPECT_FALSE(efi::parse_signature_lists(good.substr(0, cut))) << cut;
}

} // namespace
} // namespace bulkhead::measure
