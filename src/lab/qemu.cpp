#include "lab/qemu.hpp"

#include <algorithm>

namespace bulkhead::lab {
namespace {

// What of EPYC this works with under TCG was measured (docs/lab.md): SMAP kills dom0 at an iretq, MWAIT (monitor)
// panics Xen with two CPUs, RDTSCP loops a PVH guest, and with the AVX family and XSAVE guests die of segfaults.
constexpr const char* tcg_cpu = "EPYC,-smap,-monitor,-avx,-avx2,-xsave,-fma,-f16c,-rdtscp";

} // namespace

std::string exec_socket(unsigned port) {
    return "exec-" + std::to_string(port) + ".sock";
}

std::string escape_commas(std::string_view text) {
    std::string escaped;
    for (const char c : text) escaped.append(c == ',' ? 2 : 1, c);
    return escaped;
}

std::string nic_device(std::string_view model) {
    return model == "virtio" ? "virtio-net-pci" : std::string(model);
}

std::vector<std::string> qemu_arguments(const LabOptions& options, Accelerator accelerator) {
    const bool kvm = accelerator == Accelerator::kvm;
    std::vector<std::string> words = {qemu_program};
    const auto add = [&words](std::string option, std::string value) {
        words.push_back(std::move(option));
        words.push_back(std::move(value));
    };
    const auto socket_chardev = [&](const std::string& id, const std::string& path, const std::string& more = {}) {
        add("-chardev", "socket,id=" + id + ",path=" + path + ",server=on,wait=off" + more);
    };

    add("-name", "bulkhead-lab-" + options.name);
    words.insert(words.end(), {"-nodefaults", "-no-user-config", "-no-reboot"});
    add("-display", "none");
    add("-accel", kvm ? "kvm" : "tcg,thread=multi");
    add("-machine", "q35,kernel-irqchip=split"); // split: what interrupt remapping needs under KVM
    if (options.iommu) add("-device", "intel-iommu,intremap=on");
    add("-cpu", kvm ? "host" : tcg_cpu);
    add("-smp", std::to_string(options.processors));
    add("-m", std::to_string(options.memory));

    socket_chardev("console", file::console_socket, ",logfile=" + std::string(file::console_log));
    add("-serial", "chardev:console");
    socket_chardev("qmp", file::qmp_socket);
    add("-mon", "chardev=qmp,mode=control");

    // restrict=on: the guests reach the network that QEMU plays, and nothing of this machine or beyond.
    add("-netdev", "user,id=outside,net=10.0.2.0/24,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:cat");
    std::string nic = nic_device(options.nic) + ",netdev=outside,addr=02.0,mac=" + nic_mac;
    // Without the first two a virtio device bypasses the IOMMU, and a driver domain's addresses would mean nothing to
    // it. A card that reports its link's state is used up to a second late: virtnet_probe() in Linux says "no carrier"
    // and "carrier" before anyone can open it, and the kernel's link watch handles one such change a second.
    if (options.nic == "virtio") nic += ",disable-legacy=on,iommu_platform=on,status=off";
    nic += ",romfile="; // nobody boots from it, and its package (ipxe-qemu) need not be there
    add("-device", nic);

    add("-device", "virtio-serial-pci,id=ports,addr=03.0,max_ports=" + std::to_string(exec_ports + 3));
    const auto port = [&](unsigned number, const std::string& chardev, const std::string& name) {
        add("-device",
            "virtserialport,bus=ports.0,nr=" + std::to_string(number) + ",chardev=" + chardev + ",name=" + name);
    };
    // For domains with a device model, which can hand it on; dom0 sees it once xhci_pci is loaded.
    if (std::find(options.parts.begin(), options.parts.end(), "qemu") != options.parts.end()) {
        add("-device", "qemu-xhci,id=usb,addr=04.0");
        add("-device", "usb-mouse,bus=usb.0");
    }
    add("-chardev", "file,id=events,path=" + std::string(file::events_log));
    port(1, "events", "bulkhead.events");
    add("-chardev", "file,id=guests,path=" + std::string(file::guests_log));
    port(2, "guests", "bulkhead.log");
    for (unsigned i = 0; i < exec_ports; ++i) {
        const std::string id = "exec" + std::to_string(i);
        socket_chardev(id, exec_socket(i));
        port(3 + i, id, "bulkhead." + std::to_string(i));
    }

    const std::string dom0 = std::to_string(options.dom0_memory) + "M";
    std::string xen = "console=com1 com1=115200,8n1 dom0_mem=" + dom0 + ",max:" + dom0 + " loglvl=all guest_loglvl=all";
    // What costs seconds under TCG and matters to no test: cleaning fresh memory, flushes against speculation, and an
    // IOMMU entry for every page of dom0 (driver domains keep theirs).
    xen += " bootscrub=0 spec-ctrl=no dom0-iommu=passthrough";
    if (!options.xsm_policy.empty()) xen += " xsm=flask flask=enforcing";
    if (!options.xen_arguments.empty()) xen += " " + options.xen_arguments;
    // panic=-1: a panic ends QEMU at once (-no-reboot). From rodata=off on: seconds under TCG again (rodata alone 8).
    std::string dom0_line = "console=hvc0 panic=-1 loglevel=5 rodata=off mitigations=off init_on_alloc=0 "
                            "lsm=capability cryptomgr.notests bulkhead.xenstored=" +
                            options.xenstored;
    if (!options.nic_in_dom0) dom0_line += std::string(" bulkhead.hide=") + nic_address;
    if (!options.dom0_arguments.empty()) dom0_line += " " + options.dom0_arguments;
    add("-kernel", file::xen);
    // Xen takes the first module for dom0's kernel, and the policy for itself, by its magic number, wherever it stands
    // behind that (xen/xsm/xsm_policy.c); what is left is the initramfs.
    std::string modules = escape_commas(file::kernel + (" " + dom0_line)) + "," + file::initramfs;
    if (!options.xsm_policy.empty()) modules += std::string(",") + file::xsm_policy;
    add("-initrd", modules);
    add("-append", xen);
    return words;
}

} // namespace bulkhead::lab
