#include "lab/machine.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "lab/qemu.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;

// What QEMU, Xen's and the emulator's own tables need beside the guest's memory, roughly, in MiB.
constexpr std::uint64_t overhead = 300;

} // namespace

bool has_virtualisation(std::string_view cpuinfo) {
    for (const std::string_view line : split(cpuinfo, '\n')) {
        if (line.substr(0, 5) != "flags") continue;
        for (const std::string_view word : words(line)) {
            if (word == "vmx" || word == "svm") return true;
        }
        return false; // all CPUs are alike
    }
    return false;
}

Result<std::uint64_t> available_memory(std::string_view meminfo) {
    for (const std::string_view line : split(meminfo, '\n')) {
        if (line.substr(0, 13) != "MemAvailable:") continue;
        const auto fields = words(line);
        if (fields.size() < 2) break;
        if (const auto value = parse_unsigned(fields[1])) return *value;
    }
    return fail("/proc/meminfo: no MemAvailable line");
}

bool knows_device(std::string_view device_help, std::string_view device) {
    return device_help.find("name \"" + std::string(device) + "\"") != std::string_view::npos;
}

Status check_machine(const LabOptions& options) {
    const auto help = run({qemu_program, "-machine", "q35", "-device", "help"}, 30s);
    if (!help && help.error().code == ENOENT) {
        return fail("qemu-system-x86_64 is not installed: run `apt-get install --no-install-recommends "
                    "qemu-system-x86` as root");
    }
    if (!help) return tl::unexpected(help.error());
    if (help->status != 0) return fail("qemu-system-x86_64 does not work here: " + std::string(trim(help->err)));
    std::vector<std::string> devices = {nic_device(options.nic), "virtio-serial-pci", "virtserialport"};
    if (options.iommu) devices.emplace_back("intel-iommu");
    for (const std::string& device : devices) {
        if (knows_device(help->out, device)) continue;
        return fail("this qemu-system-x86_64 has no device '" + device + "'" +
                    (device == "intel-iommu" ? ", the emulated IOMMU without which no NIC can be passed through" : "") +
                    ": install Debian 12's qemu-system-x86 (7.2 or later)");
    }
    const std::uint64_t available = TRY(available_memory(TRY(read_file("/proc/meminfo", 64 * 1024)))) / 1024;
    if (available < options.memory + overhead) {
        return fail("a lab with " + std::to_string(options.memory) + " MiB needs about " +
                    std::to_string(options.memory + overhead) + " MiB of free memory, this machine has " +
                    std::to_string(available) + ": use --memory, or stop something (`bulkhead lab status`)");
    }
    return {};
}

bool probe_guest(const std::string& accelerator) {
    // A BIOS image of 64 KiB. The CPU starts 16 bytes before its end, in real mode:
    //     b0 10      mov al, 0x10
    //     e6 f4      out 0xf4, al     isa-debug-exit: QEMU ends with status (0x10 << 1) | 1
    //     f4         hlt
    std::string bios(64 * 1024, '\xf4');
    bios.replace(bios.size() - 16, 5, "\xb0\x10\xe6\xf4\xf4", 5);
    const Fd file(::memfd_create("bulkhead-probe", MFD_CLOEXEC));
    if (!file || !write_all(file.get(), bios)) return false;
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.get());
    const auto output =
        run({qemu_program, "-nodefaults", "-no-user-config", "-display", "none", "-accel", accelerator, "-machine",
             "pc", "-m", "16", "-no-reboot", "-bios", path, "-device", "isa-debug-exit,iobase=0xf4,iosize=1"},
            10s);
    return output && output->status == ((0x10 << 1) | 1);
}

Accelerator choose_accelerator() {
    const auto cpuinfo = read_file("/proc/cpuinfo", 16 << 20);
    if (!cpuinfo || !has_virtualisation(*cpuinfo)) return Accelerator::tcg;
    if (::access("/dev/kvm", R_OK | W_OK) != 0) return Accelerator::tcg;
    return probe_guest("kvm") ? Accelerator::kvm : Accelerator::tcg;
}

} // namespace bulkhead::lab
