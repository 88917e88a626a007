# What goes wrong while a driver domain comes back: its image is broken, its NIC is in other hands or cannot be reset, libxl
# cannot build it, xenstore has no room for it. Each time its clients stay as they are, the reason is told, and it returns as soon as it can.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
nic=0000:00:02.0
reset=/sys/bus/pci/devices/$nic/reset
image=/var/lib/bulkhead/images/ndvm/initramfs
kernel=/var/lib/bulkhead/images/ndvm/kernel
quota() { dom0 xenstore-control quota set nodes "$1"; }
mend() {
  dom0 sh -c "[ ! -e $image.good ] || mv $image.good $image
    [ ! -e $kernel.good ] || mv $kernel.good $kernel
    umount $reset 2>/dev/null
    [ -e /sys/bus/pci/drivers/pciback/$nic ] || echo $nic >/sys/bus/pci/drivers/pciback/bind" </dev/null
  quota 8000
  leave
  dom0 bulkhead destroy ndvm >/dev/null 2>&1 || true
}
leave_with=mend

dom0 bulkhead create /root/cfg/ndvm.cfg 'spare=0'
start_stream bearing 00:16:3e:00:00:68
ndvm=$(dom0 bulkhead domid ndvm)
bearing=$(dom0 bulkhead domid bearing)
failures() { dom0 bulkhead driverdomain events ndvm --json | grep -c '"event":"not-returned"' || true; }
# it_fails PART: it does not return, says PART, and the client's end is untouched.
it_fails() {
  await_event ndvm '"event":"not-returned"' $((failed + 1))
  contains "why it does not return" "$(dom0 bulkhead driverdomain events ndvm | grep 'did not return' | tail -n 1)" "$1"
  equal "the client's end" "$(node "/local/domain/$bearing/device/vif/0/state")" 4
}
it_returns() {
  await_returns ndvm $((before + 1))
  equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
  stream_goes_on bearing
}

say "its image is broken"
before=$(returns ndvm) failed=$(failures)
dom0 sh -c "cp $image $image.good; cp /etc/passwd $image"
dom0 xl destroy ndvm
it_fails "it ended while it booted"
dom0 mv $image.good $image
it_returns

say "its NIC is not assignable"
before=$(returns ndvm) failed=$(failures)
dom0 bulkhead driverdomain restart ndvm # also forgives the deaths so far
before=$((before + 1))
dom0 sh -c "xl destroy ndvm; until echo $nic >/sys/bus/pci/drivers/pciback/unbind; do :; done"
it_fails "not assignable"
dom0 sh -c "echo $nic >/sys/bus/pci/drivers/pciback/bind"
it_returns

say "its NIC cannot be reset: libxl goes on, bulkheadd's log has it"
before=$(returns ndvm) told=$(said_by_daemon "$reset returned")
dom0 mount -o bind /dev/full $reset
dom0 bulkhead driverdomain restart ndvm # forgives the deaths so far
it_returns
[ "$(said_by_daemon "$reset returned")" -gt "$told" ] || fail "bulkheadd says nothing of the reset"
dom0 umount $reset

say "libxl cannot build it"
before=$(returns ndvm) failed=$(failures)
dom0 sh -c "mv $kernel $kernel.good; cp /etc/passwd $kernel"
dom0 xl destroy ndvm
it_fails "cannot create domain 'ndvm'"
dom0 mv $kernel.good $kernel
it_returns

say "xenstore has no room for it"
before=$(returns ndvm) failed=$(failures)
quota 20
dom0 xl destroy ndvm
stamp ndvm 'No space left on device' >/dev/null # its agent cannot say that it lives
stamp ndvm 'pcifront: probe of pci-0 failed'    # nor can its kernel get at the NIC, and it tries only once
quota 8000
it_fails "the PCI frontend has closed"
it_returns
dom0 bulkhead destroy bearing
dom0 bulkhead destroy ndvm
leaves_nothing
