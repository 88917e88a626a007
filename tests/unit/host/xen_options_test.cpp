#include "host/xen_options.hpp"

#include "host/value_form.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

using namespace bulkhead;
using testing::HasSubstr;

namespace {

std::string error_of(const std::string& word) {
    const Status done = host::check_xen_option(word);
    return done ? "" : done.error().message;
}

// The titles of docs/misc/xen-command-line.pandoc at RELEASE-4.17.7, without those for Arm and the two with an index.
constexpr const char* documented =
    "acpi acpi_apic_instance acpi_pstate_strict acpi_skip_timer_override acpi_sleep allow_unsafe altp2m "
    "apic apic_verbosity apicv arat argo asid async-show-all ats availmem badpage bootscrub "
    "bootscrub_chunk cet clocksource cmci-threshold cmos-rtc-probe com1 com2 conring_size console "
    "console_timestamps console_to_ring conswitch core_parking cpu_type cpufreq cpuid cpuid_mask_cpu "
    "cpuid_mask_ecx cpuid_mask_edx cpuid_mask_ext_ecx cpuid_mask_ext_edx cpuid_mask_l7s0_eax "
    "cpuid_mask_l7s0_ebx cpuid_mask_thermal_ecx cpuid_mask_xsave_eax cpuidle cpuinfo crash-debug-debugkey "
    "crash-debug-hwdom crash-debug-kexeccmd crash-debug-panic crash-debug-watchdog crashinfo_maxaddr "
    "crashkernel credit2_balance_over credit2_balance_under credit2_cap_period_ms "
    "credit2_load_precision_shift credit2_load_window_shift credit2_runqueue dbgp debug_stack_lines "
    "debugtrace dit dma_bits dom0 dom0-cpuid dom0-iommu dom0_ioports_disable dom0_max_vcpus dom0_mem "
    "dom0_nodes dom0_vcpus_pin e820-mtrr-clip e820-verbose edd edid efi ept extra_guest_irqs flask font "
    "force-ept gdb global-pages gnttab gnttab_max_frames gnttab_max_maptrack_frames guest_loglvl hap "
    "hap_1gb hap_2mb hardware_dom hest_disable highmem-start hpet hpetbroadcast hvm_debug hvm_fep "
    "hvm_port80 idle_latency_factor invpcid ioapic_ack iommu iommu_dev_iotlb_timeout "
    "iommu_inclusive_mapping irq-max-guests irq_ratelimit irq_vector_map ivmd lapic lapic_timer_c2_ok ler "
    "loglvl low_crashinfo low_mem_virq_limit max_cstate max_gsi_irqs maxcpus mce mce_fb mce_verbosity mem "
    "memop-max-order mmcfg mmio-relax msi mtrr.show mwait-idle nmi no-real-mode noapic noirqbalance "
    "nolapic noreboot nosmp nr_irqs numa pci pci-phantom pcid pku ple_gap ple_window preferred-cstates "
    "psr pv pv-l1tf pv-linear-pt pv-shim rcu-idle-timer-period-ms reboot rmrr ro-hpet sched sched-gran "
    "sched_credit2_max_cpus_runqueue sched_credit2_migrate_resist sched_credit_tslice_ms "
    "sched_ratelimit_us sched_smt_power_savings scrub-domheap serial_tx_buffer shim_mem smap smep smt "
    "snb_igd_quirk spec-ctrl sync_console tboot tbuf_size tdt tevt_mask tickle_one_idle_cpu timer_slop "
    "tsc tsx ucode unrestricted_guest vcpu_migration_delay vesa-ram vga viridian-spinlock-retry-count "
    "viridian-version vm-notify-window vpid vpmu watchdog watchdog_timeout x2apic x2apic-mode x2apic_phys "
    "xpti xsave xsm";

} // namespace

TEST(XenOptions, TheTableHasTheDocumentsNames) {
    std::set<std::string> wanted;
    std::string names = documented;
    for (std::size_t at = 0; at < names.size();) {
        const std::size_t end = std::min(names.find(' ', at), names.size());
        wanted.insert(names.substr(at, end - at));
        at = end + 1;
    }
    std::set<std::string> have;
    for (const host::XenOption& option : host::xen_options()) have.insert(option.name);
    EXPECT_EQ(have, wanted);
    EXPECT_EQ(have.size(), host::xen_options().size()); // no name twice
    EXPECT_TRUE(std::is_sorted(host::xen_options().begin(), host::xen_options().end(),
                               [](const auto& a, const auto& b) { return std::string_view(a.name) < b.name; }));
}

