# Disks: a raw file and a device, attached, listed, written, detached; the rule that what is written is shared with
# nobody, whatever its name; a daemon that dies in the middle.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/guest.sh"
leave() {
  dom0 sh -c 'umount /mnt; for d in store other; do bulkhead destroy $d; done; rm -rf /tmp/disks
    cd /usr/lib/bulkhead && [ ! -e block-hotplug.real ] || mv block-hotplug.real block-hotplug' >/dev/null 2>&1 || true
}
leave_with=leave
loops() { dom0 sh -c 'grep -l . /sys/block/loop*/loop/backing_file 2>/dev/null | wc -l'; }
list_ours() { dom0 bulkhead block-list "$@"; }

dom0 sh -c 'mkdir -p /tmp/disks /mnt; cd /tmp/disks; bulkhead disk create a.img 8M; bulkhead disk create b.img 8M
  ln -s a.img symlink; ln a.img hardlink; dd if=/dev/zero of=fs.img bs=1M count=4 2>/dev/null; mkdosfs fs.img >/dev/null; /sbin/modprobe vfat'
equal "size of a new disk" "$(dom0 stat -c '%s %b' /tmp/disks/a.img)" "8388608 0"
refused 1 "--force replaces" dom0 bulkhead disk create /tmp/disks/a.img 8M
equal "loop devices at first" "$(loops)" 0

say "create with a disk"
start=$(date +%s%N)
new store 'disk=["file:/tmp/disks/a.img,xvda,w"]'
echo "creation with a disk took $((($(date +%s%N) - start) / 1000000)) ms"
contains "the guest" "$(stamp store ' done ')" "ok=1"
id=$(dom0 bulkhead domid store)
equal "its script" "$(node /local/domain/0/backend/vbd/"$id"/51712/script)" /usr/lib/bulkhead/block-hotplug
equal "block-list" "$(list_ours store)" "$(dom0 xl block-list store)"
contains "block-list" "$(list_ours store)" "51712 0   $id"
say_in store "printf 'from the guest' | dd of=/dev/xvda conv=notrunc,fsync 2>/dev/null" written
equal "what the guest wrote, in dom0" "$(dom0 head -c 14 /tmp/disks/a.img)" "from the guest"

say "attach and detach"
dom0 sh -c 'printf "from dom0" | dd of=/tmp/disks/b.img conv=notrunc 2>/dev/null'
start=$(date +%s%N)
dom0 bulkhead block-attach store /tmp/disks/b.img,raw,xvdb,rw
echo "block-attach took $((($(date +%s%N) - start) / 1000000)) ms"
say_in store '[ "$(head -c 9 /dev/xvdb)" = "from dom0" ]' read
equal "block-list of two" "$(list_ours store)" "$(dom0 xl block-list store)"
equal "block-list --json" "$(dom0 bulkhead block-list --json store |
  python3 -c 'import json, sys; print([(d["vdev"], d["target"], d["mode"]) for d in json.load(sys.stdin)[0]["disks"]])')" \
  "[('xvda', '/tmp/disks/a.img', 'w'), ('xvdb', '/tmp/disks/b.img', 'w')]"
refused 1 "has a disk xvdb already" dom0 bulkhead block-attach store /tmp/disks/b.img,raw,xvdb,rw
refused 1 "No such file" dom0 bulkhead block-attach store /tmp/disks/missing,raw,xvdc,rw
dom0 bulkhead block-detach store xvdb
refused 1 "has no disk" dom0 bulkhead block-detach store xvdb
equal "block-list after detach" "$(list_ours store)" "$(dom0 xl block-list store)"
equal "loop devices with one disk" "$(loops)" 1
equal "dry run" "$(dom0 bulkhead block-attach -n store phy:/dev/x xvdb w)" "$(dom0 xl -N block-attach store phy:/dev/x xvdb w)"

