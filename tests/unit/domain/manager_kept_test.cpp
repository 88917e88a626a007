// Manager: domains that are kept.
#include "manager_fixture.hpp"

#include "base/file.hpp"

#include <gmock/gmock.h>

using namespace bulkhead;
using namespace bulkhead::domain;
using testing::HasSubstr;

namespace {

struct Kept : ManagerTest {
    void SetUp() override {
        ManagerTest::SetUp();
        ASSERT_TRUE(write_file_atomic(folder + "/kernel", "kernel"));
    }
    CreateRequest request(const std::string& name) const {
        CreateRequest wanted;
        wanted.config = "name=\"" + name + "\"\nkernel=\"" + folder + "/kernel\"\n";
        wanted.source = name + ".cfg";
        wanted.directory = folder;
        return wanted;
    }
    void keep(const std::string& name) {
        answer = {};
        ASSERT_TRUE(manager->keep_domain(request(name), false, answer.reply()));
        answered();
    }
    void put_image(const std::string& uuid) {
        ASSERT_TRUE(make_directories(folder + "/suspended", 0700));
        ASSERT_TRUE(write_file_atomic(manager->suspended_image(uuid), "an image"));
    }
};

} // namespace

TEST_F(Kept, IsThereUntilItIsDeleted) {
    start();
    keep("web");
    ASSERT_TRUE(*answer.result) << answer.error();
    const KeptDomain web = manager->find_kept("web").value();
    EXPECT_EQ(manager->find_kept(web.uuid).value().name, "web");
    put_image(web.uuid);
    keep("web");
    EXPECT_THAT(answer.error(), HasSubstr("is kept already"));
    ASSERT_TRUE(manager->drop_kept("web"));
    EXPECT_FALSE(exists(manager->suspended_image(web.uuid)));
    EXPECT_THAT(manager->find_kept("web").error().message, HasSubstr("bulkhead new"));
    EXPECT_FALSE(manager->start_kept("web", false, answer.reply()));
}

TEST_F(Kept, ItsFileAndItsNameAreChecked) {
    libxl.add_domain(7, "other", "8f5f4cf0-0000-4000-8000-00000000000a");
    start();
    keep("other");
    EXPECT_THAT(answer.error(), HasSubstr("runs already (id 7)"));
    answer = {};
    CreateRequest broken = request("web");
    broken.config += "memory = many\n";
    ASSERT_TRUE(manager->keep_domain(broken, false, answer.reply()));
    answered();
    EXPECT_THAT(answer.error(), HasSubstr("web.cfg:3"));
    EXPECT_TRUE(manager->kept().value().empty());
}

// It was restored from the image by a daemon that died before it could remove it: its disks have gone on.
TEST_F(Kept, AnImageDoesNotOutliveItsRestoredDomain) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().keep({web_uuid, "web", "", "web.cfg", folder, false}));
    open();
    put_image(web_uuid);
    ASSERT_TRUE(manager->recover());
    idle();
    EXPECT_FALSE(exists(manager->suspended_image(web_uuid)));
    EXPECT_THAT(manager->drop_kept("web").error().message, HasSubstr("shutdown -w web"));
}

// The image is whole and has its name, the domain is suspended: the save is finished, and the image stays.
TEST_F(Kept, AnImageThatIsBeingWrittenStays) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().keep({web_uuid, "web", "", "web.cfg", folder, false}));
    const std::string image = folder + "/suspended/" + web_uuid;
    ASSERT_TRUE(
        journal().begin({0, "save", web_uuid, "web",
                         nlohmann::json{{"partial", image + ".partial"}, {"file", image}, {"whole", true}}.dump()}));
    open();
    put_image(web_uuid);
    ASSERT_TRUE(manager->recover());
    idle();
    EXPECT_TRUE(exists(image));
    EXPECT_FALSE(manager->find("web"));
    EXPECT_FALSE(manager->owns(web_uuid));
    EXPECT_TRUE(operations().empty());
}

// ---- config-update ----

struct Update : Kept {
    void update(const std::string& wanted, const CreateRequest& request) {
        answer = {};
        const auto started = manager->update_config(wanted, request, answer.reply());
        if (started)
            answered();
        else
            answer.result = tl::unexpected(started.error());
    }
};

