# The driver domain dies in every way; one TCP connection of a client goes on through all of it, dom0's vif and the
# client's card stay the same.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"

# PVH clients: pvh_reincarnate, a short one, because QEMU's emulation of SVM kills them every few minutes (a triple fault at
# an address of Xen itself).
start_stream stream 00:16:3e:00:00:60
ndvm=$(dom0 bulkhead domid ndvm)
link=$(dom0 cat /sys/class/net/eth0/ifindex)
await_spare

death() { # death WHAT COMMAND...
  local what=$1 before
  shift
  say "$what"
  before=$(returns ndvm)
  "$@"
  await_returns ndvm $((before + 1))
  equal "domain id after: $what" "$(dom0 bulkhead domid ndvm)" "$ndvm"
  for client in $streams; do stream_goes_on "$client"; done
  equal "dom0's link after: $what" "$(dom0 cat /sys/class/net/eth0/ifindex)" "$link"
  dom0 ping -c 2 -W 10 10.0.2.2 >/dev/null
}

death "destroyed by xl" dom0 xl destroy ndvm
death "crashed by sysrq" dom0 xl sysrq ndvm c
death "hung: its processor stands still" dom0 xl pause ndvm
death "replaced on purpose" dom0 bulkhead driverdomain restart ndvm
contains "driverdomain show" "$(dom0 bulkhead driverdomain show ndvm)" "returned after"
for client in $streams; do
  equal "cards that $client has seen" "$("$BULKHEAD" lab log --name "$LAB" --guest "$client" | grep -ac '@@ .* eth0 ' || true)" 1
  dom0 bulkhead destroy "$client"
done
