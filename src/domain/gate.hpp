// Gate: what a worker passes before it calls libxl. It looks at files and devices, and asks the daemon, which decides
// by the mandatory policy (security.hpp). For workers.
#pragma once

#include "base/result.hpp"
#include "domain/labelled.hpp"
#include "domain/security_question.hpp"
#include "domain/worker.hpp"
#include "xen/context.hpp"
#include "xen/domain.hpp"
#include "xen/domain_spec.hpp"
#include "xen/usb.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bulkhead::domain {

class Gate {
public:
    using Ask = std::function<Result<Permit>(const Question&)>;

    // `verb`: for the log.
    Gate(const WorkerSide& side, std::string verb);
    Gate(const LabelledSet& labelled, std::string verb, Ask ask)
        : labelled_(&labelled), verb_(std::move(verb)), ask_(std::move(ask)) {}

    // A domain with all of its devices. `spec.uuid` is set and backends of vifs are known; `pcis` beside those of spec.
    Result<Permit> start(xen::Context& xen, const xen::DomainSpec& spec, const std::vector<xen::PciSpec>& pcis) const;
    // Devices that come to a running domain.
    Result<Permit> disk(xen::Context& xen, const xen::DomainInfo& domain, const xen::DiskSpec& disk) const;
    Status pci(xen::Context& xen, const xen::DomainInfo& domain, const std::string& address) const;
    Status usb(const xen::DomainInfo& domain, const xen::UsbDevice& device) const;
    Result<Permit> vif(xen::Context& xen, const xen::DomainInfo& domain, unsigned devid, const xen::NicSpec& nic,
                       unsigned backend) const;

private:
    [[nodiscard]] Question about(const xen::DomainInfo& domain) const;
    [[nodiscard]] Result<Permit> ask(const Question& question) const;
    const LabelledSet* labelled_;
    std::string verb_;
    Ask ask_;
};

// The question that Gate::start() asks.
Result<Question> start_question(xen::Context& xen, const LabelledSet& labelled, const xen::DomainSpec& spec,
                                const std::vector<xen::PciSpec>& pcis);

// "vbd xvda", "pci 0000:00:02.0", "vif 0": DeviceUse::device.
std::string disk_device(const std::string& vdev);
std::string pci_device(const std::string& address);
std::string vif_device(unsigned devid);
std::string usb_device(const xen::UsbDevice& device); // "usb 3.4": bus and address

} // namespace bulkhead::domain
