#include "cli/completion.hpp"

#include <gtest/gtest.h>

namespace bulkhead::cli {
namespace {

using Words = std::vector<std::string>;

Result<int> nothing(const Arguments&) {
    return 0;
}

Verb verb(const char* name, const char* usage, std::vector<Option> options = {}, std::size_t most = any_number) {
    return {name, usage, "", "", std::move(options), 0, most, nothing};
}

// Answers with the kind and the domain that it was asked for.
Words names(Kind kind, const std::string& domain) {
    switch (kind) {
    case Kind::domain:
        return {"web", "win", "Domain-0"};
    case Kind::driver_domain:
        return {"ndvm"};
    case Kind::vif:
        return {domain + "-0"};
    case Kind::domain_pci:
        return {domain + "-pci"};
    case Kind::dom0_pci:
        return {"0000:00:1f.0"};
    case Kind::assignable:
        return {"0000:00:02.0"};
    case Kind::lab:
        return {"default"};
    default:
        return {"asked for what is not looked up"};
    }
}

Words words_of(const std::string& line) {
    return complete("bulkhead " + line, names).words;
}

} // namespace

// In place of the program's own table, shared with verb_test.cpp.
const std::vector<Verb>& completion_verbs() {
    static const std::vector<Verb> all = {
        verb("c-create", "FILE [VARIABLE=VALUE...]", {{'c', "console", nullptr, ""}, {'f', "defconfig", "FILE", ""}}),
        verb("c-rename", "DOMAIN NAME", {}, 2),
        verb("c-destroy", "DOMAIN..."),
        verb("c-network-attach", "DOMAIN [KEY=VALUE...]"),
        verb("c-network-detach", "DOMAIN NUMBER|MAC", {}, 2),
        verb("pci-detach", "DOMAIN ADDRESS", {{0, "json", nullptr, ""}}, 2),
        verb("pci-attach", "DOMAIN ADDRESS[,OPTION...]", {}, 2),
        verb("pci-assignable-add", "ADDRESS", {}, 1),
        verb("pci-assignable-remove", "ADDRESS|NAME", {}, 1),
        verb("driverdomain show", "DOMAIN", {}, 1),
        verb("driverdomain upgrade", "DOMAIN [--kernel FILE] [--ramdisk FILE]", {{0, "kernel", "FILE", ""}}, 1),
        verb("image ndvm", "--output DIR [--nic NAME[,NAME...]]",
             {{'o', "output", "DIR", ""}, {0, "nic", "NAMES", "", "e1000 e1000e igb"}}, 0),
        verb("lab log", "", {{'N', "name", "NAME", ""}}, 0),
        verb("lab console", "[DOMAIN]", {{'N', "name", "NAME", ""}}, 1),
        verb("measure lcp", "FILE | --default NAME [--output FILE]",
             {{0, "default", "NAME", "", "tpm20 tpm12"}, {'o', "output", "FILE", ""}}, 1),
        verb("c-list", "[DOMAIN...]"),
        verb("c-help", "[VERB]", {}, 3),
    };
    return all;
}

TEST(Completion, VerbsOfOneAndOfTwoWords) {
    EXPECT_EQ(words_of("c-cr"), (Words{"c-create"}));
    EXPECT_EQ(words_of("driver"), (Words{"driverdomain"}));
    EXPECT_EQ(words_of("driverdomain "), (Words{"show", "upgrade"}));
    EXPECT_EQ(words_of("driverdomain u"), (Words{"upgrade"}));
    EXPECT_EQ(words_of("--v"), (Words{"--version"}));
    EXPECT_EQ(words_of("c-help measure "), (Words{"lcp"}));
    EXPECT_TRUE(words_of("nothing here").empty());
    EXPECT_TRUE(complete("bulk", names).words.empty());
}

TEST(Completion, OptionsAndTheirValues) {
    EXPECT_EQ(words_of("c-create --"), (Words{"--console", "--defconfig", "--help"}));
    EXPECT_EQ(words_of("image ndvm --nic e1"), (Words{"e1000", "e1000e"}));
    EXPECT_EQ(words_of("image ndvm --nic=ig"), (Words{"--nic=igb"}));
    EXPECT_EQ(words_of("image ndvm --nic e1000,i"), (Words{"e1000,igb"}));
    EXPECT_EQ(words_of("image ndvm --nic=e1000,i"), (Words{"--nic=e1000,igb"}));
    EXPECT_EQ(words_of("measure lcp --default tpm1"), (Words{"tpm12"}));
    EXPECT_EQ(words_of("lab log -N de"), (Words{"default"}));
    EXPECT_TRUE(complete("bulkhead image ndvm -o x", names).folders);
    EXPECT_TRUE(complete("bulkhead c-create --defconfig ", names).files);
    EXPECT_TRUE(complete("bulkhead driverdomain upgrade ndvm --kernel=", names).files);
    EXPECT_TRUE(words_of("pci-detach -- --j").empty()) << "options have ended";
}

TEST(Completion, DomainsAndWhatBelongsToThem) {
    EXPECT_EQ(words_of("c-destroy w"), (Words{"web", "win"}));
    EXPECT_EQ(words_of("c-destroy web w"), (Words{"web", "win"}));
    EXPECT_EQ(words_of("c-list web w"), (Words{"web", "win"}));
    EXPECT_EQ(words_of("driverdomain show "), (Words{"ndvm"}));
    EXPECT_EQ(words_of("c-network-detach web "), (Words{"web-0"}));
    EXPECT_EQ(words_of("pci-detach --json web "), (Words{"web-pci"}));
    EXPECT_EQ(words_of("pci-detach 'a b' "), (Words{"a b-pci"}));
    EXPECT_EQ(words_of("pci-attach web "), (Words{"0000:00:02.0"}));
    EXPECT_EQ(words_of("pci-assignable-add "), (Words{"0000:00:1f.0"}));
    EXPECT_EQ(words_of("pci-assignable-remove 0000:00"), (Words{"0000:00:02.0"}));
    EXPECT_TRUE(words_of("c-rename web w").empty()) << "a new name is the user's";
    EXPECT_TRUE(words_of("c-network-detach web 0 ").empty()) << "nothing comes third";
    EXPECT_TRUE(words_of("lab console ").empty()) << "the lab's domains are not this host's";
}

TEST(Completion, KeysOfAVif) {
    EXPECT_EQ(words_of("c-network-attach web ma"), (Words{"mac="}));
    EXPECT_EQ(words_of("c-network-attach web mac=x backend="), (Words{"backend=ndvm"}));
    EXPECT_TRUE(complete("bulkhead c-network-attach web script=", names).files);
}

TEST(Completion, FilesAreTheShellsBusiness) {
    const Completions first = complete("bulkhead c-create x", names);
    EXPECT_TRUE(first.files && !first.folders && first.words.empty());
    EXPECT_FALSE(complete("bulkhead c-create x ", names).files);
    EXPECT_TRUE(complete("bulkhead measure lcp ", names).files);
    EXPECT_FALSE(complete("bulkhead measure lcp x ", names).files);
}

TEST(Completion, OddLines) {
    EXPECT_EQ(words_of("c-destroy \"we"), (Words{"web"}));
    EXPECT_EQ(words_of("c-destroy w\\e"), (Words{"web"}));
    EXPECT_EQ(words_of("'c-destroy' '' w"), (Words{"web", "win"}));
    EXPECT_TRUE(complete("", names).words.empty());
    EXPECT_TRUE(complete("bulkhead c-destroy " + std::string(line_max, 'x'), names).words.empty());
}

} // namespace bulkhead::cli
