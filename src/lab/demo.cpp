#include "lab/demo.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "image/client.hpp"
#include "image/ndvm.hpp"
#include "lab/boot.hpp"
#include "lab/guest_watch.hpp"
#include "lab/interrupts.hpp"
#include "lab/lab.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace bulkhead::lab {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr unsigned ndvm_memory = 96; // MiB
constexpr const char* client_mac = "00:16:3e:00:00:30";
constexpr const char* dom0_mac = "00:16:3e:00:00:40";
constexpr const char* dom0_address = "10.0.2.40/24";
constexpr const char* gateway = "10.0.2.2"; // QEMU's, outside the machine

std::string guest_config(const std::string& name, unsigned memory, const std::string& more) {
    const std::string folder = "/var/lib/bulkhead/images/" + name + "/";
    return "name = \"" + name + "\"\ntype = \"pv\"\nkernel = \"" + folder + "kernel\"\nramdisk = \"" + folder +
           "initramfs\"\nmemory = " + std::to_string(memory) + "\nvcpus = 1\n" + more;
}

// "123" out of xenstore; 0 when it is anything else.
std::uint64_t number(const std::string& text) {
    return parse_unsigned(trim(text)).value_or(0);
}

class Demo {
public:
    Demo(const DemoOptions& options, Lab lab) : options_(options), lab_(std::move(lab)) {
        lab_.set_interruptible(true);
    }

