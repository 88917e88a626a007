# What was attached to a domain is there after its guest has rebooted, what was detached is not: also when bulkheadd died
# after the attach, before the restart had begun, and in its middle.
. "$(dirname "$0")/common.sh"
tell() { printf '%s\n' "$1" | dom0 bulkhead console replug >/dev/null; }
leave() {
  dom0 sh -c 'bulkhead destroy replug; bulkhead destroy fore; ip link set labbr down; brctl delbr labbr; rm -f /tmp/hot.img' >/dev/null 2>&1 || true
}
leave_with=leave
lives=1
# lives_again: waits for the guest's next life, and for bulkheadd to have seen it.
lives_again() {
  lives=$((lives + 1))
  nth_line replug ' done ' $lives 90 >/dev/null
  id=$(dom0 bulkhead domid replug)
}
vifs() { dom0 bulkhead network-list --json replug | python3 -c 'import json, sys; print([(v["devid"], v["mac"][-2:]) for v in json.load(sys.stdin)[0]["nics"]])'; }
disks() { dom0 bulkhead block-list --json replug | python3 -c 'import json, sys; print([(d["vdev"], d["mode"]) for d in json.load(sys.stdin)[0]["disks"]])'; }
# has VIFS DISKS, in xl's eyes, too
has() {
  equal "vifs" "$(vifs)" "$1"
  equal "disks" "$(disks)" "$2"
  equal "vifs as xl sees them" "$(dom0 bulkhead network-list replug)" "$(dom0 xl network-list replug)"
  equal "disks as xl sees them" "$(dom0 bulkhead block-list replug)" "$(dom0 xl block-list replug)"
}

dom0 sh -c 'brctl addbr labbr; ip link set labbr up; bulkhead disk create /tmp/hot.img 4M'
dom0 bulkhead create /root/cfg/client.cfg 'name="replug"' 'vif=["bridge=labbr"]' \
  'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
stamp replug ' done ' >/dev/null
id=$(dom0 bulkhead domid replug)
uuid=$(dom0 bulkhead list --json replug | grep -o '"uuid": "[^"]*"')
first=$(dom0 bulkhead network-list --json replug | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["nics"][0]["mac"][-2:])')

say "attached, rebooted from inside"
dom0 bulkhead network-attach replug mac=00:16:3e:00:00:61 bridge=labbr mtu=1400
dom0 bulkhead block-attach replug /tmp/hot.img,raw,xvdb,w
tell 'reboot -f'
lives_again
has "[(0, '$first'), (1, '61')]" "[('xvdb', 'w')]"
equal "its MTU" "$(node "/local/domain/$id/device/vif/1/mtu")" 1400
equal "uuid" "$(dom0 bulkhead list --json replug | grep -o '"uuid": "[^"]*"')" "$uuid"

say "bulkheadd dies after an attach; the guest reboots meanwhile"
dom0 bulkhead network-attach replug mac=00:16:3e:00:00:62 bridge=labbr
dom0 bulkhead block-detach replug xvdb
# The guest closes its devices when it goes: the daemon is dead before the domain has ended.
kill_daemon_at "/local/domain/0/backend/vif/$id/1/state" 1 sh -c "printf 'reboot -f\n' | bulkhead console replug"
lives_again
has "[(0, '$first'), (1, '61'), (2, '62')]" "[]"

say "bulkheadd dies while it puts the old domain away"
dom0 bulkhead block-attach replug /tmp/hot.img,raw,xvdc,r
dom0 bulkhead network-detach replug 1
kill_daemon_at "/local/domain/0/backend/vif/$id/2/online" 1 sh -c "printf 'reboot -f\n' | bulkhead console replug"
lives_again
has "[(0, '$first'), (2, '62')]" "[('xvdc', 'r')]"

say "detached, rebooted by name"
dom0 bulkhead network-detach replug 2
dom0 bulkhead block-detach replug xvdc
dom0 bulkhead reboot replug
lives_again
has "[(0, '$first')]" "[]"

say "another configuration, bulkheadd dies while it puts the old domain away"
config_update() {
  dom0 bulkhead config-update replug /root/cfg/client.cfg 'name="not-this"' memory=112 'vif=["mac=00:16:3e:00:00:63,bridge=labbr"]' \
    'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
}
refused 1 memory dom0 bulkhead config-update replug /root/cfg/client.cfg memory=much
refused 1 'no domain' dom0 bulkhead config-update nobody /root/cfg/client.cfg
config_update
has "[(0, '$first')]" "[]" # not yet
equal "memory" "$(dom0 xl list replug | awk 'NR == 2 { print $3 }')" 128
dom0 bulkhead network-attach replug mac=00:16:3e:00:00:64 bridge=labbr
kill_daemon_at "/local/domain/0/backend/vif/$id/0/online" 1 sh -c "printf 'reboot -f\n' | bulkhead console replug"
lives_again
has "[(0, '63')]" "[]"
equal "memory" "$(dom0 xl list replug | awk 'NR == 2 { print $3 }')" 112
equal "uuid" "$(dom0 bulkhead list --json replug | grep -o '"uuid": "[^"]*"')" "$uuid"
dom0 bulkhead network-attach replug mac=00:16:3e:00:00:65 bridge=labbr
dom0 bulkhead reboot replug # as it is now, no longer as the file says
lives_again
has "[(0, '63'), (1, '65')]" "[]"

say "another configuration that cannot be built: it comes back as it was"
dom0 bulkhead config-update replug /root/cfg/client.cfg 'disk=["/tmp/no-such-image,raw,xvda,w"]' 'vif=["bridge=labbr"]' \
  'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
dom0 bulkhead reboot replug
lives_again
has "[(0, '63'), (1, '65')]" "[]"
contains "what bulkheadd says" "$(dom0 tail -n 20 /var/log/bulkhead/bulkheadd.log)" 'it is made as it was, not from /root/cfg/client.cfg'

say "create -F returns with the domain's end for good"
"$BULKHEAD" lab exec --name "$LAB" -- bulkhead create -F -e /root/cfg/client.cfg 'name="fore"' 'vif=[]' \
  'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"' >/dev/null 2>&1 </dev/null &
fore=$!
stamp fore ' done ' >/dev/null
printf 'reboot -f\n' | dom0 bulkhead console fore >/dev/null
nth_line fore ' done ' 2 90 >/dev/null
kill -0 $fore || fail "create -F has returned at a reboot"
dom0 bulkhead shutdown -w fore
wait $fore || fail "create -F failed"
dom0 bulkhead domid fore 2>/dev/null && fail "fore is there"

dom0 bulkhead destroy replug
dom0 sh -c 'ip link set labbr down; brctl delbr labbr; rm -f /tmp/hot.img'
leaves_nothing