TEST(XenOptions, RowsWithAFormHaveOneAndOthersNot) {
    for (const host::XenOption& option : host::xen_options()) {
        const bool needs = option.kind == host::Kind::words || option.kind == host::Kind::list;
        EXPECT_EQ(needs, *option.form != '\0') << option.name;
        for (const std::string& example : host::examples(option.form)) EXPECT_FALSE(example.empty()) << option.name;
    }
}

// Examples of the document and of the Xen manual's chapter 11.
TEST(XenOptions, TakesWhatXenTakes) {
    for (const char* word : {"dom0_mem=512M,max:1G",
                             "dom0_mem=1024M,max:1024M",
                             "dom0_mem=min:1G,max:25%",
                             "dom0_mem=1G+25%",
                             "dom0_mem=-512M",
                             "dom0_mem=262144",
                             "dom0_max_vcpus=4",
                             "dom0_max_vcpus=4-8",
                             "dom0_max_vcpus=-8",
                             "dom0_max_vcpus=2-",
                             "dom0_vcpus_pin",
                             "no-dom0_vcpus_pin",
                             "com1=115200,8n1",
                             "com1=9600,8n1,0x408,5",
                             "com1=auto",
                             "com1=115200,8n1,pci",
                             "com1=115200,8n1,0x3f8,4,00:1f.3,00:01.0",
                             "com2=baud=9600,parity=n",
                             "com1=115200/1843200",
                             "console=com1,vga",
                             "console=com1L",
                             "console=none",
                             "loglvl=all",
                             "guest_loglvl=all/all",
                             "guest_loglvl=none/warning",
                             "sched=credit2",
                             "iommu=1",
                             "iommu=required,verbose",
                             "iommu=no-intremap",
                             "iommu=quarantine=scratch-page",
                             "iommu=dom0-passthrough",
                             "no-iommu",
                             "ucode=scan",
                             "ucode=-1",
                             "ucode=no-nmi,allow-same=1",
                             "gnttab=max-ver:1,no-transitive",
                             "gnttab_max_frames=128",
                             "noreboot",
                             "noreboot=true",
                             "watchdog",
                             "x2apic=off",
                             "sync_console",
                             "conring_size=16k",
                             "mem=2G",
                             "vga=text-80x50,keep",
                             "vga=gfx-1024x768x32",
                             "edd=skipmbr",
                             "nmi=dom0",
                             "spec-ctrl=no-xen",
                             "spec-ctrl=rsb=no-hvm,bti-thunk=lfence",
                             "spec-ctrl=off",
                             "xpti=dom0=false,domu=true",
                             "xpti",
                             "smt=0",
                             "no-real-mode",
                             "edd=off",
                             "cpufreq=xen:performance",
                             "cpufreq=dom0-kernel",
                             "cpuid=no-rdrand",
                             "ivrs_ioapic[4]=00:14.0",
                             "max_cstate=1,2",
                             "extra_guest_irqs=,64",
                             "tbuf_size=10",
                             "crashkernel=128M",
                             "pcid=no-xpti",
                             "console_timestamps=date",
                             "dom0=pvh,verbose=0",
                             "dom0-iommu=map-inclusive",
                             "vpmu=bts",
                             "numa=fake=4",
                             "watchdog_timeout=10",
                             "conswitch=ax",
                             "no-bootscrub"})
        EXPECT_EQ(error_of(word), "") << word;
}

