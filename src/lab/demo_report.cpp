#include "lab/demo.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace bulkhead::lab {
namespace {

std::string fixed(double value, int digits, const char* unit) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f %s", digits, value, unit);
    return text;
}

std::string megabytes(std::uint64_t bytes) {
    return fixed(static_cast<double>(bytes) / 1e6, 2, "MB");
}

std::string mebibytes(std::uint64_t kib) {
    return fixed(static_cast<double>(kib) / 1024, 1, "MiB");
}

void row(std::string& text, std::string left, const std::string& right) {
    left.resize(std::max<std::size_t>(left.size(), 26), ' ');
    text += "  " + left + right + "\n";
}

} // namespace

std::string demo_table(const DemoReport& report) {
    std::string text = "\nWhat ran where\n";
    row(text, "machine",
        "QEMU (" + report.accelerator + "), " + std::to_string(report.lab_memory) + " MiB, emulated IOMMU");
    row(text, "hypervisor", "Xen " + report.xen + ", as Debian ships it");
    row(text, "dom0",
        "Linux " + report.linux_version + ", " + std::to_string(report.dom0_memory) + " MiB: xenstored, " +
            "xenconsoled, bulkheadd");
    row(text, "ndvm (domain " + report.ndvm_id + ")",
        "bulkhead-agent, " + report.nic_driver + " for " + report.nic + " " + report.nic_mac + " (link " + report.link +
            "), bridge " + report.bridge);
    row(text, "client (domain " + report.client_id + ")", report.client_address + " by DHCP through the NDVM");
    row(text, "dom0's network", report.dom0_interface + " (" + report.dom0_driver + ") through the NDVM");

    text += "\nThe NDVM\n";
    row(text, "initramfs", megabytes(report.ndvm_initramfs_size));
    row(text, "kernel", megabytes(report.ndvm_kernel_size) + " unpacked");
    row(text, "memory",
        std::to_string(report.ndvm_memory) + " MiB given, " +
            mebibytes(report.ndvm_total - std::min(report.ndvm_total, report.ndvm_available)) + " of " +
            mebibytes(report.ndvm_total) + " in use");
    row(text, "kernel start to init", fixed(static_cast<double>(report.ndvm_init_ms) / 1000, 2, "s"));
    row(text, "kernel start to ready", fixed(static_cast<double>(report.ndvm_ready_ms) / 1000, 2, "s"));

    text += "\nSeconds per stage\n";
    for (const DemoReport::Stage& stage : report.stages) row(text, stage.name, fixed(stage.seconds, 1, "s"));
    row(text, "together", fixed(report.total, 1, "s"));

    text += "\nProof\n";
    row(text, "client's data", report.transfer);
    row(text, "dom0's ping", report.dom0_ping);
    row(text, std::string("driver of ") + nic_address, report.nic_owner + " (in dom0)");
    row(text, "dom0's PCI net drivers", report.dom0_drivers.empty() ? "none" : join(report.dom0_drivers, ", "));
    text += report.proven ? "\nThe NIC and its driver are out of dom0, and everybody has a network.\n"
                          : "\nFAILED: dom0 still has to do with the NIC.\n";
    return text;
}

std::string demo_json(const DemoReport& report) {
    nlohmann::ordered_json stages = nlohmann::ordered_json::array();
    for (const DemoReport::Stage& stage : report.stages) {
        stages.push_back({{"name", stage.name}, {"seconds", stage.seconds}});
    }
    const nlohmann::ordered_json json = {
        {"proven", report.proven},
        {"seconds", report.total},
        {"stages", stages},
        {"lab", {{"accelerator", report.accelerator}, {"memory", report.lab_memory}, {"xen", report.xen}}},
        {"dom0",
         {{"linux", report.linux_version},
          {"memory", report.dom0_memory},
          {"interface", report.dom0_interface},
          {"driver", report.dom0_driver},
          {"ping", report.dom0_ping},
          {"nic_owner", report.nic_owner},
          {"pci_network_drivers", report.dom0_drivers}}},
        {"ndvm",
         {{"domid", report.ndvm_id},
          {"nic", report.nic},
          {"nic_driver", report.nic_driver},
          {"nic_mac", report.nic_mac},
          {"link", report.link},
          {"bridge", report.bridge},
          {"initramfs_bytes", report.ndvm_initramfs_size},
          {"kernel_bytes", report.ndvm_kernel_size},
          {"memory_mib", report.ndvm_memory},
          {"memory_total_kib", report.ndvm_total},
          {"memory_available_kib", report.ndvm_available},
          {"init_ms", report.ndvm_init_ms},
          {"ready_ms", report.ndvm_ready_ms}}},
        {"client", {{"domid", report.client_id}, {"address", report.client_address}, {"transfer", report.transfer}}}};
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace bulkhead::lab
