# Planned changes and the ways back: an upgrade, one that does not work, a client that is paused while its driver domain
# dies, a core dump, and a driver domain that comes back as another one.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
images=/var/lib/bulkhead/images

dom0 bulkhead create /root/cfg/ndvm.cfg 'on_crash="coredump-restart"'
start_stream planned 00:16:3e:00:00:64
ndvm=$(dom0 bulkhead domid ndvm)
here_still() { # here_still WHEN: the same domid, the same connection
  equal "domain id $1" "$(dom0 bulkhead domid ndvm)" "$ndvm"
  stream_goes_on planned
}
ramdisk() { dom0 bulkhead list -l ndvm | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["config"]["b_info"]["ramdisk"])'; }

say "upgrade to a new image"
dom0 cp $images/ndvm/initramfs /root/next
dom0 bulkhead driverdomain upgrade ndvm --ramdisk /root/next
here_still "after an upgrade"
equal "its image" "$(ramdisk)" /root/next

say "an image that is not there is refused at once"
refused 1 "/root/missing" dom0 bulkhead driverdomain upgrade ndvm --ramdisk /root/missing
here_still "after a refusal"

say "an image that does not boot: the old one comes back"
refused 1 "the old one is back" dom0 bulkhead driverdomain upgrade ndvm --ramdisk /etc/passwd
here_still "after a failed upgrade"
equal "its image" "$(ramdisk)" /root/next

say "a client is paused while it dies"
before=$(returns ndvm)
dom0 bulkhead pause planned
dom0 xl destroy ndvm
await_returns ndvm $((before + 1))
dom0 bulkhead unpause planned
here_still "after the client's pause"

say "a core dump is kept"
before=$(returns ndvm)
dom0 rm -f /var/lib/xen/dump/ndvm
dom0 xl sysrq ndvm c
await_returns ndvm $((before + 1))
contains "core dump" "$(dom0 head -c 4 /var/lib/xen/dump/ndvm | tr -dc 'A-Z')" ELF
dom0 rm -f /var/lib/xen/dump/ndvm
here_still "after a core dump"
dom0 bulkhead destroy planned

say "supervise=restart: it comes back under another id, and its clients get new vifs"
dom0 bulkhead destroy ndvm
dom0 bulkhead create /root/cfg/ndvm.cfg 'supervise="restart"'
other=$(dom0 bulkhead domid ndvm)
start_stream replaced 00:16:3e:00:00:66
before=$(returns ndvm)
dom0 xl destroy ndvm
await_returns ndvm $((before + 1))
[ "$(dom0 bulkhead domid ndvm)" != "$other" ] || fail "it has the same id, $other"
contains "its clients" "$(dom0 bulkhead driverdomain show ndvm)" replaced
nth_line replaced ' dhcp ok=1' 2 90
dom0 bulkhead destroy replaced
dom0 bulkhead destroy ndvm
leaves_nothing
