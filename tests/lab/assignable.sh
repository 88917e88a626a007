# The NIC starts with dom0's driver; pci-assignable-add takes it away, -remove -r gives it back, -add takes it again.
. "$(dirname "$0")/common.sh"
driver() { dom0 sh -c 'basename "$(readlink /sys/bus/pci/devices/0000:00:02.0/driver)"' 2>/dev/null || true; }

equal "driver at first" "$(driver)" e1000e
equal "assignable at first" "$(dom0 bulkhead pci-assignable-list)" ""
dom0 bulkhead pci-assignable-add 00:02.0
equal "driver when assignable" "$(driver)" pciback
contains "assignable list" "$(dom0 bulkhead pci-assignable-list)" "0000:00:02.0"
dom0 bulkhead pci-assignable-remove -r 00:02.0
equal "driver given back" "$(driver)" e1000e
dom0 bulkhead pci-assignable-add 0000:00:02.0
