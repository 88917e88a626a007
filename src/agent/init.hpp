// Init: the first process of a service VM. It must never end, for then the kernel panics, so it does little: it keeps
// the agent running in a child of its own (which may be killed, and then adopts everything again), reaps orphans, and
// turns the machine off.
//
// Shutdown, from Linux 6.1 drivers/xen/manage.c: the kernel itself watches control/shutdown, acknowledges a request by
// writing "" and then runs /sbin/poweroff ("poweroff", "halt") or /sbin/reboot ("reboot"; older kernels send
// SIGINT to init instead, as for Ctrl-Alt-Del). So nobody here watches control/shutdown: a second reader would race the
// kernel for the acknowledgement. /sbin/poweroff and /sbin/reboot are this program again: they signal init, which lets
// the agent say "stopping" and then calls reboot(2).
#pragma once

#include <functional>
#include <string_view>

namespace bulkhead::agent {

// Runs `serve` in a child process and starts it again whenever it ends. Returns only if the machine cannot be turned
// off, and then the caller should call it again.
void run_init(const std::function<int()>& serve);

// True when the program was called as poweroff, halt or reboot.
bool is_power_command(std::string_view program);
// Asks init, waits a few seconds for it, then does it by itself. Returns an exit status if that is refused.
int run_power_command(std::string_view program);

} // namespace bulkhead::agent
