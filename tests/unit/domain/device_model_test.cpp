#include "domain/device_model.hpp"

#include "base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bulkhead::domain {
namespace {

using testing::HasSubstr;

constexpr const char* refusal =
    "char device redirected to /dev/pts/1 (label serial0)\n"
    "xen-qemu-system-i386: -vnc 127.0.0.1:5,password=on: Cipher backend does not support DES\n\n";

TEST(DeviceModel, LastWords) {
    EXPECT_EQ(last_words(refusal), "-vnc 127.0.0.1:5,password=on: Cipher backend does not support DES");
    EXPECT_EQ(last_words("one\ntwo"), "two");
    EXPECT_EQ(last_words("two: words"), "two: words");
    EXPECT_EQ(last_words(""), "");
    EXPECT_EQ(last_words("\n \n"), "");
    EXPECT_LE(last_words(std::string(5000, 'x')).size(), 320U);
    EXPECT_EQ(last_words("a\x1b[2J").find('\x1b'), std::string::npos);
}

TEST(DeviceModel, ExplainsOnlyWhatItSaidNow) {
    const std::string folder = testing::TempDir() + "device-model-" + std::to_string(::getpid());
    const std::string log = folder + "/qemu-dm-hvm.log";
    ASSERT_TRUE(make_directories(folder));
    const Error error{"Domain 3: device model did not start: -26", 0};
    const auto explain = [&](const Error& what, std::time_t began) {
        return explain_device_model(what, "hvm", began, folder).message;
    };
    EXPECT_EQ(explain(error, 0), error.message); // there is no log
    ASSERT_TRUE(write_file_atomic(log, refusal));
    EXPECT_THAT(explain(error, 0), HasSubstr("says: -vnc 127.0.0.1:5,password=on"));
    EXPECT_THAT(explain(error, 0), HasSubstr(error.message));
    EXPECT_EQ(explain(error, std::time(nullptr) + 60), error.message); // an older domain's log
    EXPECT_EQ(explain(Error{"no memory", 0}, 0), "no memory");
    EXPECT_EQ(explain_device_model(error, "../hvm", 0, folder).message, error.message);
    ::unlink(log.c_str());
    ::rmdir(folder.c_str());
}

} // namespace
} // namespace bulkhead::domain
