# A PVH guest is a client as well.
. "$(dirname "$0")/common.sh"
dom0 bulkhead create /root/cfg/pvh.cfg
contains "dhcp" "$(stamp pvh ' dhcp ' 120)" "ok=1"
contains "transfer" "$(stamp pvh ' transfer ' 120)" "ok=1"
dom0 bulkhead destroy pvh
refused 1 "pvh" dom0 bulkhead domid pvh
