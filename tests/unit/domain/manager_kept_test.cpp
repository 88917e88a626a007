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
