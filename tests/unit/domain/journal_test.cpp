#include "domain/journal.hpp"

#include "base/file.hpp"

#include <chrono>
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
    killed_after(
        [](Journal& journal) { (void)journal.end_with_domain(journal.operations().value()[0].id, record, {}); });
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
    EXPECT_TRUE(journal.begin({0, "pci-attach", "u1", "web", "0000:00:02.0"}));
    EXPECT_FALSE(journal.begin({0, "pci-detach", "u1", "web", "0000:00:03.0"})); // libxl cannot do two at a time
    EXPECT_TRUE(journal.begin({0, "block-attach", "u1", "web", "xvda /a"}));
    EXPECT_FALSE(journal.begin({0, "block-detach", "u1", "web", "xvdb /b"}));
    EXPECT_TRUE(journal.begin({0, "block-attach", "u2", "db", "xvda /c"}));
    EXPECT_TRUE(journal.begin({0, "usbctrl-attach", "u1", "web", "0"}));
    EXPECT_FALSE(journal.begin({0, "usbdev-attach", "u1", "web", "usb 3.4"}));
    EXPECT_EQ(journal.operations().value().size(), 7U);
}

TEST_F(JournalTest, ForgetsAndRenames) {
    Journal journal = Journal::open(file).value();
    ASSERT_TRUE(journal.end_with_domain(journal.begin(create).value(), record, {}));
    DomainRecord renamed = record;
    renamed.name = "api";
    renamed.config += "name = \"api\"\n";
    ASSERT_TRUE(journal.rename(renamed, renamed.config));
    EXPECT_EQ(journal.find("u1").value()->name, "api");
    EXPECT_EQ(journal.find("u1").value()->config, renamed.config);
    ASSERT_TRUE(journal.forget("u1"));
    EXPECT_FALSE(journal.find("u1").value());
    EXPECT_TRUE(journal.forget("u1")); // no harm
}

TEST_F(JournalTest, ARestartKeepsWhatTheDomainHasBecome) {
    killed_after([](Journal& journal) {
        ASSERT_TRUE(journal.end_with_domain(journal.begin(create).value(), record, {}));
        const std::int64_t restart = journal.begin({0, "restart", "u1", "web", ""}).value();
        DomainRecord now = record;
        now.config = "vif = []";
        ASSERT_TRUE(journal.note_config(restart, "written down", now));
    });
    Journal journal = Journal::open(file).value();
    EXPECT_EQ(journal.find("u1").value()->config, "vif = []");
    ASSERT_EQ(journal.operations().value().size(), 1U);
    EXPECT_EQ(journal.operations().value()[0].detail, "written down");
}

