#include "cli/verb.hpp"

#include <gtest/gtest.h>

namespace bulkhead::cli {
namespace {

Result<int> nothing(const Arguments&) {
    return 0;
}

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> all = {
        {"create",
         "FILE [VARIABLE=VALUE...]",
         "starts a domain",
         "",
         {{'c', "console", nullptr, ""},
          {'p', "paused", nullptr, ""},
          {'d', "deadline", "SECONDS", ""},
          {0, "json", nullptr, ""}},
         1,
         any_number,
         nothing},
        {"lab exec", "[--] COMMAND...", "runs in dom0", "", {{0, "name", "NAME", ""}}, 1, any_number, nothing, true},
        {"lab", "", "shorter name", "", {}, 0, 0, nothing},
    };
    return all;
}

std::string error_of(const Verb& verb, const std::vector<std::string>& words) {
    const auto result = parse_arguments(verb, words);
    return result ? "" : result.error().message;
}

} // namespace

const std::vector<Verb>& completion_verbs(); // completion_test.cpp's

const std::vector<Group>& groups() {
    static const std::vector<Group> all = {{"Test", verbs()}, {"Completion", completion_verbs()}};
    return all;
}

TEST(Verb, OptionsAndArgumentsMayMix) {
    const Arguments a = parse_arguments(verbs()[0], {"-cp", "file", "--deadline=5", "a=b", "-d7", "-d", "9"}).value();
    EXPECT_TRUE(a.has("console") && a.has("paused"));
    EXPECT_FALSE(a.has("json"));
    EXPECT_EQ(a.values("deadline"), (std::vector<std::string>{"5", "7", "9"}));
    EXPECT_EQ(a.value("deadline"), "9");
    EXPECT_EQ(a.positional(), (std::vector<std::string>{"file", "a=b"}));
}

TEST(Verb, ACommandToPassOnKeepsItsOptions) {
    const Arguments a = parse_arguments(verbs()[1], {"--name", "x", "ls", "--name", "-l"}).value();
    EXPECT_EQ(a.value("name"), "x");
    EXPECT_EQ(a.positional(), (std::vector<std::string>{"ls", "--name", "-l"}));
    EXPECT_EQ(parse_arguments(verbs()[1], {"--", "--odd"}).value().positional(), (std::vector<std::string>{"--odd"}));
}

TEST(Verb, WrongUsageSaysWhatToDo) {
    EXPECT_NE(error_of(verbs()[0], {"f", "--consoel"}).find("did you mean --console?"), std::string::npos);
    EXPECT_NE(error_of(verbs()[0], {}).find("usage: bulkhead create FILE"), std::string::npos);
    EXPECT_NE(error_of(verbs()[0], {"f", "--deadline"}).find("needs SECONDS"), std::string::npos);
    EXPECT_NE(error_of(verbs()[0], {"f", "--json=1"}).find("takes no value"), std::string::npos);
    EXPECT_NE(error_of(verbs()[0], {"f", "-x"}).find("unknown option '-x'"), std::string::npos);
    EXPECT_NE(error_of(verbs()[2], {"f"}).find("too many arguments: 'f'"), std::string::npos);
    EXPECT_EQ(parse_arguments(verbs()[0], {}).error().code, usage_code);
}

TEST(Verb, TheLongestNameWins) {
    EXPECT_EQ(find_verb({"lab", "exec", "ls"}).words, 2U);
    EXPECT_EQ(find_verb({"lab", "other"}).words, 1U);
    EXPECT_EQ(find_verb({"nothing"}).verb, nullptr);
}

} // namespace bulkhead::cli