say "the rule, by other names"
for name in a.img symlink hardlink ../disks/a.img; do
  refused 1 "disk xvda (read-write) of domain 'store'" dom0 bulkhead block-attach store "/tmp/disks/$name,raw,xvdb,r"
done
loop=$(dom0 sh -c 'losetup -f; losetup "$(losetup -f)" /tmp/disks/hardlink' | head -n1)
refused 1 "shares storage" dom0 bulkhead block-attach store "phy:$loop" xvdb w
refused 1 "disk xvda (read-write) of domain 'store'" new other "disk=[\"phy:$loop,xvda,w\"]"
refused 1 "of domain 'store'" dom0 bulkhead disk resize /tmp/disks/symlink 16M
refused 1 "of domain 'store'" dom0 bulkhead disk create --force /tmp/disks/symlink 16M
dom0 losetup -d "$loop"

say "mounted in dom0"
dom0 mount -o loop -t vfat /tmp/disks/fs.img /mnt
refused 1 "mounted read-write at /mnt in dom0" dom0 bulkhead block-attach store /tmp/disks/fs.img,raw,xvdb,w
refused 1 "mounted read-write at /mnt in dom0" dom0 bulkhead block-attach store /tmp/disks/fs.img,raw,xvdb,r
refused 1 "mounted read-write at /mnt in dom0" new other 'disk=["file:/tmp/disks/fs.img,xvda,w"]'
dom0 bulkhead block-attach store file:/tmp/disks/fs.img xvdb 'w!' Domain-0
dom0 bulkhead block-detach store xvdb
dom0 umount /mnt
dom0 mount -o loop,ro -t vfat /tmp/disks/fs.img /mnt
refused 1 "mounted read-only" dom0 bulkhead block-attach store /tmp/disks/fs.img,raw,xvdb,w
dom0 bulkhead block-attach store /tmp/disks/fs.img,raw,xvdb,r
say_in store '! echo x 2>/dev/null >/dev/xvdb' readonly
dom0 bulkhead block-detach store 51728
dom0 umount /mnt

say "a link that becomes another one between the question and the disk"
hotplug=/usr/lib/bulkhead/block-hotplug
dom0 sh -c "mv $hotplug $hotplug.real; printf '%s\n' '#!/bin/sh' 'ln -sfn a.img /tmp/disks/turns' 'exec $hotplug.real \"\$@\"' >$hotplug
  chmod 755 $hotplug; ln -s b.img /tmp/disks/turns"
refused 1 "has become another file" dom0 bulkhead block-attach store /tmp/disks/turns,raw,xvdb,r
equal "disks after it" "$(dom0 xenstore-list "/local/domain/0/backend/vbd/$id")" 51712
dom0 ln -sfn b.img /tmp/disks/turns
refused 1 "has become another file" new other 'disk=["file:/tmp/disks/turns,xvda,r"]'
equal "loop devices" "$(loops)" 1
dom0 sh -c "mv $hotplug.real $hotplug; rm /tmp/disks/turns"

say "bulkheadd dies in the middle"
kill_daemon_at "/local/domain/0/backend/vbd/$id/51728" 1 bulkhead block-attach store /tmp/disks/b.img,raw,xvdb,rw
equal "disks after an attach that had begun" "$(list_ours store)" "$(dom0 xl block-list store)"
equal "backends" "$(dom0 xenstore-list "/local/domain/0/backend/vbd/$id")" 51712
dom0 bulkhead block-attach store /tmp/disks/b.img,raw,xvdb,rw

say "force, and an end"
dom0 bulkhead block-detach --force store xvdb
dom0 bulkhead destroy store
equal "loop devices at the end" "$(loops)" 0
refused 1 "only HVM" dom0 sh -c "bulkhead create /root/cfg/client.cfg 'name=\"other\"' 'vif=[]' && bulkhead cd-insert other hdc /tmp/disks/a.img"
dom0 bulkhead destroy other
leaves_nothing