TEST_F(JournalTest, KnowsWhatStillWaits) {
    killed_after([](Journal& journal) {
        (void)journal.end_with_domain(journal.begin(create).value(), record, {{"u1", 0, "ndvm"}, {"u1", 2, "other"}});
    });
    Journal journal = Journal::open(file).value();
    const auto pending = journal.pending_vifs().value();
    ASSERT_EQ(pending.size(), 2U);
    EXPECT_EQ(pending[1].uuid, "u1");
    EXPECT_EQ(pending[1].devid, 2U);
    EXPECT_EQ(pending[1].backend, "other");
    ASSERT_TRUE(journal.forget_pending(pending[0]));
    EXPECT_EQ(journal.pending_vifs().value().size(), 1U);
    // Made again, with all it needs.
    ASSERT_TRUE(journal.end_with_domain(journal.begin({0, "restart", "u1", "web", ""}).value(), record, {}));
    EXPECT_TRUE(journal.pending_vifs().value().empty());
    // Nothing waits for a domain that is not ours any more.
    ASSERT_TRUE(journal.end_with_domain(journal.begin(create).value(), record, {{"u1", 1, "ndvm"}}));
    ASSERT_TRUE(journal.forget("u1"));
    EXPECT_TRUE(journal.pending_vifs().value().empty());
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

TEST_F(JournalTest, TheFirstFormatIsMigratedWithAllItHolds) {
    {
        Database database = Database::open(file).value(); // as version 1 made it
        ASSERT_TRUE(database.execute(
            "CREATE TABLE operation (id INTEGER PRIMARY KEY, verb TEXT NOT NULL, uuid TEXT NOT NULL, name TEXT NOT "
            "NULL, detail TEXT NOT NULL, started INTEGER NOT NULL);"
            "CREATE TABLE domain (uuid TEXT PRIMARY KEY, name TEXT NOT NULL, config TEXT NOT NULL, source TEXT NOT "
            "NULL, directory TEXT NOT NULL, policy TEXT NOT NULL, domid INTEGER NOT NULL, created INTEGER NOT NULL);"
            "INSERT INTO operation VALUES (3, 'create', 'u1', 'web', 'd', 1);"
            "INSERT INTO domain VALUES ('u2', 'net', 'name=\"net\"', 'net.cfg', '/root', '{}', 5, 1);"
            "PRAGMA user_version = 1;"));
    }
    for (int round = 0; round < 2; ++round) { // the second time there is nothing to do
        Journal journal = Journal::open(file).value();
        ASSERT_EQ(journal.operations().value().size(), 1U);
        EXPECT_EQ(journal.operations().value()[0].id, 3);
        ASSERT_TRUE(journal.find("u2").value());
        EXPECT_EQ(journal.find("u2").value()->domain, 5U);
        EXPECT_EQ(journal.history("", 100).value().size(), static_cast<std::size_t>(round));
        ASSERT_TRUE(journal.record({0, 0, "u2", "net", "died", "{}"}));
    }
}

TEST_F(JournalTest, TheNextConfigurationGoesWithTheRestartOrTheDomain) {
    Journal journal = Journal::open(file).value();
    const DomainRecord web = {"u1", "web", "name=\"web\"", "web.cfg", "/root", "{}", 5};
    ASSERT_TRUE(journal.end_with_domain(0, web, {}));
    for (const bool restarts : {true, false}) {
        ASSERT_TRUE(journal.set_next_config("u1", {"before", "a.cfg", "/a"}));
        ASSERT_TRUE(journal.set_next_config("u1", {"memory=7", "b.cfg", "/b"}));
        const auto next = journal.next_config("u1").value();
        ASSERT_TRUE(next);
        EXPECT_EQ(next->config + next->source + next->directory, "memory=7b.cfg/b");
        EXPECT_EQ(journal.find("u1").value()->config, web.config);
        ASSERT_TRUE(restarts ? journal.end_with_domain(0, web, {}) : journal.forget("u1"));
        EXPECT_FALSE(journal.next_config("u1").value());
    }
    ASSERT_TRUE(journal.set_next_config("u1", {"of", "nobody", "/"}));
    EXPECT_FALSE(journal.next_config("u1").value());
}

TEST_F(JournalTest, KeptDomainsHaveNamesOfTheirOwn) {
    {
        Journal journal = Journal::open(file).value();
        ASSERT_TRUE(journal.keep({"u1", "web", "name=\"web\"", "web.cfg", "/root", true}));
        ASSERT_TRUE(journal.keep({"u2", "mail", "name=\"mail\"", "mail.cfg", "/root", false}));
        EXPECT_NE(journal.keep({"u3", "web", "", "", "", false}).error().message.find("is kept already"),
                  std::string::npos);
    }
    Journal journal = Journal::open(file).value();
    ASSERT_EQ(journal.kept().value().size(), 2U);
    EXPECT_EQ(journal.kept().value()[0].name, "mail");
    EXPECT_FALSE(journal.kept().value()[0].autostart);
    EXPECT_EQ(journal.kept().value()[1].config, "name=\"web\"");
    EXPECT_TRUE(journal.kept().value()[1].autostart);
    DomainRecord renamed;
    renamed.uuid = "u1";
    renamed.name = "www";
    renamed.config = "name=\"www\"";
    ASSERT_TRUE(journal.rename(renamed, "kept"));
    EXPECT_EQ(journal.kept().value()[1].name, "www");
    EXPECT_EQ(journal.kept().value()[1].config, "kept");
    ASSERT_TRUE(journal.drop_kept("u1"));
    EXPECT_EQ(journal.kept().value().size(), 1U);
}

TEST_F(JournalTest, NothingElseHappensToADomainThatIsSaved) {
    Journal journal = Journal::open(file).value();
    const std::int64_t save = journal.begin({0, "save", "u1", "web", ""}).value();
    EXPECT_FALSE(journal.begin({0, "network-attach", "u1", "web", ""}));
    EXPECT_FALSE(journal.begin({0, "restart", "u1", "web", ""}));
    const Result<std::int64_t> destroy = journal.begin({0, "destroy", "u1", "web", ""});
    ASSERT_TRUE(destroy); // the save fails
    ASSERT_TRUE(journal.end(*destroy));
    ASSERT_TRUE(journal.end(save));
    const std::int64_t attach = journal.begin({0, "network-attach", "u1", "web", ""}).value();
    EXPECT_FALSE(journal.begin({0, "save", "u1", "web", ""}));
    ASSERT_TRUE(journal.end(attach));
}

TEST_F(JournalTest, AMigrationThatFailsChangesNothing) {
    {
        Database database = Database::open(file).value();
        // A version 1 that already has a table of that name: it cannot be migrated.
        ASSERT_TRUE(database.execute("CREATE TABLE history (x); PRAGMA user_version = 1;"));
    }
    EXPECT_FALSE(Journal::open(file));
    Database database = Database::open(file).value();
    Statement version = database.prepare("PRAGMA user_version").value();
    ASSERT_TRUE(version.step().value());
    EXPECT_EQ(version.number(0), 1);
}

TEST_F(JournalTest, ANoteIsTheLastStepAndSurvivesAKill) {
    killed_after([](Journal& journal) {
        const auto id = journal.begin({0, "reincarnate", "u1", "net", "first"}).value();
        (void)journal.begin({0, "create", "u2", "web", "other"});
        (void)journal.note(id, "second");
        (void)journal.note(id, R"({"step":"connect"})");
    });
    Journal journal = Journal::open(file).value();
    const auto left = journal.operations().value();
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].detail, R"({"step":"connect"})");
    EXPECT_EQ(left[1].detail, "other");
    EXPECT_FALSE(journal.begin({0, "network-attach", "u1", "net", ""})); // it is still in progress
}

