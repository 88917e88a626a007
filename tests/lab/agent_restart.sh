# The agent is killed with SIGKILL while a client is connected through its driver domain: traffic goes on, the vif is
# adopted, and the next vif is served. One that is stopped says nothing any more, and its driver domain is replaced. The driver domain is one with a shell on its console and no NIC.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
"$BULKHEAD" image ndvm --output "$work/debug" --nic e1000e --debug-shell >/dev/null
dom0 mkdir -p /var/lib/bulkhead/images/debug
put "$work/debug/initramfs" /var/lib/bulkhead/images/debug/initramfs
dom0 bulkhead create /root/cfg/ndvm.cfg 'name="debug"' 'pci=[]' 'memory=128' \
  'ramdisk="/var/lib/bulkhead/images/debug/initramfs"' \
  'cmdline="console=hvc0 panic=-1 rodata=off bulkhead.nic=none bulkhead.bridge=inner"'
debug=$(dom0 bulkhead domid debug)
leave() { dom0 bulkhead destroy debug >/dev/null 2>&1 || true; }
leave_with=leave
await_node "/local/domain/$debug/data/bulkhead/state" ready 90

dom0 bulkhead network-attach 0 backend=debug bridge=inner mac=00:16:3e:00:00:50
dom0 bulkhead network-attach client backend=debug bridge=inner mac=00:16:3e:00:00:51
link=$(basename "$(dirname "$(dom0 sh -c 'grep -l 00:16:3e:00:00:50 /sys/class/net/*/address')")")
dom0 sh -c "ip addr add 10.9.0.1/24 dev $link && ip link set $link up"
echo 'ip link set eth1 up; ip addr add 10.9.0.2/24 dev eth1; echo client-address-set' | dom0 bulkhead console client >"$work/console"
contains "the client's console" "$(cat "$work/console")" client-address-set
dom0 ping -c 2 -W 5 10.9.0.2

# The agent that serves is the child of PID 1, which has the same name: the larger number of the two.
agent() {
  echo 'echo pids=$(busybox pidof bulkhead-agent)=' | dom0 bulkhead console debug | grep -aoE 'pids=[0-9 ]+=' |
    head -n1 | tr -dc '0-9 \n' | tr ' ' '\n' | sort -n | tail -n1
}
before=$(agent)
echo "kill -9 $before" | dom0 bulkhead console debug >/dev/null
contains "the console" "$(stamp debug 'was killed by signal 9')" "started again"
after=$(agent)
[ "$after" != "$before" ] || fail "the agent is still process $before"

say "nothing happened to the client"
dom0 ping -c 2 -W 5 10.9.0.2
client=$(dom0 bulkhead domid client)
equal "the client's vif" "$(node "/local/domain/$debug/backend/vif/$client/1/state")" 4
equal "its hotplug-status" "$(node "/local/domain/$debug/backend/vif/$client/1/hotplug-status")" connected

say "the agent is stopped: its driver domain counts as hung"
index=$(dom0 cat "/sys/class/net/$link/ifindex")
echo "kill -STOP $after" | dom0 bulkhead console debug >/dev/null
await_returns debug 1
contains "why" "$(dom0 bulkhead driverdomain events debug)" hung
equal "domain id" "$(dom0 bulkhead domid debug)" "$debug"
equal "dom0's link" "$(dom0 cat "/sys/class/net/$link/ifindex")" "$index"
dom0 ping -c 2 -W 10 10.9.0.2

say "the restarted agent serves"
await_moves "/local/domain/$debug/data/bulkhead/heartbeat" 2 30
dom0 bulkhead network-detach client 00:16:3e:00:00:51
equal "the client's backend" "$(node "/local/domain/$debug/backend/vif/$client/1/state")" ""
dom0 bulkhead network-attach client backend=debug bridge=inner
dom0 bulkhead network-detach client 1
dom0 bulkhead network-detach 0 00:16:3e:00:00:50
equal "backends left in the driver domain" "$(dom0 xenstore-ls "/local/domain/$debug/backend" | tr '\n' ' ')" ""
dom0 bulkhead destroy debug
