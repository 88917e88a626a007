// A PV guest without an operating system that shares a page with everybody and tries to reach everybody: it grants its
// page to each domain, and then asks Xen for those of all others and offers them event channels. One line on Xen's
// console says what Xen answered, for each domain that exists:
//     probe: domain 3 map 0 read ok copy 0 channel 0
// The numbers are Xen's: 0 done; map and copy -8 (GNTST_permission_denied) and channel -13 (EACCES) refused by its
// security module. Built by flask.sh. Interfaces: xen/include/public/{xen,grant_table,event_channel,sched}.h.
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <stdint.h>
#include <xen/xen.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/sched.h>

enum { first_ref = 8, domains = 64, page_size = 4096 }; // references below 8 are the toolstack's; one for each domain

#define PAGES __attribute__((aligned(page_size)))
static grant_entry_v1_t grants[page_size / sizeof(grant_entry_v1_t)] PAGES; // Xen's frame is mapped over it
static volatile uint64_t shared[page_size / 8] PAGES;                       // what is granted
static volatile uint64_t window[page_size / 8] PAGES;                       // where others' pages are mapped
static volatile uint64_t copied[page_size / 8] PAGES;
static const uint64_t magic = 0x42756c6b68656164;

// A 64-bit PV guest's hypercall is one instruction: xen/include/public/arch-x86/xen-x86_64.h.
static long hypercall(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     : "a"(number)
                     : "rcx", "r11", "memory");
    return result;
}

static char line[128];
static unsigned length;

static void say(const char* text) {
    while (*text != 0 && length < sizeof line) line[length++] = *text++;
}

static void say_number(long number) {
    char digits[24];
    unsigned at = sizeof digits;
    unsigned long rest = number < 0 ? 0UL - (unsigned long)number : (unsigned long)number;
    digits[--at] = 0;
    do digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0) digits[--at] = '-';
    say(&digits[at]);
}

static void end_line(void) {
    say("\n");
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, (long)line, 0);
    length = 0;
}

static const unsigned long* frames; // the machine frame of each page frame
static unsigned long frame_of(const volatile void* page) {
    return frames[(unsigned long)page / page_size]; // VIRT_BASE is 0
}

static void open_everything(void) {
    unsigned long frame = 0;
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    set_xen_guest_handle(setup.frame_list, &frame);
    hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, (long)&setup, 1, 0);
    // Present, writable, accessed, user, dirty.
    hypercall(__HYPERVISOR_update_va_mapping, (long)grants, (long)(frame * page_size | 0x67), UVMF_INVLPG, 0);
    shared[0] = magic;
    for (unsigned domain = 0; domain < domains; ++domain) {
        grants[first_ref + domain].domid = (domid_t)domain;
        grants[first_ref + domain].frame = (uint32_t)frame_of(shared);
        __atomic_store_n(&grants[first_ref + domain].flags, GTF_permit_access, __ATOMIC_RELEASE);
    }
}

// The best answer of all references: which of them is ours we need not know.
static long map(domid_t domain) {
    long answer = 0;
    for (unsigned i = 0; i < domains; ++i) {
        struct gnttab_map_grant_ref map = {
            .host_addr = (unsigned long)window, .flags = GNTMAP_host_map, .ref = first_ref + i, .dom = domain};
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (long)&map, 1, 0);
        answer = map.status;
        if (answer == GNTST_okay || answer == GNTST_permission_denied || answer == GNTST_bad_domain) break;
    }
    return answer;
}

static long copy(domid_t domain) {
    long answer = 0;
    for (unsigned i = 0; i < domains; ++i) {
        struct gnttab_copy copy = {.len = 8, .flags = GNTCOPY_source_gref};
        copy.source.u.ref = first_ref + i;
        copy.source.domid = domain;
        copy.dest.u.gmfn = frame_of(copied);
        copy.dest.domid = DOMID_SELF;
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (long)&copy, 1, 0);
        answer = copy.status;
        if (answer == GNTST_okay || answer == GNTST_permission_denied || answer == GNTST_bad_domain) break;
    }
    return answer;
}

// Offers one: Xen asks then already whether the two may have a channel.
static long channel(domid_t domain) {
    struct evtchn_alloc_unbound offer = {.dom = DOMID_SELF, .remote_dom = domain};
    return hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (long)&offer, 0, 0);
}

void probe(const start_info_t* start) {
    frames = (const unsigned long*)start->mfn_list;
    open_everything();
    for (unsigned domain = 1; domain < domains; ++domain) {
        const long mapped = map((domid_t)domain);
        if (mapped == GNTST_bad_domain) continue; // there is none
        say("probe: domain ");
        say_number(domain);
        say(" map ");
        say_number(mapped);
        if (mapped == GNTST_okay) say(window[0] == magic ? " read ok" : " read WRONG");
        copied[0] = 0;
        const long got = copy((domid_t)domain);
        say(" copy ");
        say_number(got);
        if (got == GNTST_okay && copied[0] != magic) say(" WRONG");
        say(" channel ");
        say_number(channel((domid_t)domain));
        end_line();
        // The next page is mapped over this one: a mapped grant must be given back, which nobody needs here.
    }
    say("probe: done");
    end_line();
    for (;;) { // an event that never comes
        struct sched_poll poll = {.nr_ports = 0, .timeout = 0};
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (long)&poll, 0, 0);
    }
}