TEST(XenOptions, RefusesWhatXenWouldIgnoreAndSaysWhatWasMeant) {
    EXPECT_EQ(error_of("dom0_memory=1G"),
              "Xen 4.17 has no option 'dom0_memory' and would ignore it; did you mean 'dom0_mem'?");
    EXPECT_EQ(error_of("domo_mem=1G"),
              "Xen 4.17 has no option 'domo_mem' and would ignore it; did you mean 'dom0_mem'?");
    EXPECT_THAT(error_of("guest_loglevel=all"), HasSubstr("did you mean 'guest_loglvl'?"));
    EXPECT_EQ(error_of("sched=sedf"), "sched: 'sedf' is none of: credit, credit2, arinc653, rtds, null");
    EXPECT_THAT(error_of("sched=credit-2"), HasSubstr("did you mean 'credit2'?"));
    EXPECT_EQ(error_of("dom0_mem=1024"),
              "dom0_mem: '1024' is 1024 KiB, in which no dom0 starts; without a unit it counts "
              "KiB: did you mean 1024M?");
    EXPECT_THAT(error_of("dom0_mem=1024MB"), HasSubstr("must be a size"));
    EXPECT_THAT(error_of("dom0_mem=max=1G"), HasSubstr("must be a size"));
    EXPECT_THAT(error_of("dom0_mem=100%"), HasSubstr("below 100"));
    EXPECT_THAT(error_of("dom0_max_vcpus=8-4"), HasSubstr("least is above its most"));
    EXPECT_THAT(error_of("dom0_max_vcpus=two"), HasSubstr("must be a number"));
    EXPECT_THAT(error_of("dom0_vcpus_pin=maybe"), HasSubstr("must be yes or no"));
    EXPECT_THAT(error_of("com1=115200,8n1,foo"), HasSubstr("I/O base"));
    EXPECT_THAT(error_of("com1=fast"), HasSubstr("baud rate"));
    EXPECT_THAT(error_of("com1=115200,8-n-1"), HasSubstr("such as 8n1"));
    EXPECT_THAT(error_of("console=hvc0"), HasSubstr("'hvc0' is none of: vga, com1"));
    EXPECT_THAT(error_of("console=com1,com2,vga,pv,dbgp,ehci,xhci"), HasSubstr("Xen keeps 29 characters"));
    EXPECT_THAT(error_of("loglvl=verbose"), HasSubstr("none of: none, error"));
    EXPECT_THAT(error_of("iommu"), HasSubstr("needs a value"));
    EXPECT_THAT(error_of("iommu="), HasSubstr("needs a value"));
    EXPECT_THAT(error_of("iommu=on,intrmap"), HasSubstr("did you mean 'intremap'?"));
    EXPECT_THAT(error_of("no-sched"), HasSubstr("cannot be turned off by no-sched"));
    EXPECT_THAT(error_of("no-smt=1"), HasSubstr("no value may follow no-smt"));
    EXPECT_THAT(error_of("gnttab=max-ver:3"), HasSubstr("none of"));
    EXPECT_THAT(error_of("ucode=scan=maybe"), HasSubstr("none of"));
    EXPECT_THAT(error_of("spec-ctrl=on"), HasSubstr("none of")); // the document: a positive boolean is invalid
    EXPECT_THAT(error_of("tmem=1"), HasSubstr("Xen 4.13 dropped it"));
    EXPECT_THAT(error_of("serrors=panic"), HasSubstr("it is for Arm"));
    EXPECT_THAT(error_of("ivrs_ioapic[x]=00:14.0"), HasSubstr("no option"));
    EXPECT_THAT(error_of("ivrs_ioapic[4]=14"), HasSubstr("PCI address"));
    EXPECT_THAT(error_of("cpuid=" + std::string(130, 'a')), HasSubstr("Xen reads the first 127"));
}

TEST(XenOptions, NumbersAreXens) {
    EXPECT_EQ(host::parse_size("16k"), 16U << 10);
    EXPECT_EQ(host::parse_size("1"), 1U << 10);
    EXPECT_EQ(host::parse_size("512B"), 512U);
    EXPECT_EQ(host::parse_size("0x10M"), 16U << 20);
    EXPECT_EQ(host::parse_size("010M"), 8U << 20);
    EXPECT_EQ(host::parse_size("1T"), std::uint64_t{1} << 40);
    EXPECT_FALSE(host::parse_size("1GB"));
    EXPECT_FALSE(host::parse_size(""));
    EXPECT_FALSE(host::parse_size("18446744073709551615G"));
    EXPECT_EQ(host::parse_integer("-0x10"), -16);
    EXPECT_EQ(host::parse_integer("010"), 8);
    EXPECT_FALSE(host::parse_integer("08"));
    EXPECT_FALSE(host::parse_integer("1x"));
    EXPECT_FALSE(host::parse_integer("--1"));
}

TEST(XenOptions, NamesAndValues) {
    EXPECT_EQ(host::xen_named_value("iommu=no"), (host::NamedValue{"iommu", "no"}));
    EXPECT_EQ(host::xen_named_value("no-iommu"), (host::NamedValue{"iommu", "no"}));
    EXPECT_EQ(host::xen_named_value("no-real-mode"), (host::NamedValue{"no-real-mode", std::nullopt}));
    EXPECT_EQ(host::xen_named_value("noreboot"), (host::NamedValue{"noreboot", std::nullopt}));
}
