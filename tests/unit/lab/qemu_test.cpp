#include "lab/qemu.hpp"

#include <algorithm>
#include <gmock/gmock.h>

namespace bulkhead::lab {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// All values of an option.
std::vector<std::string> values(const std::vector<std::string>& words, const std::string& option) {
    std::vector<std::string> found;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == option) found.push_back(words[i + 1]);
    }
    return found;
}

TEST(Qemu, DefaultMachine) {
    const auto words = qemu_arguments(LabOptions(), Accelerator::tcg);
    EXPECT_EQ(words[0], "qemu-system-x86_64");
    EXPECT_THAT(values(words, "-accel"), Contains("tcg,thread=multi"));
    EXPECT_THAT(values(words, "-device"), Contains("intel-iommu,intremap=on"));
    EXPECT_THAT(values(words, "-device"), Contains(HasSubstr("e1000e,netdev=outside,addr=02.0,mac=52:54:00:12:34:56")));
    EXPECT_THAT(values(words, "-cpu"), Contains(HasSubstr("-smap,-monitor")));
    EXPECT_THAT(values(words, "-netdev"), Contains(HasSubstr("restrict=on")));
    EXPECT_THAT(words, Contains("-no-reboot"));
    ASSERT_EQ(values(words, "-initrd").size(), 1U);
    EXPECT_THAT(values(words, "-initrd")[0], HasSubstr("vmlinux console=hvc0"));
    EXPECT_THAT(values(words, "-initrd")[0], HasSubstr("bulkhead.hide=0000:00:02.0"));
    EXPECT_THAT(values(words, "-initrd")[0], testing::EndsWith(",initramfs"));
}

TEST(Qemu, IommuComesBeforeTheDevicesThatItTranslates) {
    const auto devices = values(qemu_arguments(LabOptions(), Accelerator::tcg), "-device");
    EXPECT_THAT(devices.at(0), HasSubstr("intel-iommu"));
}

TEST(Qemu, NoFixedTcpPortAndNoPathOutsideTheFolder) {
    for (const std::string& word : qemu_arguments(LabOptions(), Accelerator::tcg)) {
        EXPECT_THAT(word, Not(HasSubstr("hostfwd")));
        EXPECT_THAT(word, Not(HasSubstr("path=/")));
    }
}

TEST(Qemu, EveryNicModel) {
    LabOptions options;
    for (const std::string& model : nic_models()) {
        options.nic = model;
        const auto devices = values(qemu_arguments(options, Accelerator::tcg), "-device");
        EXPECT_THAT(devices, Contains(testing::StartsWith(nic_device(model) + ",netdev=outside,addr=02.0")));
    }
    options.nic = "virtio";
    EXPECT_THAT(values(qemu_arguments(options, Accelerator::tcg), "-device"),
                Contains(HasSubstr("virtio-net-pci,netdev=outside,addr=02.0,mac=52:54:00:12:34:56,disable-legacy=on,"
                                   "iommu_platform=on,status=off")));
}

TEST(Qemu, OptionsReachTheCommandLine) {
    LabOptions options;
    options.iommu = false;
    options.nic_in_dom0 = true;
    options.memory = 4096;
    options.dom0_memory = 2048;
    options.xenstored = "ocaml";
    options.xen_arguments = "flask=enforcing";
    options.dom0_arguments = "a=1,2";
    const auto words = qemu_arguments(options, Accelerator::kvm);
    EXPECT_THAT(values(words, "-device"), Not(Contains(HasSubstr("iommu"))));
    EXPECT_THAT(values(words, "-accel"), Contains("kvm"));
    EXPECT_THAT(values(words, "-cpu"), Contains("host"));
    EXPECT_THAT(values(words, "-m"), Contains("4096"));
    EXPECT_THAT(values(words, "-append")[0], HasSubstr("dom0_mem=2048M,max:2048M"));
    EXPECT_THAT(values(words, "-append")[0], HasSubstr("flask=enforcing"));
    const std::string initrd = values(words, "-initrd")[0];
    EXPECT_THAT(initrd, Not(HasSubstr("bulkhead.hide")));
    EXPECT_THAT(initrd, HasSubstr("bulkhead.xenstored=ocaml"));
    EXPECT_THAT(initrd, HasSubstr("a=1,,2")); // a comma would end the module for QEMU
}

TEST(Qemu, AnXsmPolicyIsTheLastModuleAndIsEnforced) {
    LabOptions options;
    EXPECT_THAT(values(qemu_arguments(options, Accelerator::tcg), "-append")[0], Not(HasSubstr("flask")));
    options.xsm_policy = "/any,where/policy";
    const auto words = qemu_arguments(options, Accelerator::tcg);
    EXPECT_THAT(values(words, "-initrd")[0], testing::EndsWith(",initramfs,xsm-policy"));
    EXPECT_THAT(values(words, "-append")[0], HasSubstr(" xsm=flask flask=enforcing"));
}

TEST(Qemu, OneSocketPerExecPort) {
    const auto words = qemu_arguments(LabOptions(), Accelerator::tcg);
    for (unsigned port = 0; port < exec_ports; ++port) {
        EXPECT_THAT(values(words, "-chardev"),
                    Contains(HasSubstr("path=" + exec_socket(port) + ",server=on,wait=off")));
        EXPECT_THAT(values(words, "-device"), Contains(testing::EndsWith(",name=bulkhead." + std::to_string(port))));
    }
}

} // namespace
} // namespace bulkhead::lab
