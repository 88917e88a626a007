# The program as xm, completion from a real daemon, and a daemon that meets another release of Xen. Makes no domain.
. "$(dirname "$0")/common.sh"
tidy_up() { dom0 sh -c 'umount /sys/hypervisor/version/minor 2>/dev/null; rm -f /usr/bin/xm /etc/xen/guest /tmp/minor'; }
leave_with=tidy_up

say "xm"
dom0 ln -s bulkhead /usr/bin/xm
equal "columns of xm list" "$(dom0 xm list | head -n 1)" "$(dom0 xl list | head -n 1)"
dom0 cp /root/cfg/client.cfg /etc/xen/guest
equal "xm create -n of a name in /etc/xen" "$(dom0 xm create -n guest "uuid=\"$(cat /proc/sys/kernel/random/boot_id)\"")" \
  "$(dom0 bulkhead create -n /etc/xen/guest "uuid=\"$(cat /proc/sys/kernel/random/boot_id)\"")"
refused 1 "guest: No such file" dom0 bulkhead create -n guest
refused 1 "Error: " dom0 xm domid nobody
refused 2 "usage: xm rename DOMAIN NAME" dom0 xm rename one
equal "devices by xm's own spelling" "$(dom0 xm pci-list-assignable-devices)" "$(dom0 xl pci-assignable-list)"

say "completion"
complete() { dom0 bulkhead __complete "bulkhead $*"; }
equal "domains" "$(complete 'console ')" "Domain-0"
contains "dom0's devices" "$(complete 'pci-assignable-add 0000:00:02')" "0000:00:02.0"
dom0 bulkhead pci-assignable-add 00:02.0
equal "assignable devices" "$(complete 'pci-assignable-remove ')" "0000:00:02.0"
equal "dom0's devices without it" "$(complete 'pci-assignable-add 0000:00:02')" ""
dom0 bulkhead pci-assignable-remove 00:02.0
equal "vifs of a domain that is not there" "$(complete 'network-detach nobody ')" ""

say "another release of Xen"
dom0 sh -c 'echo 18 >/tmp/minor; mount --bind /tmp/minor /sys/hypervisor/version/minor'
refused 1 "the running hypervisor is Xen 4.18" dom0 bulkheadd --state /tmp/other.db --socket /tmp/other.sock
contains "the rest of it" "$(cat "$work/err")" "libxenlight of Xen 4.17"
dom0 umount /sys/hypervisor/version/minor
leaves_nothing
