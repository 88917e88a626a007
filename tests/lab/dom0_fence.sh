# What may pass between vifs of dom0's own bridge: types, addresses. The rules are in dom0's kernel. Other ports of the
# bridge are as they were.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/frames.sh"
. "$(dirname "$0")/policy_xml.sh"
guests='rouge deux bleu libre'
leave() {
  for name in $guests; do dom0 bulkhead destroy $name >/dev/null 2>&1 || true; done
  dom0 sh -c "bulkhead policy reset; rm -rf $places /root/nft" >/dev/null 2>&1 || true
  dom0 sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    ip link set labbr down; brctl delbr labbr; ip link del uplink' >/dev/null 2>&1 || true
}
leave_with=leave
elements() { dom0 xenstore-list "/local/domain/0/bulkhead/fence/$1" 2>/dev/null | tr '\n' ' ' || true; }

# A bridge with an address of dom0's, and with a port that is no vif. Without IPv6: dom0's ends of vifs would ask for
# routers.
dom0 sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
  brctl addbr labbr; ip link add uplink type veth; brctl addif labbr uplink
  echo 1 >/proc/sys/net/ipv4/conf/veth0/arp_ignore # it would answer for labbr
  for link in labbr uplink veth0; do ip link set $link up; done
  ip addr add 10.9.0.9/24 dev labbr'
client rouge 1 bridge=labbr,types=red &
client deux 2 'bridge=labbr,ip=10.9.0.2,types=red:blue' &
client bleu 3 'bridge=labbr,types=blue,antispoof=0,vifname=bleu0' &
client libre 4 'bridge=labbr' &
wait
for name in $guests; do stamp $name ' done ok=1' 90 >/dev/null; done
silence $guests
dom0 sh -c "${quiet//eth0/labbr}"

say "the rules are in dom0's kernel"
red=$(dom0 bulkhead domid rouge)
equal "told" "$(node "/local/domain/0/bulkhead/fence/$red/0")" "mac=00:16:3e:00:0f:01 types=red"
equal "the links" "$(node "/local/domain/0/bulkhead/fence/$red/0/links")" "vif$red.0 vif$red.0-emu"

say "types decide"
passes rouge 2
passes deux 3
passes rouge 9 # dom0 is no vif
passes bleu 9
nothing_comes rouge 'ping -c 1 -W 1 10.9.0.3' bleu
nothing_comes bleu 'ping -c 1 -W 1 10.9.0.1' rouge
nothing_comes libre 'ping -c 1 -W 1 10.9.0.1' rouge
nothing_comes rouge 'ping -c 1 -W 1 10.9.0.4' libre
still() {
  passes rouge 2
  nothing_comes rouge 'ping -c 1 -W 1 10.9.0.3' bleu
}

say "a port that is no vif hears all"
before=$(dom0 cat /sys/class/net/veth0/statistics/rx_packets)
in_guest rouge 'arping -c 1 -w 1 -I eth0 10.9.0.77' || true
in_guest libre 'arping -c 1 -w 1 -I eth0 10.9.0.77' || true
equal "frames at the uplink" $(($(dom0 cat /sys/class/net/veth0/statistics/rx_packets) - before)) 2

say "forged addresses"
nothing_comes rouge "$(address 77) && ping -c 1 -W 1 10.9.0.2" deux
in_guest rouge "$(address 01)" || fail "rouge does not take its address back"
passes rouge 2
nothing_comes deux 'ip addr add 10.9.0.77/24 dev eth0; ping -c 1 -W 1 -I 10.9.0.77 10.9.0.1' rouge
nothing_comes deux 'arping -U -c 1 -w 1 -I eth0 -s 10.9.0.9 10.9.0.9' rouge
in_guest deux 'ip addr del 10.9.0.77/24 dev eth0' || fail "deux keeps an address"
in_guest bleu "$(address 78)" || fail "bleu does not take another address" # antispoof=0
passes bleu 2

say "bulkheadd died between xenstore and the kernel: the next one makes the table"
restart_with() { # restart_with RULES: of libre
  local times
  times=$(recoveries)
  dom0 bash -c 'xenstore-write "$1" "$2"; kill -9 "$(pidof bulkheadd | tr " " "\n" | sort -n | head -n1)"' restart "/local/domain/0/bulkhead/fence/$(dom0 bulkhead domid libre)/0" "$1"
  nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
}
restart_with types=red
passes libre 1
restart_with mac=00:16:3e:00:0f:04
still

