# Disks that QEMU serves (qdisk): qcow2 and VHD files for a PV client at its creation and while it runs, what it writes and
# reads, who runs QEMU and what is left of it. In a lab `--with qemu`.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/guest.sh"
leave() {
  dom0 sh -c 'for d in qdisk other; do bulkhead destroy $d; done; rm -rf /tmp/disks' >/dev/null 2>&1 || true
}
leave_with=leave
models() { dom0 pidof xen-qemu-system-i386 2>/dev/null | wc -w; }
# raw FILE FORMAT BYTES: the first bytes of what an image holds.
raw() { dom0 sh -c 'qemu-img convert -f "$2" -O raw "$1" /tmp/disks/raw && head -c "$3" /tmp/disks/raw; rm /tmp/disks/raw' raw "$@"; }

dom0 sh -c 'mkdir -p /tmp/disks; cd /tmp/disks; bulkhead disk create a.qcow2 64M; bulkhead disk create b.vhd 32M; bulkhead disk create c.img 8M; bulkhead disk create d.img 8M; bulkhead disk create e.vhd 8M
  printf "from dom0" | dd of=start bs=1M conv=sync 2>/dev/null; qemu-img convert -f raw -O vpc start b.vhd; rm start'
equal "QEMU before" "$(models)" 0

say "create with a qcow2 file"
start=$(date +%s%N)
new qdisk 'disk=["/tmp/disks/a.qcow2,qcow2,xvda,w", "/tmp/disks/c.img,raw,xvdc,w"]'
echo "creation took $((($(date +%s%N) - start) / 1000000)) ms"
contains "the guest" "$(stamp qdisk ' done ')" "ok=1"
id=$(dom0 bulkhead domid qdisk)
equal "QEMU of a domain with a qcow2 disk" "$(models)" 1
say_in qdisk "printf 'from the guest' | dd of=/dev/xvda conv=notrunc,fsync 2>/dev/null && sync" written
equal "block-list" "$(dom0 bulkhead block-list qdisk)" "$(dom0 xl block-list qdisk)"
equal "backends" "$(dom0 bulkhead block-list --json qdisk |
  python3 -c 'import json, sys; print([(d["vdev"], d["type"], d["state"]) for d in json.load(sys.stdin)[0]["disks"]])')" \
  "[('xvda', 'qdisk', 4), ('xvdc', 'phy', 4)]"

say "attach a VHD file, read it, write it, detach it"
dom0 bulkhead block-attach qdisk /tmp/disks/b.vhd,vhd,xvdb,w
say_in qdisk '[ "$(head -c 9 /dev/xvdb)" = "from dom0" ]' read
say_in qdisk "printf 'to the VHD' | dd of=/dev/xvdb conv=notrunc,fsync 2>/dev/null && sync" stored
equal "block-list of three" "$(dom0 bulkhead block-list qdisk)" "$(dom0 xl block-list qdisk)"
equal "QEMU of a domain with two of its disks" "$(models)" 1
refused 1 "of domain 'qdisk'" dom0 bulkhead block-attach qdisk /tmp/disks/b.vhd,vhd,xvdd,w
refused 1 "is no vhd image; by its content it is raw" dom0 bulkhead block-attach qdisk /tmp/disks/d.img,vhd,xvdd,w
refused 1 "is no qcow2 image; by its content it is vhd" new other 'disk=["/tmp/disks/e.vhd,qcow2,xvda,w"]'
refused 1 "of domain 'qdisk'" new other 'disk=["/tmp/disks/a.qcow2,qcow2,xvda,r"]'
dom0 bulkhead block-detach qdisk xvdb
equal "block-list after detach" "$(dom0 bulkhead block-list qdisk)" "$(dom0 xl block-list qdisk)"
refused 1 "" dom0 xenstore-list "/local/domain/0/backend/qdisk/$id/51728"
equal "the VHD in dom0" "$(raw /tmp/disks/b.vhd vpc 10)" "to the VHD"

say "the end"
dom0 bulkhead destroy qdisk
equal "QEMU after the domain" "$(models)" 0
equal "the qcow2 file in dom0" "$(raw /tmp/disks/a.qcow2 qcow2 14)" "from the guest"
contains "qemu-img check" "$(dom0 qemu-img check -f qcow2 /tmp/disks/a.qcow2)" "No errors"
leaves_nothing
refused 1 "" dom0 xenstore-list /local/domain/0/device-model/"$id"
