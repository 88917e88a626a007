# The story of the driver domain: the NIC moves into the NDVM, a client and dom0 reach the network through it.
. "$(dirname "$0")/common.sh"

dom0 bulkhead create /root/cfg/ndvm.cfg
ndvm=$(dom0 bulkhead domid ndvm)
await_node "/local/domain/$ndvm/data/bulkhead/state" ready 90
equal "bridge" "$(node "/local/domain/$ndvm/data/bulkhead/bridge")" xenbr0
contains "pci-list" "$(dom0 bulkhead pci-list ndvm)" "00:02.0"

say "a client gets an address and moves data"
dom0 bulkhead create /root/cfg/client.cfg
contains "dhcp" "$(stamp client '@@' 90 >/dev/null; stamp client ' dhcp ' 90)" "ok=1"
contains "transfer" "$(stamp client ' transfer ' 120)" "ok=1"

say "dom0 becomes a client"
dom0 bulkhead network-attach Domain-0 backend=ndvm mac=00:16:3e:00:00:40
contains "network-list" "$(dom0 bulkhead network-list 0)" "00:16:3e:00:00:40"
dom0 sh -c 'ip addr add 10.0.2.40/24 dev eth0 && ip link set eth0 up'
dom0 ping -c 3 -W 5 10.0.2.2
equal "dom0's eth0 is a vif" "$(dom0 sh -c 'basename "$(readlink /sys/class/net/eth0/device/driver)"')" vif
equal "the NIC's driver in dom0" "$(dom0 sh -c 'basename "$(readlink /sys/bus/pci/devices/0000:00:02.0/driver)"')" pciback

say "heartbeat moves"
before=$(node "/local/domain/$ndvm/data/bulkhead/heartbeat")
dom0 timeout 20 xenstore-watch -n 3 "/local/domain/$ndvm/data/bulkhead/heartbeat" >/dev/null
[ "$(node "/local/domain/$ndvm/data/bulkhead/heartbeat")" -gt "$before" ] || fail "the heartbeat stands still at $before"