say "another program removes all rules, or its own"
dom0 mkdir -p /root/nft
for file in $(command -v nft) $(ldd "$(command -v nft)" | grep -o '/[^ ]*/lib[^ ]*'); do put "$file" "/root/nft/${file##*/}"; done
nft() { dom0 sh -c "LD_LIBRARY_PATH=/root/nft /root/nft/nft $1"; }
renewal='another program has changed the rules'
renewals=$(said_by_daemon "$renewal")
nft 'add table inet theirs'
nft 'delete table inet theirs'
nft 'flush ruleset'
nth_line bulkheadd "$renewal" $((renewals + 1)) >/dev/null
dom0 timeout 60 sh -c 'until LD_LIBRARY_PATH=/root/nft /root/nft/nft list table bridge bulkhead >/dev/null 2>&1; do :; done' ||
  fail "the rules do not come back"
still
equal "renewals" "$(said_by_daemon "$renewal")" $((renewals + 1)) # not for tables of others
dom0 rm -r /root/nft

say "attached and detached while they run"
dom0 bulkhead network-detach rouge 0
equal "red's rules" "$(elements "$red")" ""
dom0 bulkhead network-attach rouge mac=00:16:3e:00:0f:01 bridge=labbr types=red >/dev/null
in_guest rouge "ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up; ${quiet//$'\n'/}" || fail "rouge has no card"
still
refused 1 "there is a network link 'bleu0' already" \
  dom0 bulkhead network-attach rouge mac=00:16:3e:00:0f:05 bridge=labbr vifname=bleu0
equal "red's rules" "$(elements "$red")" "0 "
refused 1 "vif-route" dom0 bulkhead network-attach rouge mac=00:16:3e:00:0f:05 script=vif-route types=red
equal "red's vifs" "$(dom0 bulkhead network-list rouge | wc -l)" 2

say "rules go with their vifs"
for name in $guests; do dom0 bulkhead destroy $name; done
equal "rules left" "$(dom0 xenstore-list /local/domain/0/bulkhead/fence | tr '\n' ' ')" ""

say "types of the mandatory policy's labels"
types="SystemManagement red blue green __UNLABELED__"
enforce frames 1.0 "" "$types" "blue green" "$types" "$types"
labelled() { client "$1" "$2" bridge=labbr "access_control=['policy=frames,label=$3']"; }
labelled rouge 1 red &
labelled deux 2 red &
labelled bleu 3 blue &
wait
for name in rouge deux bleu; do nth_line $name ' done ok=1' 2 90 >/dev/null; done
silence rouge deux bleu
equal "told" "$(node "/local/domain/0/bulkhead/fence/$(dom0 bulkhead domid rouge)/0")" "mac=00:16:3e:00:0f:01 types=red"
passes rouge 2
passes bleu 9 # Domain-0's label has all types
nothing_comes rouge 'ping -c 1 -W 1 10.9.0.3' bleu
nothing_comes bleu 'ping -c 1 -W 1 10.9.0.2' deux

say "another label while they run"
dom0 bulkhead policy relabel deux blue
nothing_comes rouge 'ping -c 1 -W 1 10.9.0.2' deux
passes bleu 2

say "without a policy the types of the configuration count"
dom0 bulkhead destroy deux
client deux 2 'bridge=labbr,types=mine'
equal "under the policy" "$(dom0 sh -c 'xenstore-read /local/domain/0/bulkhead/fence/$(bulkhead domid deux)/0')" "mac=00:16:3e:00:0f:02 types=__UNLABELED__"
for name in rouge bleu; do dom0 bulkhead destroy $name; done
dom0 bulkhead policy reset
equal "without it" "$(dom0 sh -c 'xenstore-read /local/domain/0/bulkhead/fence/$(bulkhead domid deux)/0')" "mac=00:16:3e:00:0f:02 types=mine"
dom0 bulkhead destroy deux
dom0 sh -c "rm -rf $places; ip link set labbr down; brctl delbr labbr; ip link del uplink"
leaves_nothing