TEST_F(JournalTest, HistoryIsOrderedAndOfOneDomainOrAll) {
    Journal journal = Journal::open(file).value();
    const auto begin =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    for (const char* what : {"died", "returning", "ready"}) {
        const auto entry = journal.record({99, 99, "u1", "net", what, R"({"n":1})"}).value();
        EXPECT_NE(entry.id, 99);
        EXPECT_GE(entry.at, begin.count());
        ASSERT_TRUE(journal.record({0, 0, "u2", "disk", what, "{}"}));
    }
    const auto of_one = journal.history("u1", 100).value();
    ASSERT_EQ(of_one.size(), 3U);
    EXPECT_EQ(of_one[0].what, "died");
    EXPECT_EQ(of_one[2].what, "ready");
    EXPECT_EQ(of_one[2].name, "net");
    EXPECT_EQ(of_one[2].detail, R"({"n":1})");
    const auto last = journal.history("", 2).value(); // the newest two, oldest first
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].uuid + last[0].what, "u1ready");
    EXPECT_EQ(last[1].uuid + last[1].what, "u2ready");
    EXPECT_LT(last[0].id, last[1].id);
    EXPECT_TRUE(journal.history("nobody", 100).value().empty());
    EXPECT_TRUE(journal.history("", 0).value().empty());
}

TEST_F(JournalTest, HistoryIsTrimmedToTheNewest) {
    ASSERT_TRUE(Journal::open(file));
    {
        Database database = Database::open(file).value();
        ASSERT_TRUE(database.execute(("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                                      std::to_string(Journal::history_max) +
                                      ") INSERT INTO history SELECT i, i, 'u1', 'net', 'died', '{}' FROM n")
                                         .c_str()));
    }
    Journal journal = Journal::open(file).value();
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(journal.record({0, 0, "u1", "net", "ready", "{}"}));
    const auto all = journal.history("", Journal::history_max + 100).value();
    ASSERT_EQ(all.size(), Journal::history_max);
    EXPECT_EQ(all.front().id, 3);
    EXPECT_EQ(all.back().what, "ready");
}
