#include "domain/journal.hpp"

#include "base/file.hpp"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bulkhead;
using namespace bulkhead::domain;

namespace {

struct JournalTest : testing::Test {
    std::string folder = testing::TempDir() + "bulkhead-journal." + std::to_string(::getpid());
    std::string file = folder + "/sub/state.db";
    void TearDown() override { std::filesystem::remove_all(folder); }

    // Runs `body` in a process that is killed right after it: what it committed must be there, the rest must not.
    void killed_after(void (*body)(Journal&)) const {
        const pid_t child = ::fork();
        if (child == 0) {
            Result<Journal> journal = Journal::open(file);
            if (!journal) ::_exit(1);
            body(*journal);
            ::kill(::getpid(), SIGKILL);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the journal could not be opened";
    }
};

const Operation create = {0, "create", "u1", "web", ""};
const DomainRecord record = {"u1", "web", "name=\"web\"", "web.cfg", "/root", "{}", 7};

} // namespace

TEST_F(JournalTest, RemembersAcrossAKill) {
    killed_after([](Journal& journal) { (void)journal.begin(create); });
    {
        Journal journal = Journal::open(file).value();
        const auto left = journal.operations().value();
        ASSERT_EQ(left.size(), 1U);
        EXPECT_EQ(left[0].verb, "create");
        EXPECT_EQ(left[0].uuid, "u1");
        EXPECT_TRUE(journal.domains().value().empty());
    }
    killed_after([](Journal& journal) { (void)journal.end_with_domain(journal.operations().value()[0].id, record); });
    Journal journal = Journal::open(file).value();
    EXPECT_TRUE(journal.operations().value().empty());
    const auto found = journal.find("u1").value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "web");
    EXPECT_EQ(found->domain, 7U);
    EXPECT_EQ(found->policy, "{}");
    EXPECT_EQ(found->directory, "/root");
}

TEST_F(JournalTest, OneAtATimeMakesADomain) {
    Journal journal = Journal::open(file).value();
    const auto id = journal.begin(create).value();
    const auto same_name = journal.begin({0, "create", "u2", "web", ""});
    ASSERT_FALSE(same_name);
    EXPECT_EQ(same_name.error().message, "domain 'web': another operation (create) is in progress; wait for it");
    EXPECT_FALSE(journal.begin({0, "network-attach", "u1", "web", "0"}));
    EXPECT_TRUE(journal.begin({0, "create", "u3", "other", ""}));
    ASSERT_TRUE(journal.end(id));
    EXPECT_TRUE(journal.begin({0, "network-attach", "u1", "web", "0"}));
    EXPECT_TRUE(journal.begin({0, "network-attach", "u1", "web", "1"})); // devices side by side
    EXPECT_FALSE(journal.begin({0, "restart", "u1", "web", ""}));
    EXPECT_EQ(journal.operations().value().size(), 3U);
}

TEST_F(JournalTest, ForgetsAndRenames) {
    Journal journal = Journal::open(file).value();
    ASSERT_TRUE(journal.end_with_domain(journal.begin(create).value(), record));
    ASSERT_TRUE(journal.rename("u1", "api"));
    EXPECT_EQ(journal.find("u1").value()->name, "api");
    ASSERT_TRUE(journal.forget("u1"));
    EXPECT_FALSE(journal.find("u1").value());
    EXPECT_TRUE(journal.forget("u1")); // no harm
}

TEST_F(JournalTest, IsPrivateAndHeldByOne) {
    const Journal journal = Journal::open(file).value();
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    ASSERT_EQ(::stat((folder + "/sub").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700U);
    const pid_t child = ::fork(); // locks are per process
    if (child == 0) {
        const Result<Journal> second = Journal::open(file);
        ::_exit(!second && second.error().message.find("another bulkheadd") != std::string::npos ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(JournalTest, GarbageAndTheFutureAreRefusedUntouched) {
    ASSERT_TRUE(make_directories(folder + "/sub"));
    const std::string garbage(4096, 'g');
    ASSERT_TRUE(write_file_atomic(file, garbage));
    const auto opened = Journal::open(file);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("is not a state database"), std::string::npos) << opened.error().message;
    EXPECT_EQ(read_file(file, 8192).value(), garbage);
    std::filesystem::remove(file);
    {
        Database database = Database::open(file).value();
        ASSERT_TRUE(database.execute("PRAGMA user_version = 99"));
    }
    EXPECT_NE(Journal::open(file).error().message.find("newer bulkheadd"), std::string::npos);
}
