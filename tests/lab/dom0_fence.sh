# What may pass between vifs of dom0's own bridge: types, addresses. The rules are in dom0's kernel. Other ports of the
# bridge and vifs of xl are as they were.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/frames.sh"
. "$(dirname "$0")/policy_xml.sh"
guests='red both blue open'
places=/etc/xen/acm-security/policies
leave() {
  for name in $guests; do dom0 bulkhead destroy $name >/dev/null 2>&1 || true; done
  dom0 sh -c "bulkhead policy reset; rm -rf $places" >/dev/null 2>&1 || true
  dom0 sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    ip link set labbr down; brctl delbr labbr; ip link del uplink' >/dev/null 2>&1 || true
}
leave_with=leave
elements() { dom0 xenstore-list "/local/domain/0/bulkhead/fence/$1" 2>/dev/null | tr '\n' ' ' || true; }

# A bridge with an address of dom0's, and with a port that is no vif. Without IPv6: dom0's ends of vifs would ask for
# routers.
dom0 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
  brctl addbr labbr; ip link add uplink type veth; brctl addif labbr uplink
  for link in labbr uplink veth0; do ip link set $link up; done
  ip addr add 10.9.0.9/24 dev labbr'
client red 1 bridge=labbr,types=red &
client both 2 'bridge=labbr,ip=10.9.0.2,types=red:blue' &
client blue 3 'bridge=labbr,types=blue,antispoof=0,vifname=blue0' &
client open 4 'bridge=labbr' &
wait
for name in $guests; do stamp $name ' done ok=1' 90 >/dev/null; done
silence $guests
dom0 sh -c "${quiet//eth0/labbr}"

say "the rules are in dom0's kernel"
red=$(dom0 bulkhead domid red)
equal "told" "$(node "/local/domain/0/bulkhead/fence/$red/0")" "mac=00:16:3e:00:0f:01 types=red"
equal "the links" "$(node "/local/domain/0/bulkhead/fence/$red/0/links")" "vif$red.0 vif$red.0-emu"

say "types decide"
passes red 2
passes both 3
passes red 9 # dom0 is no vif
passes blue 9
nothing_comes red 'ping -c 1 -W 1 10.9.0.3' blue
nothing_comes blue 'ping -c 1 -W 1 10.9.0.1' red
nothing_comes open 'ping -c 1 -W 1 10.9.0.1' red
nothing_comes red 'ping -c 1 -W 1 10.9.0.4' open
still() {
  passes red 2
  nothing_comes red 'ping -c 1 -W 1 10.9.0.3' blue
}

say "a port that is no vif hears all"
before=$(dom0 cat /sys/class/net/veth0/statistics/rx_packets)
in_guest red 'arping -c 1 -w 1 -I eth0 10.9.0.77' || true
in_guest open 'arping -c 1 -w 1 -I eth0 10.9.0.77' || true
equal "frames at the uplink" $(($(dom0 cat /sys/class/net/veth0/statistics/rx_packets) - before)) 2

say "forged addresses"
nothing_comes red "$(address 77) && ping -c 1 -W 1 10.9.0.2" both
in_guest red "$(address 01)" || fail "red does not take its address back"
passes red 2
nothing_comes both 'ip addr add 10.9.0.77/24 dev eth0; ping -c 1 -W 1 -I 10.9.0.77 10.9.0.1' red
nothing_comes both 'arping -U -c 1 -w 1 -I eth0 -s 10.9.0.9 10.9.0.9' red
in_guest both 'ip addr del 10.9.0.77/24 dev eth0' || fail "both keeps an address"
in_guest blue "$(address 78)" || fail "blue does not take another address" # antispoof=0
passes blue 2

say "bulkheadd died between xenstore and the kernel: the next one makes the table"
restart_with() { # restart_with RULES: of open
  local times
  times=$(recoveries)
  dom0 bash -c 'xenstore-write "$1" "$2"; kill -9 "$(pidof bulkheadd | tr " " "\n" | sort -n | head -n1)"' restart "/local/domain/0/bulkhead/fence/$(dom0 bulkhead domid open)/0" "$1"
  nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
}
restart_with types=red
passes open 1
restart_with mac=00:16:3e:00:0f:04
still

say "attached and detached while they run"
dom0 bulkhead network-detach red 0
equal "red's rules" "$(elements "$red")" ""
dom0 bulkhead network-attach red mac=00:16:3e:00:0f:01 bridge=labbr types=red >/dev/null
in_guest red "ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up; ${quiet//$'\n'/}" || fail "red has no card"
still
refused 1 "there is a network link 'blue0' already" \
  dom0 bulkhead network-attach red mac=00:16:3e:00:0f:05 bridge=labbr vifname=blue0
equal "red's rules" "$(elements "$red")" "0 "
refused 1 "vif-route" dom0 bulkhead network-attach red mac=00:16:3e:00:0f:05 script=vif-route types=red
equal "red's vifs" "$(dom0 bulkhead network-list red | wc -l)" 2

say "rules go with their vifs"
for name in $guests; do dom0 bulkhead destroy $name; done
equal "rules left" "$(dom0 xenstore-list /local/domain/0/bulkhead/fence | tr '\n' ' ')" ""

say "types of the mandatory policy's labels"
types="SystemManagement red blue green"
policy_xml frames 1.0 "" "$types" "blue green" "$types" "$types" >"$work/policy.xml"
dom0 mkdir -p $places
put "$work/policy.xml" $places/frames-security_policy.xml
dom0 bulkhead policy set frames
labelled() { client "$1" "$2" bridge=labbr "access_control=['policy=frames,label=$3']"; }
labelled red 1 red &
labelled both 2 red &
labelled blue 3 blue &
wait
for name in red both blue; do nth_line $name ' done ok=1' 2 90 >/dev/null; done
silence red both blue
equal "told" "$(node "/local/domain/0/bulkhead/fence/$(dom0 bulkhead domid red)/0")" "mac=00:16:3e:00:0f:01 types=red"
passes red 2
passes blue 9 # Domain-0's label has all types
nothing_comes red 'ping -c 1 -W 1 10.9.0.3' blue
nothing_comes blue 'ping -c 1 -W 1 10.9.0.2' both
for name in red both blue; do dom0 bulkhead destroy $name; done
dom0 bulkhead policy reset
dom0 sh -c "rm -rf $places; ip link set labbr down; brctl delbr labbr; ip link del uplink"
leaves_nothing