TEST_F(Update, IsForTheNextStartUnderTheNameThatItHas) {
    libxl.add_domain(6, "web", web_uuid);
    ours(6, "web", web_uuid);
    ASSERT_TRUE(journal().keep({web_uuid, "web", "name=\"web\"", "web.cfg", folder, true}));
    start();
    CreateRequest wanted = request("other");
    wanted.overrides = {"memory = 99"};
    update("6", wanted);
    ASSERT_TRUE(*answer.result) << answer.error();
    const NextConfig next = journal().next_config(web_uuid).value().value();
    EXPECT_EQ(next.source, "other.cfg");
    EXPECT_EQ(next.directory, folder);
    CreateRequest read;
    read.config = next.config;
    const auto parsed = parse_request(read, config::XlConf());
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->spec.name, "web");
    EXPECT_EQ(parsed->spec.memory, 99);
    const KeptDomain kept = manager->find_kept("web").value();
    EXPECT_EQ(kept.config, next.config);
    EXPECT_EQ(kept.source, "other.cfg");
    EXPECT_TRUE(kept.autostart);
    EXPECT_EQ(manager->record(web_uuid)->source, "web.cfg") << "what it runs from";
}

TEST_F(Update, OfAKeptDomainThatDoesNotRun) {
    start();
    keep("web");
    CreateRequest wanted = request("web");
    wanted.config += "memory = 77\n";
    update("web", wanted);
    ASSERT_TRUE(*answer.result) << answer.error();
    EXPECT_THAT(manager->find_kept("web").value().config, HasSubstr("memory = 77"));
    EXPECT_FALSE(journal().next_config(manager->find_kept("web").value().uuid).value())
        << "there is nothing to restart";
}

TEST_F(Update, RefusesWhatItCannotDo) {
    driver_domain();
    libxl.add_domain(6, "web", web_uuid);
    libxl.add_domain(7, "stranger", other_uuid);
    ours(6, "web", web_uuid);
    start();
    update("ndvm", request("ndvm"));
    EXPECT_THAT(answer.error(), HasSubstr("driverdomain upgrade"));
    update("stranger", request("stranger"));
    EXPECT_THAT(answer.error(), HasSubstr("xl config-update"));
    update("nobody", request("nobody"));
    EXPECT_THAT(answer.error(), HasSubstr("nobody"));
    CreateRequest wanted = request("web");
    wanted.config += "uuid=\"" + other_uuid + "\"\n";
    update("web", wanted);
    EXPECT_THAT(answer.error(), HasSubstr("another domain's"));
    wanted = request("web");
    wanted.config += "driver_domain=1\n";
    update("web", wanted);
    EXPECT_THAT(answer.error(), HasSubstr("driver domain"));
    wanted = request("web");
    wanted.config += "memory = many\n";
    update("web", wanted);
    EXPECT_THAT(answer.error(), HasSubstr("web.cfg:3"));
    EXPECT_FALSE(journal().next_config(web_uuid).value());
}

// ---- who waits for a domain's end ----

TEST_F(Kept, WhoWaitsIsToldOnceWhenOursIsGone) {
    libxl.add_domain(6, "web", web_uuid);
    libxl.add_domain(7, "other", other_uuid);
    ours(6, "web", web_uuid);
    ours(7, "other", other_uuid);
    start();
    unsigned told = 0, wrong = 0;
    ASSERT_TRUE(manager->tell_when_gone(web_uuid, [&] { ++told; }));
    ASSERT_TRUE(manager->tell_when_gone(other_uuid, [&] { ++wrong; }));
    manager->untell(web_uuid, manager->tell_when_gone(web_uuid, [&] { ++wrong; }).value());
    EXPECT_FALSE(manager->tell_when_gone(ndvm_uuid, [&] { ++wrong; }));
    ASSERT_TRUE(manager->destroy("web", answer.reply()));
    answered();
    idle();
    EXPECT_EQ(told, 1U);
    EXPECT_EQ(wrong, 0U);
}
