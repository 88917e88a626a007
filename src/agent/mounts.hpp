// What the first process of a service VM does before anything else can run.
#pragma once

#include "base/result.hpp"

namespace bulkhead::agent {

// Mounts /proc, /sys and /dev (what is mounted already is left alone), gives the process a console on 0, 1 and 2 if the
// kernel could not, makes /sbin/poweroff and /sbin/reboot (power.hpp), and sets what a domain without users wants:
// no IPv6 on links that only forward, and all of sysrq for dom0, the only one who can press it.
Status prepare_system();

} // namespace bulkhead::agent