    Result<DemoReport> run();

private:
    [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
    void say(const std::string& text) const {
        if (options_.say) options_.say(elapsed(), text);
    }
    // Ends the stage that began with the last call.
    void stage(const std::string& name) {
        report_.stages.push_back({name, elapsed() - stage_begin_});
        stage_begin_ = elapsed();
    }

    Status tell();
    Status build_images();
    Status boot();
    Status start_ndvm();
    Status start_client();
    Status attach_dom0();
    Status prove();
    Result<std::string> dom0(const std::vector<std::string>& arguments, std::chrono::seconds deadline = 60s) const {
        return lab_.run_checked(arguments, deadline);
    }
    // One short shell script; its output without the last line's end.
    Result<std::string> shell(const std::string& script) const {
        return std::string(trim(TRY(dom0({"sh", "-c", script}))));
    }
    Status put_config(const std::string& name, const std::string& text) const {
        TRY(lab_.run_checked({"sh", "-c", "mkdir -p /etc/bulkhead && cat >\"/etc/bulkhead/$1.cfg\"", "sh", name}, 30s,
                             text));
        return {};
    }
    [[nodiscard]] std::string ndvm_node(const std::string& name) const {
        const auto output =
            lab_.run({"xenstore-read", "/local/domain/" + report_.ndvm_id + "/data/bulkhead/" + name}, 30s);
        return output && output->status == 0 ? std::string(trim(output->out)) : std::string();
    }

    const DemoOptions& options_;
    Lab lab_;
    DemoReport report_;
    Clock::time_point begin_ = Clock::now();
    double stage_begin_ = 0;
    bool up_ = false;
    LabOptions lab_options_;
    // As long as this lives, signals wait until a boot, a command in dom0 or a wait for a guest looks at them.
    Interrupts interrupts_;
};

Status Demo::build_images() {
    const std::string packages = TRY(image::default_cache_directory());
    const std::string folder = std::filesystem::path(packages).parent_path().string() + "/images";
    TRY(make_directories(folder));
    image::NdvmOptions ndvm;
    ndvm.nics = {options_.lab.nic};
    ndvm.output = folder + "/ndvm-" + options_.lab.nic;
    ndvm.keep_current = true;
    const image::BuiltImage built = TRY(context(image::build_ndvm(ndvm), "building the NDVM's image"));
    report_.ndvm_kernel_size = built.kernel_size;
    report_.ndvm_initramfs_size = built.initramfs_size;
    report_.linux_version = built.kernel_version;
    image::ImageOptions client;
    client.output = folder + "/client";
    client.keep_current = true;
    TRY(context(image::build_client(client), "building the client's image"));
    lab_options_ = options_.lab;
    lab_options_.images = {{"ndvm", ndvm.output}, {"client", client.output}};
    char size[64];
    std::snprintf(size, sizeof size, "%.2f MB", static_cast<double>(built.initramfs_size) / 1e6);
    say(std::string("the NDVM's image is ") + (built.rebuilt ? "built" : "up to date") +
        ": a kernel and an initramfs of " + size);
    stage("images");
    return {};
}

Status Demo::boot() {
    BootOptions boot;
    boot.progress = [this](const std::string& text, double) { say("  " + text); };
    const BootReport booted = TRY(boot_lab(lab_options_, boot));
    up_ = true;
    report_.accelerator = booted.state.accelerator;
    report_.lab_memory = lab_options_.memory;
    report_.dom0_memory = lab_options_.dom0_memory;
    report_.xen = TRY(shell("xl info | sed -n 's/^xen_version *: //p'"));
    say("Xen " + report_.xen + " runs; its dom0 has handed the NIC " + nic_address + " to xen-pciback");
    stage("Xen and dom0 boot");
    return {};
}

Status Demo::start_ndvm() {
    TRY(put_config("ndvm", guest_config("ndvm", ndvm_memory,
                                        "cmdline = \"console=hvc0 panic=-1 rodata=off\"\ndriver_domain = 1\n"
                                        "heartbeat_timeout = 30\nspare = 0\npci = [ \"" +
                                            std::string(nic_address).substr(5) + "\" ]\n")));
    TRY(dom0({"bulkhead", "create", "/etc/bulkhead/ndvm.cfg"}, 120s));
    report_.ndvm_id = trim(TRY(dom0({"bulkhead", "domid", "ndvm"})));
    say("NDVM created as domain " + report_.ndvm_id + ", with the NIC");
    stage("NDVM created");
    // Each event of the watch is followed by a look at the node, so none can be missed; the first comes at once.
    TRY(context(
        dom0({"bash", "-c",
              "coproc xenstore-watch \"$1\"\n"
              "while read -r _ <&\"${COPROC[0]}\"; do\n"
              "  state=$(xenstore-read \"$1\" 2>/dev/null)\n"
              "  case $state in ready) kill \"$COPROC_PID\"; exit 0 ;; failed*) echo \"$state\" >&2; exit 1 ;; esac\n"
              "done",
              "wait", "/local/domain/" + report_.ndvm_id + "/data/bulkhead/state"},
             120s),
        "waiting for the NDVM"));
    report_.bridge = ndvm_node("bridge");
    report_.nic = ndvm_node("nic/name");
    report_.nic_driver = ndvm_node("nic/driver");
    report_.nic_mac = ndvm_node("nic/mac");
    report_.link = ndvm_node("nic/link");
    report_.ndvm_init_ms = number(ndvm_node("timing/init"));
    report_.ndvm_ready_ms = number(ndvm_node("timing/ready"));
    say("NDVM is ready: " + report_.nic + " (" + report_.nic_driver + ", " + report_.nic_mac + ") is a port of " +
        report_.bridge);
    stage("NDVM ready");
    return {};
}

Status Demo::start_client() {
    TRY(put_config("client", guest_config("client", 128,
                                          std::string("cmdline = \"console=hvc0 panic=-1 rodata=off client.ip=dhcp "
                                                      "client.test=ping,transfer client.transfer=1 "
                                                      "client.wait=240\"\nvif = [ \"mac=") +
                                              client_mac + ",backend=ndvm,bridge=" + report_.bridge + "\" ]\n")));
    TRY(dom0({"bulkhead", "create", "/etc/bulkhead/client.cfg"}, 120s));
    report_.client_id = trim(TRY(dom0({"bulkhead", "domid", "client"})));
    say("client created as domain " + report_.client_id + "; its only network card is a vif served by the NDVM");
    stage("client created");
    GuestWatch console = TRY(GuestWatch::open(lab_, "client"));
    const auto stamp = [&](const std::string& event, std::chrono::seconds deadline) -> Result<std::string> {
        std::string line = TRY(console.wait(
            "the client's " + event, [&](std::string_view text) { return is_stamp(text, event); }, deadline,
            interrupts_));
        if (stamp_value(line, "ok") != "1") return fail("the client's " + event + " failed: " + printable(line));
        return line;
    };
    report_.client_address = stamp_value(TRY(stamp("dhcp", 240s)), "ip");
    say("client got " + report_.client_address + " by DHCP from the outside");
    stage("client has an address");
    TRY(stamp("ping", 60s));
    const std::string transfer = TRY(stamp("transfer", 300s));
    report_.transfer = stamp_value(transfer, "bytes") + " bytes there and back in " + stamp_value(transfer, "ms") +
                       " ms, sha256 " + stamp_value(transfer, "sha256").substr(0, 16) + "... is right";
    say("client moved data through the NDVM: " + report_.transfer);
    stage("client transferred data");
    return {};
}

Status Demo::attach_dom0() {
    TRY(dom0({"bulkhead", "network-attach", "Domain-0", "backend=ndvm", std::string("mac=") + dom0_mac,
              "bridge=" + report_.bridge},
             120s));
    report_.dom0_interface =
        TRY(shell("for i in /sys/class/net/*; do [ \"$(cat \"$i/address\")\" = " + std::string(dom0_mac) +
                  " ] && basename \"$i\"; done; true"));
    if (report_.dom0_interface.empty()) return fail("dom0 has no interface with the address " + std::string(dom0_mac));
    say("dom0 has a vif of its own, " + report_.dom0_interface + ", connected to the NDVM");
    stage("dom0 attached");
    report_.dom0_driver =
        TRY(shell("basename \"$(readlink /sys/class/net/" + report_.dom0_interface + "/device/driver)\""));
    TRY(dom0({"sh", "-c", "ip addr add " + std::string(dom0_address) + " dev \"$1\" && ip link set \"$1\" up", "sh",
              report_.dom0_interface}));
    const std::string pinged = TRY(context(dom0({"ping", "-c", "3", "-W", "10", gateway}), "dom0's ping"));
    const std::size_t loss = pinged.find("3 packets");
    report_.dom0_ping = trim(pinged.substr(loss == std::string::npos ? 0 : loss, pinged.find('\n', loss) - loss));
    say("dom0 pings " + std::string(gateway) + " through the NDVM: " + report_.dom0_ping);
    stage("dom0 pings");
    return {};
}

Status Demo::prove() {
    report_.ndvm_memory = ndvm_memory;
    report_.ndvm_total = number(ndvm_node("memory/total"));
    report_.ndvm_available = number(ndvm_node("memory/available"));
    report_.nic_owner =
        TRY(shell("basename \"$(readlink /sys/bus/pci/devices/" + std::string(nic_address) + "/driver)\""));
    // Every network interface of dom0 that stands on a PCI device, with its driver.
    const std::string drivers =
        TRY(shell("for i in /sys/class/net/*; do case $(readlink -f \"$i/device\") in */pci[0-9]*) "
                  "basename \"$(readlink -f \"$i/device/driver\")\" ;; esac; done; true"));
    for (const std::string_view name : words(drivers)) report_.dom0_drivers.emplace_back(name);
    report_.proven = report_.nic_owner == "pciback" && report_.dom0_drivers.empty();
    say(report_.proven ? "proof: in dom0 the NIC belongs to pciback, and no network driver has a PCI device"
                       : "no proof: in dom0 the NIC belongs to '" + report_.nic_owner + "'");
    return {};
}

Status Demo::tell() {
    TRY(build_images());
    TRY(boot());
    TRY(start_ndvm());
    TRY(start_client());
    TRY(attach_dom0());
    return prove();
}

Result<DemoReport> Demo::run() {
    Status done = tell();
    if (!done && done.error().code == EINTR) done = fail("interrupted", EINTR);
    report_.total = elapsed();
    if (up_ && !options_.keep) {
        Status down = lab_.down(false);
        stage_begin_ = report_.total;
        if (done) {
            done = std::move(down);
            stage("lab down");
            report_.total = elapsed();
        }
    }
    if (!done) return tl::unexpected(std::move(done).error());
    return std::move(report_);
}

} // namespace

bool is_stamp(std::string_view line, std::string_view event) {
    const auto fields = words(line);
    return fields.size() >= 3 && fields[0] == "@@" && fields[2] == event;
}

std::string stamp_value(std::string_view line, std::string_view key) {
    for (const std::string_view word : words(line)) {
        if (word.size() > key.size() && word.substr(0, key.size()) == key && word[key.size()] == '=') {
            return printable(word.substr(key.size() + 1), 128);
        }
    }
    return {};
}

Result<DemoReport> run_demo(const DemoOptions& options) {
    TRY(check_options(options.lab));
    Demo demo(options, TRY(Lab::of(options.lab.name)));
    return demo.run();
}

} // namespace bulkhead::lab
