# Volumes of LVM by its real tools: created, told of, grown, snapshot while a domain writes, and the rule that what is
# written is shared with nobody, through device-mapper's layers. In a lab `--with lvm`.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/guest.sh"
leave() {
  dom0 sh -c 'umount /mnt; for d in vol other; do bulkhead destroy $d; done; vgchange -an vg; losetup -d /dev/loop7; rm -rf /tmp/disks' >/dev/null 2>&1 || true
}
leave_with=leave
field() { dom0 bulkhead disk info --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$2"; }
# bytes VOLUME: its first ones. What dom0 has read before is not what a guest has written since.
bytes() { dom0 sh -c 'blockdev --flushbufs "/dev/vg/$1" && head -c 11 "/dev/vg/$1"' bytes "$1"; }

dom0 sh -c 'mkdir -p /tmp/disks /mnt; /sbin/modprobe dm-mod; /sbin/modprobe vfat; bulkhead disk create /tmp/disks/pv 96M; losetup /dev/loop7 /tmp/disks/pv
  pvcreate /dev/loop7; vgcreate vg /dev/loop7' >/dev/null

say "create, info, resize"
dom0 bulkhead disk create --format lvm vg/root 16M
dom0 bulkhead disk create /dev/vg/spare 8M
refused 1 "exists already" dom0 bulkhead disk create /dev/vg/root 16M
refused 1 "insufficient free space" dom0 bulkhead disk create /dev/vg/large 1G
equal "as LVM has it" "$(dom0 lvs --noheadings --units b --nosuffix -o lv_name,lv_size vg | tr -s ' ' | tr '\n' ';')" \
  " root 16777216; spare 8388608;"
equal "its format" "$(field /dev/vg/root format)" lvm
dom0 bulkhead disk resize /dev/vg/root +4M
equal "its size" "$(field /dev/vg/root size)" 20971520
refused 1 "loses what is behind" dom0 bulkhead disk resize /dev/vg/root 8M

say "a domain on a volume"
new vol 'disk=["phy:/dev/vg/root,xvda,w"]'
contains "the guest" "$(stamp vol ' done ')" "ok=1"
say_in vol "printf 'in a volume' | dd of=/dev/xvda conv=notrunc,fsync 2>/dev/null" written
equal "the volume in dom0" "$(bytes root)" "in a volume"
contains "who uses it" "$(dom0 bulkhead disk info /dev/vg/root)" "of domain 'vol'"
dom0 bulkhead disk snapshot --size 8M /dev/vg/root before
equal "the snapshot's origin" "$(field /dev/vg/before backing)" root
say_in vol "printf 'changed now' | dd of=/dev/xvda conv=notrunc,fsync 2>/dev/null" changed
equal "the volume in dom0" "$(bytes root)" "changed now"
equal "the snapshot in dom0" "$(bytes before)" "in a volume"

say "the rule, through device-mapper"
refused 1 "of domain 'vol'" new other 'disk=["phy:/dev/mapper/vg-root,xvda,w"]'
refused 1 "of domain 'vol'" new other 'disk=["phy:/dev/loop7,xvda,r"]'     # the physical volume
refused 1 "of domain 'vol'" new other 'disk=["file:/tmp/disks/pv,xvda,w"]' # the file below it
refused 1 "of domain 'vol'" dom0 bulkhead disk resize /dev/vg/root +4M
dom0 sh -c 'mkdosfs /dev/vg/spare >/dev/null && mount -t vfat /dev/vg/spare /mnt'
refused 1 "mounted read-write at /mnt" dom0 bulkhead block-attach vol phy:/dev/vg/spare xvdb w
refused 1 "mounted read-write at /mnt" dom0 bulkhead block-attach vol phy:/dev/dm-1 xvdb r
dom0 umount /mnt
dom0 bulkhead block-attach vol phy:/dev/vg/spare xvdb w # another volume of the same group
equal "block-list" "$(dom0 bulkhead block-list vol)" "$(dom0 xl block-list vol)"
dom0 bulkhead destroy vol

say "the end"
dom0 sh -c 'lvremove --yes vg/before && bulkhead disk create --force /dev/vg/root 4M && vgchange -an vg && losetup -d /dev/loop7 && rm -rf /tmp/disks' >/dev/null
leaves_nothing
