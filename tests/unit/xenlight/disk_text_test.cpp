// xl-disk-configuration(5). The oracle is libxlutil: what it makes of a text must be what our DiskSpec becomes again.
#include "xen/disk_text.hpp"

#include "xen/report.hpp"
#include "xen/spec_convert.hpp"

#include <gtest/gtest.h>

using namespace bulkhead;

namespace {

std::string json_of(libxl_device_disk* disk) {
    const xen::CString json(libxl_device_disk_to_json(nullptr, disk));
    return xen::text_of(json.get());
}

std::string libxlutils(const std::string& text) {
    xen::Report report;
    xen::Disk disk;
    const char* specs[] = {text.c_str()};
    return xlu_disk_parse(report.config(), 1, specs, disk.get()) == 0 ? json_of(disk.get()) : "refused";
}

std::string ours(const std::string& text) {
    const auto spec = xen::parse_disk(text);
    if (!spec) return "refused";
    xen::Disk disk;
    xen::convert(*spec, *disk.get());
    return json_of(disk.get());
}

} // namespace

TEST(Disk, FieldsHaveTheNamesOfTheManual) {
    const auto disk = xen::parse_disk("backend=store,format=qcow2,vdev=hdc,access=ro,discard,target=/a,b c");
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_EQ(disk->backend, "store");
    EXPECT_EQ(disk->format, xen::DiskFormat::qcow2);
    EXPECT_EQ(disk->vdev, "hdc");
    EXPECT_FALSE(disk->readwrite);
    EXPECT_EQ(disk->discard, true);
    EXPECT_EQ(disk->target, "/a,b c");
    EXPECT_FALSE(disk->script);
    EXPECT_FALSE(disk->trusted);
}

TEST(Disk, EveryFormGoesThroughUnchanged) {
    for (const char* text :
         {"/dev/vg/guest,,xvda,w",
          "/dev/vg/guest,raw,xvda,rw",
          "/dev/vg/guest,raw,xvda1,r",
          "format=raw, vdev=hda, access=rw, target=/srv/a.raw",
          "file:/srv/a.img,xvda,w",
          "phy:/dev/vg/a,hda,w",
          "phy:vg/a,hda1,r",
          "tap:aio:/srv/a.img,xvda,w",
          "tap2:vhd:/srv/a.vhd,xvda,w",
          "tap:qcow2:/srv/a.qcow2,xvdb,w",
          "ioemu:/srv/a,hda,w",
          "raw:/srv/a,xvda,w",
          "iscsi:iqn.2001-05.com:a,xvda,w",
          "drbd:res,xvda,w",
          "nbd:host:1,xvda,w",
          "file:/srv/a.iso,hdc:cdrom,r",
          "/srv/a.iso,,hdc,cdrom",
          ",hdc:cdrom,r",
          ",empty,hdc:cdrom,r",
          "vdev=hdc,devtype=cdrom,target=",
          "vdev=hdc,cdrom",
          "devtype=cdrom,vdev=hdc,access=ro,format=empty",
          "vdev=xvdc,backendtype=phy,script=block-iscsi,target=/x",
          "vdev=xvdc,backendtype=tap,target=/x",
          "vdev=xvdc,backendtype=qdisk,format=qed,target=/x",
          "vdev=xvdc,backendtype=standalone,specification=virtio,target=/x",
          "vdev=xvdc,specification=xen,target=/x",
          "vdev=xvdc,direct-io-safe,no-discard,target=/x",
          "vdev=xvdc,script=,backend=,target=/x",
          "vdev=xvdc,colo,colo-host=h,colo-port=9,colo-export=e,active-disk=/a,hidden-disk=/h,target=/x",
          "vdev=xvdc,no-colo,target=/x",
          "vdev=51712,format=vhd,target=/x",
          "vdev=d0p3,format=qcow,target=/x"}) {
        EXPECT_EQ(ours(text), libxlutils(text)) << text;
        EXPECT_NE(ours(text), "refused") << text;
    }
}

TEST(Disk, PartsOfACommandLine) {
    const auto disk = xen::parse_disk(std::vector<std::string>{"/srv/a.img", "raw", "vdev=xvdb", "access=ro"});
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_EQ(disk->target, "/srv/a.img");
    EXPECT_EQ(disk->vdev, "xvdb");
    EXPECT_FALSE(disk->readwrite);
    const auto forced = xen::parse_disk(std::vector<std::string>{"phy:sda1", "sda1", "w!"}); // xm block-attach
    ASSERT_TRUE(forced) << forced.error().message;
    EXPECT_TRUE(forced->shared);
    EXPECT_EQ(forced->vdev, "sda1");
}

TEST(Disk, XmsDeviceNamesLoseTheirFolder) {
    const auto disk = xen::parse_disk("phy:/dev/sda1,/dev/hda,w");
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_EQ(disk->vdev, "hda");
    EXPECT_EQ(disk->target, "/dev/sda1");
}

TEST(Disk, XmsForcedModesAreShared) {
    const auto disk = xen::parse_disk("phy:sda1,hda1,w!");
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_TRUE(disk->readwrite);
    EXPECT_TRUE(disk->shared);
    const auto read_only = xen::parse_disk("file:/srv/a.iso,hdc:cdrom,r!");
    ASSERT_TRUE(read_only) << read_only.error().message;
    EXPECT_FALSE(read_only->readwrite);
    EXPECT_TRUE(read_only->shared);
    const auto path = xen::parse_disk("vdev=hda,target=/srv/a,w!"); // target= takes the rest of the text
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(path->target, "/srv/a,w!");
    EXPECT_FALSE(path->shared);
}

TEST(Disk, ErrorsAreLibxlutils) {
    const auto wrong = xen::parse_disk("format=nonsense,vdev=xvda,target=/x");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("unknown value for format"), std::string::npos) << wrong.error().message;
    EXPECT_FALSE(xen::parse_disk(""));
    EXPECT_FALSE(xen::parse_disk("/x,raw"));
    EXPECT_FALSE(xen::parse_disk("/x,raw,xvda,maybe"));
    EXPECT_FALSE(xen::parse_disk("vdev=xvda"));
    EXPECT_FALSE(xen::parse_disk(std::string("vdev=xvda,target=/x\0y", 21)));
    EXPECT_FALSE(xen::parse_disk("vdev=xvda,target=/" + std::string(xen::disk_text_max, 'x')));
}
