#!/bin/bash
# A Debian 12 with systemd as dom0, on real Xen in QEMU: the packages are installed there by apt, and dom0/session.sh says
# what must hold while it runs, is shut down and boots again. debian_dom0.sh [DIR] takes the packages from DIR instead of
# build/deb. Needs about 4 GB of disk and of memory, and root (or sudo) for mmdebstrap and nothing else.
set -euo pipefail
: "${BULKHEAD:?path of the bulkhead program}"
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
debs=$(cd "${1:-$tree/build/deb}" && pwd)
work=$(mktemp -d)
qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT

say() { echo "--- $*"; }
fail() {
  echo "FAILED: $*" >&2
  echo "--- end of the machine's console" >&2
  tail -c 6000 "$work/console" 2>/dev/null | tr -d '\000\033' >&2 || true
  exit 1
}
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

say "guests"
files=$work/files/root
mkdir -p "$files/images"
"$BULKHEAD" image ndvm --output "$files/images/ndvm" --nic e1000e >/dev/null
"$BULKHEAD" image client --output "$files/images/client" >/dev/null
python3 "$tree/tests/lab/boot_images.py" "$files/images/disk" "$files/images/cd"
cp "$here"/dom0/* "$files/"
mkdir "$files/debs"
cp "$debs"/bulkhead_*.deb "$debs"/bulkhead-agent_*.deb "$files/debs/"

say "Debian 12 with Xen, as its packages leave it"
units=$work/files/etc/systemd/system
mkdir -p "$units/multi-user.target.wants"
cat >"$units/session.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=idle
ExecStart=/bin/bash /root/session.sh
StandardOutput=file:/dev/hvc0
StandardError=inherit
UNIT
ln -s ../session.service "$units/multi-user.target.wants/session.service"
ln -s /dev/null "$units/serial-getty@hvc0.service" # it would write in between
mkdir -p "$work/files/var/log/xen/console" "$work/files/etc"
echo '/dev/vda / ext4 defaults 0 1' >"$work/files/etc/fstab"
# What the packages need is fetched now, since the machine has no network; they are installed there.
cat >"$work/finish" <<'HOOK'
set -e
root=$1
echo 'XENCONSOLED_ARGS="--log=guest"' >>"$root/etc/default/xen" # consoles of guests, for the session to read
cp -r --no-preserve=ownership files/. "$root/"
rm -f "$root/usr/sbin/policy-rc.d" # mmdebstrap's own, against services that start here
chroot "$root" apt-get clean
chroot "$root" sh -c 'apt-get install -y --download-only -o APT::Keep-Downloaded-Packages=true /root/debs/*.deb'
cp "$root"/boot/vmlinuz-* vmlinuz
cp "$root"/boot/initrd.img-* initrd
gzip -dc "$root"/boot/xen-4.17-amd64.gz >xen
truncate -s 4G disk
mkdir plain # without what is mounted in it now
mount --bind "$root" plain
mke2fs -q -t ext4 -E lazy_itable_init=1 -d plain disk
umount plain
HOOK
(cd "$work" && "${as_root[@]}" mmdebstrap --variant=apt --skip=cleanup/apt \
  --include=systemd-sysv,udev,dbus,iproute2,kmod,linux-image-amd64,initramfs-tools,xen-system-amd64,qemu-system-xen \
  --aptopt='APT::Install-Recommends "false"' \
  --customize-hook='sh ./finish "$1"' bookworm /dev/null) >"$work/mmdebstrap" 2>&1 || {
  tail -n 20 "$work/mmdebstrap" >&2
  fail "mmdebstrap"
}
[ "$(id -u)" = 0 ] || sudo chown "$(id -u)" "$work"/{vmlinuz,initrd,xen,disk}

# boots STAGE: until the machine turns itself off. The options are the lab's (docs/lab.md says why).
boots() {
  local status=0
  : >"$work/console"
  tail -f -n +1 "$work/console" --pid=$$ 2>/dev/null | sed -u 's/\r$//' | grep --line-buffered -a '^@@ ' &
  local shows=$!
  timeout "${LIMIT:-900}" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
    -accel tcg,thread=multi -machine q35,kernel-irqchip=split -device intel-iommu,intremap=on \
    -cpu EPYC,-smap,-monitor,-avx,-avx2,-xsave,-fma,-f16c,-rdtscp -smp 2 -m 3584 \
    -netdev user,id=outside,net=10.0.2.0/24,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:cat \
    -device e1000e,netdev=outside,addr=02.0,romfile= \
    -drive "file=$work/disk,format=raw,if=none,id=disk,cache=unsafe" -device virtio-blk-pci,drive=disk \
    -serial "file:$work/console" -kernel "$work/xen" \
    -append "console=com1 com1=115200,8n1 dom0_mem=1536M,max:1536M bootscrub=0 spec-ctrl=no dom0-iommu=passthrough" \
    -initrd "$work/vmlinuz root=/dev/vda rw console=hvc0 quiet loglevel=4 systemd.show_status=false panic=-1 rodata=off mitigations=off init_on_alloc=0 cryptomgr.notests,$work/initrd" \
    2>"$work/qemu" &
  qemu=$!
  wait "$qemu" || status=$?
  qemu=
  kill "$shows" 2>/dev/null || true
  [ "$status" = 0 ] || fail "QEMU ended with status $status: $(tail -n 1 "$work/qemu")"
  tr -d '\r' <"$work/console" | grep -qax "@@ $1 passed" || fail "the session's $1 did not pass"
}
say "the first boot"
boots installed
say "the second boot"
boots restored
