#include "domain/gate.hpp"

#include "domain/names.hpp"
#include "domain/pci_change.hpp"
#include "measure/hash.hpp"
#include "xen/spec_options.hpp"

#include "base/text.hpp"

#include <filesystem>

namespace bulkhead::domain {
namespace {

using Domains = std::vector<xen::DomainInfo>;

// The UUID of the domain that serves a device; empty: dom0.
Result<std::string> server_of(const Domains& domains, const std::string& backend) {
    if (backend.empty()) return std::string();
    const xen::DomainInfo server = TRY(context(find_domain(domains, backend), "backend"));
    return server.id == 0 ? std::string() : server.uuid;
}

Result<DeviceUse> use_of(storage::Facts& facts, const LabelledSet& labelled, const Domains& domains,
                         const xen::DiskSpec& disk) {
    DeviceUse use;
    use.device = disk_device(disk.vdev);
    const std::string target = disk.target.value_or("");
    use.name = target;
    if (target.empty()) return use; // a drive without a medium
    use.peer = TRY(server_of(domains, disk.backend.value_or("")));
    // As the disk rule: what a script or another domain understands need not be a file of dom0.
    const bool ours =
        use.peer.empty() && !disk.script && (target.starts_with('/') || disk.backendtype == xen::DiskBackend::phy);
    // A relative name is one of /dev for blkback, and one of this folder for QEMU.
    std::vector<std::string> paths = {target.starts_with('/') ? target : "/dev/" + target};
    std::error_code error;
    if (!target.starts_with('/')) paths.push_back(std::filesystem::current_path(error).string() + "/" + target);
    std::optional<Labelled> found;
    for (const std::string& path : use.peer.empty() ? paths : std::vector<std::string>()) {
        Result<Labelled> one = find_resource(facts, path);
        if (!one && ours && paths.size() == 1)
            return tl::unexpected(context(std::move(one), "disk " + disk.vdev).error());
        if (!one) continue;
        for (std::string& key : resources_in(facts, labelled, *one)) use.resources.push_back(std::move(key));
        if (!found) found = std::move(*one);
    }
    if (found) {
        use.node = node_text(found->node);
        return use;
    }
    const std::string name = use.peer.empty() ? target : use.peer + " " + target;
    use.resources =
        resources_in(facts, labelled, {"name:" + name, ResourceKind::name, storage::named_node(name), "", ""});
    return use;
}

Status add_pcis(xen::Context& xen, const LabelledSet& labelled, unsigned domain, const std::string& text,
                std::vector<DeviceUse>& uses) {
    storage::Facts facts;
    for (const pci::Address& address : TRY(addresses_of(xen, domain, text))) {
        const std::string bdf = pci::address_text(address);
        DeviceUse use;
        use.device = pci_device(bdf);
        use.name = text;
        const Labelled device{"pci:" + bdf, ResourceKind::pci, storage::named_node(bdf), "", ""};
        use.resources = resources_in(facts, labelled, device);
        uses.push_back(std::move(use));
    }
    return {};
}

// What has no file or number of its own is a resource by this name: "name:usb 3.4".
DeviceUse named_use(storage::Facts& facts, const LabelledSet& labelled, const std::string& device) {
    DeviceUse use;
    use.device = use.name = device;
    use.resources =
        resources_in(facts, labelled, {"name:" + device, ResourceKind::name, storage::named_node(device), "", ""});
    return use;
}

// Two texts never have one name: the label of one would be the other's.
std::string nameable(const std::string& text) {
    constexpr std::size_t name_max = 1024;
    return text == printable(text, name_max) ? text : "sha256:" + to_hex(measure::hash(measure::Bank::sha256, text));
}

// Parts of the host that options give to a domain, beside disks, vifs and PCI devices.
Status add_options(storage::Facts& facts, const LabelledSet& labelled, const xen::DomainSpec& spec,
                   std::vector<DeviceUse>& uses) {
    for (const char* const key : {"usbdev", "ioports", "iomem", "irqs", "dtdev", "p9"}) {
        const xen::ConfigValue* const value = xen::find_option(spec.options, key);
        if (value == nullptr) continue;
        const std::vector<xen::ConfigValue> items = value->is_list ? value->items : std::vector{*value};
        for (const xen::ConfigValue& item : items) {
            const bool usb = std::string_view(key) == "usbdev";
            uses.push_back(named_use(facts, labelled,
                                     usb ? usb_device(TRY(xen::parse_usb_device(item.text)))
                                         : std::string(key) + " " + nameable(item.text)));
        }
    }
    return {};
}

} // namespace

std::string usb_device(const xen::UsbDevice& device) {
    return "usb " + std::to_string(device.bus) + "." + std::to_string(device.address);
}

std::string disk_device(const std::string& vdev) {
    return "vbd " + vdev;
}

std::string pci_device(const std::string& address) {
    return "pci " + address;
}

std::string vif_device(unsigned devid) {
    return "vif " + std::to_string(devid);
}

Gate::Gate(const WorkerSide& side, std::string verb)
    : labelled_(&side.labelled()), verb_(std::move(verb)), ask_([&side](const Question& question) -> Result<Permit> {
          return parse_permit(TRY(side.ask(print_question(question))));
      }) {}

Question Gate::about(const xen::DomainInfo& domain) const {
    Question question;
    question.verb = verb_;
    question.uuid = policy_uuid(domain);
    question.name = domain.name;
    question.generation = labelled_->generation;
    return question;
}

Result<Permit> Gate::ask(const Question& question) const {
    Permit permit = TRY(ask_(question));
    for (const DeviceUse& use : question.devices) {
        if (!use.node.empty()) permit.disk_nodes[use.device.substr(disk_device("").size())] = use.node;
    }
    return permit;
}

Result<Question> start_question(xen::Context& xen, const LabelledSet& labelled, const xen::DomainSpec& spec,
                                const std::vector<xen::PciSpec>& pcis) {
    Question question;
    question.uuid = spec.uuid.value_or("");
    question.name = spec.name;
    question.starts = true;
    question.label = spec.label;
    question.generation = labelled.generation;
    const Domains domains = TRY(xen::list_domains(xen));
    storage::Facts facts;
    for (const xen::DiskSpec& disk : spec.disks) {
        DeviceUse use = TRY(use_of(facts, labelled, domains, disk));
        question.devices.push_back(std::move(use));
    }
    for (unsigned i = 0; i < spec.nics.size(); ++i) {
        DeviceUse use;
        use.device = vif_device(spec.nics[i].devid.value_or(i));
        use.peer = TRY(server_of(domains, spec.nics[i].backend));
        use.label = spec.nics[i].label;
        question.devices.push_back(std::move(use));
    }
    for (const xen::PciSpec& device : spec.pcis) TRY(add_pcis(xen, labelled, 0, device.text, question.devices));
    for (const xen::PciSpec& device : pcis) TRY(add_pcis(xen, labelled, 0, device.text, question.devices));
    TRY(add_options(facts, labelled, spec, question.devices));
    return question;
}

Result<Permit> Gate::start(xen::Context& xen, const xen::DomainSpec& spec,
                           const std::vector<xen::PciSpec>& pcis) const {
    Question question = TRY(start_question(xen, *labelled_, spec, pcis));
    question.verb = verb_;
    return ask(question);
}

Result<Permit> Gate::disk(xen::Context& xen, const xen::DomainInfo& domain, const xen::DiskSpec& disk) const {
    storage::Facts facts;
    const Domains domains = TRY(xen::list_domains(xen));
    Question question = about(domain);
    DeviceUse use = TRY(use_of(facts, *labelled_, domains, disk));
    question.devices.push_back(std::move(use));
    return ask(question);
}

Status Gate::pci(xen::Context& xen, const xen::DomainInfo& domain, const std::string& address) const {
    Question question = about(domain);
    TRY(add_pcis(xen, *labelled_, domain.id, address, question.devices));
    TRY(ask_(question));
    return {};
}

Status Gate::usb(const xen::DomainInfo& domain, const xen::UsbDevice& device) const {
    storage::Facts facts;
    Question question = about(domain);
    question.devices.push_back(named_use(facts, *labelled_, usb_device(device)));
    TRY(ask_(question));
    return {};
}

Result<Permit> Gate::vif(xen::Context& xen, const xen::DomainInfo& domain, unsigned devid, const xen::NicSpec& nic,
                         unsigned backend) const {
    Question question = about(domain);
    DeviceUse use;
    use.device = vif_device(devid);
    use.label = nic.label;
    if (backend != 0) use.peer = TRY(server_of(TRY(xen::list_domains(xen)), std::to_string(backend)));
    question.devices.push_back(std::move(use));
    return ask_(question);
}

} // namespace bulkhead::domain
