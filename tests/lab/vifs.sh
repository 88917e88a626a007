# dom0's own vifs: our program in the place of Xen's vif-bridge leaves what that leaves; traffic, MTU, names, refusals,
# an end without remains.
. "$(dirname "$0")/common.sh"
new() { dom0 bulkhead create /root/cfg/client.cfg "name=\"$1\"" 'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"' "${@:2}"; }
say_in() {
  printf '%s && echo "@@ ""%s"\n' "$2" "$3" | dom0 bulkhead console "$1" >/dev/null
  stamp "$1" "@@ $3" 30 >/dev/null
}
leave() {
  dom0 sh -c 'bulkhead destroy net; ip link set labbr down; brctl delbr labbr; brctl delbr labbr2' >/dev/null 2>&1 || true
}
leave_with=leave
own=/usr/lib/bulkhead/vif-hotplug xens=/etc/xen/scripts/vif-bridge

dom0 sh -c 'brctl addbr labbr; brctl addbr labbr2; ip link set labbr mtu 1400; ip link set labbr up; ip addr add 10.9.0.1/24 dev labbr'
# facts LINK: what the kernel says about it, without what differs between two links of one kind.
facts() {
  dom0 sh -c 'cd /sys/class/net/$1 && cat address mtu flags operstate && readlink -f master && readlink -f brport/bridge
    ip addr show dev $1 | sed -n "s: tentative::;/inet/p"' facts "$1" | tr '\n' ' '
}
script() { node "/local/domain/0/backend/vif/$id/$1/script"; }

say "a domain's vif, and one by Xen's script"
start=$(date +%s%N)
new net 'vif=["mac=00:16:3e:00:00:50,bridge=labbr"]'
echo "creation with a vif took $((($(date +%s%N) - start) / 1000000)) ms"
stamp net ' done ' >/dev/null
id=$(dom0 bulkhead domid net)
equal "its script" "$(script 0)" $own
equal "connected" "$(node "/local/domain/0/backend/vif/$id/0/hotplug-status")" connected
dom0 bulkhead network-attach net mac=00:16:3e:00:00:51 bridge=labbr script=$xens
equal "the other's script" "$(script 1)" $xens
equal "what the two leave" "$(facts "vif$id.0")" "$(facts "vif$id.1")"
contains "the vif" "$(facts "vif$id.0")" "fe:ff:ff:ff:ff:ff 1400 0x1303 up "
equal "the guest's MTU" "$(node "/local/domain/$id/device/vif/0/mtu")" "$(node "/local/domain/$id/device/vif/1/mtu")"
equal "the guest's MTU" "$(node "/local/domain/$id/device/vif/0/mtu")" 1400
equal "network-list" "$(dom0 bulkhead network-list net)" "$(dom0 xl network-list net)"
say_in net 'ip link set eth0 up && ip addr add 10.9.0.2/24 dev eth0 && ping -c 1 -W 5 10.9.0.1 >/dev/null' reached
dom0 bulkhead network-detach net 1

say "its own MTU, its own name"
dom0 bulkhead network-attach net mac=00:16:3e:00:00:52 bridge=labbr mtu=1300
dom0 bulkhead network-attach net mac=00:16:3e:00:00:53 bridge=labbr mtu=1300 script=$xens
equal "what the two leave" "$(facts "vif$id.1")" "$(facts "vif$id.2")"
contains "the vif" "$(facts "vif$id.1")" "fe:ff:ff:ff:ff:ff 1300 "
dom0 bulkhead network-detach net 1
dom0 bulkhead network-detach net 2
dom0 bulkhead network-attach net mac=00:16:3e:00:00:54 bridge=labbr2 vifname=web script=vif-bridge
equal "the bare name is the default's" "$(script 1)" $own
contains "its bridge" "$(facts web)" /net/labbr2
refused 1 "there is a network link 'web' already" dom0 bulkhead network-attach net bridge=labbr vifname=web
dom0 bulkhead network-detach net 1
refused 1 "bridge 'nothing' does not exist; there are: labbr, labbr2" dom0 bulkhead network-attach net bridge=nothing
equal "vifs" "$(dom0 bulkhead network-list net)" "$(dom0 xl network-list net)"
refused 1 "bridge 'nothing' does not exist" new other 'vif=["bridge=nothing"]'

dom0 bulkhead destroy net
equal "links left" "$(dom0 sh -c 'ls /sys/class/net | grep ^vif || true')" ""
dom0 sh -c 'ip link set labbr down; brctl delbr labbr; brctl delbr labbr2'
leaves_nothing
