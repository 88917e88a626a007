# What may pass between vifs of one driver domain: types, addresses. Its return changes nothing. Each verdict is shown by
# packets that arrive or do not, counted by the one who would receive them.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/frames.sh"
. "$(dirname "$0")/returns.sh"
. "$(dirname "$0")/policy_xml.sh"
guests='red both blue'
leave() {
  for name in $guests rot blau ndvm; do dom0 bulkhead destroy $name >/dev/null 2>&1 || true; done
  dom0 sh -c "bulkhead network-detach 0 0; bulkhead policy reset; rm -rf $places" >/dev/null 2>&1 || true
}
leave_with=leave

# Without a card: the bridge has nothing but these vifs.
dom0 bulkhead create /root/cfg/ndvm.cfg 'pci=[]' \
  'cmdline="console=hvc0 panic=-1 rodata=off bulkhead.nic=none"'
ndvm=$(dom0 bulkhead domid ndvm)
await_node "/local/domain/$ndvm/data/bulkhead/state" ready 90

client red 1 backend=ndvm,types=red &
client both 2 'backend=ndvm,ip=10.9.0.2,types=red:blue' &
client blue 3 'backend=ndvm,types=blue,antispoof=0' &
wait
dom0 bulkhead network-attach Domain-0 backend=ndvm mac=00:16:3e:00:0f:04 types=red >/dev/null
dom0 sh -c 'ip addr add 10.9.0.4/24 dev eth0 && ip link set eth0 up'
for name in $guests; do stamp $name ' done ok=1' 90 >/dev/null; done

silence $guests
dom0 sh -c "$quiet"

say "the rules are dom0's, and in force"
red=$(dom0 bulkhead domid red)
equal "told" "$(node "/local/domain/$ndvm/bulkhead/fence/$red/0")" "mac=00:16:3e:00:0f:01 types=red"
equal "in force" "$(node "/local/domain/$ndvm/backend/vif/$red/0/bulkhead-fence")" "mac=00:16:3e:00:0f:01 types=red"
contains "permissions" "$(dom0 xenstore-ls -p "/local/domain/$ndvm/bulkhead/fence")" "(n0,r$ndvm)"

types_decide() {
  say "$1: types decide"
  passes red 2
  passes both 3
  dom0 ping -c 1 -W 5 10.9.0.1 >/dev/null || fail "dom0 does not reach red"
  nothing_comes red 'ping -c 2 -W 1 10.9.0.3' blue
  ! dom0 ping -c 1 -W 2 10.9.0.3 >/dev/null || fail "dom0 reaches blue"
}
types_decide "at first"

say "a forged MAC address"
nothing_comes red "$(address 77) && ping -c 2 -W 1 10.9.0.2" both
in_guest red '[ $(cat /sys/class/net/eth0/address) = 00:16:3e:00:0f:77 ]' || fail "red has not changed its address"
in_guest red "$(address 01)" || fail "red does not take its address back"
passes red 2
in_guest blue "$(address 78)" || fail "blue does not take another address" # it may use it
passes blue 2

say "a forged IP address, and one of somebody else by ARP"
nothing_comes both 'ip addr add 10.9.0.77/24 dev eth0; ping -c 2 -W 1 -I 10.9.0.77 10.9.0.1' red
nothing_comes both 'ip addr add 10.9.0.4/32 dev eth0; arping -U -c 2 -w 2 -I eth0 -s 10.9.0.4 10.9.0.4' red
in_guest both 'ip addr del 10.9.0.77/24 dev eth0 && ip addr del 10.9.0.4/32 dev eth0' || fail "both keeps addresses"
passes both 1

before=$(returns ndvm)
dom0 xl destroy ndvm
await_returns ndvm $((before + 1))
equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
types_decide "after its return"

say "rules go with their vifs"
dom0 bulkhead destroy red
equal "of the one that has gone" "$(node "/local/domain/$ndvm/bulkhead/fence/$red/0")" ""
dom0 bulkhead network-detach 0 0 >/dev/null
equal "dom0's copy" "$(dom0 xenstore-list /libxl/0/bulkhead-fence 2>/dev/null || true)" ""
for name in both blue ndvm; do dom0 bulkhead destroy $name; done

say "types of the mandatory policy's labels"
types="SystemManagement rot blau gruen"
enforce frames 1.0 "" "$types" "blau gruen" "$types net=rot,blau" "$types"
dom0 bulkhead create /root/cfg/ndvm.cfg 'pci=[]' 'access_control=["policy=frames,label=net"]' \
  'cmdline="console=hvc0 panic=-1 rodata=off bulkhead.nic=none"'
ndvm=$(dom0 bulkhead domid ndvm)
await_node "/local/domain/$ndvm/data/bulkhead/state" ready 90
client rot 1 backend=ndvm 'access_control=["policy=frames,label=rot"]' &
client blau 3 backend=ndvm 'access_control=["policy=frames,label=blau"]' &
wait
dom0 bulkhead network-attach Domain-0 backend=ndvm mac=00:16:3e:00:0f:04 >/dev/null
for name in rot blau; do stamp $name ' done ok=1' 90 >/dev/null; done
silence rot blau
in_force() { node "/local/domain/$ndvm/backend/vif/$1/0/bulkhead-fence"; }
blau=$(dom0 bulkhead domid blau)
equal "blau's" "$(in_force "$blau")" "mac=00:16:3e:00:0f:03 types=blau"
equal "Domain-0's" "$(in_force 0)" "mac=00:16:3e:00:0f:04 types=SystemManagement,blau,gruen,rot"
nothing_comes rot 'ping -c 1 -W 1 10.9.0.3' blau

say "other labels while they run"
dom0 bulkhead policy relabel blau rot
equal "blau's" "$(in_force "$blau")" "mac=00:16:3e:00:0f:03 types=rot"
passes rot 3
dom0 bulkhead policy relabel Domain-0 net
equal "Domain-0's" "$(in_force 0)" "mac=00:16:3e:00:0f:04 types=blau,rot"
dom0 bulkhead policy relabel blau blau
nothing_comes rot 'ping -c 1 -W 1 10.9.0.3' blau
dom0 bulkhead network-detach 0 0 >/dev/null
for name in rot blau ndvm; do dom0 bulkhead destroy $name; done
dom0 sh -c "bulkhead policy reset; rm -rf $places"
leaves_nothing
