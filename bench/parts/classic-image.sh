# Makes, in dom0 and of dom0's own files, the driver domain that people make by hand: bash, busybox, Debian's xl with its
# hotplug scripts and libraries, the xenstore tools, and the modules of a network back end without a NIC.
set -euo pipefail
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
cd "$root"
mkdir -p usr/bin usr/sbin usr/lib usr/lib64 dev proc sys run tmp etc lib var/log/xen var/lib/xen
ln -s usr/bin bin
ln -s usr/sbin sbin
ln -s usr/lib64 lib64
ln -s ../usr/lib/x86_64-linux-gnu lib/x86_64-linux-gnu
ln -s ../run var/run
mknod dev/console c 5 1

# take FILE...: at its real place, with what it links to as a file
take() {
  local file place
  for file; do
    place=$(realpath "${file%/*}")
    mkdir -p "$root$place"
    cp -L "$file" "$root$place/${file##*/}"
  done
}
programs=(/usr/bin/bash /usr/sbin/xl /usr/bin/xenstore-{chmod,exists,list,ls,read,rm,watch,write})
take "${programs[@]}" /usr/bin/busybox /etc/passwd /etc/group
for program in "${programs[@]}"; do
  /lib64/ld-linux-x86-64.so.2 --list "$program" | grep -oE '/[^ ]+\.so[^ ]*'
done | sort -u >/tmp/classic.libraries
while read -r library; do take "$library"; done </tmp/classic.libraries
take /usr/lib/x86_64-linux-gnu/libgcc_s.so.1 # xl loads it when a thread is cancelled
cp -a /etc/xen etc/xen

# name path needed,needed|-
declare -A path needed done_with
while read -r name file needs; do
  path[$name]=$file needed[$name]=$needs
done </lib/bulkhead/modules
insert() {
  local one
  [ -n "${path[$1]:-}" ] || return 0 # built in
  [ -z "${done_with[$1]:-}" ] || return 0
  done_with[$1]=1
  for one in ${needed[$1]//[,-]/ }; do insert "$one"; done
  take "${path[$1]}"
  echo "${path[$1]}" >>etc/modules
}
for module in xen_evtchn xen_gntdev xen_gntalloc xen_privcmd xenfs xen_netback bridge; do insert $module; done
[ -n "${path[xen_netback]:-}" ] && [ -n "${path[bridge]:-}" ]

cat >init <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs run /run
/bin/busybox --install -s /usr/bin
export PATH=/usr/bin:/usr/sbin
mkdir -p /run/xen /run/xen-hotplug
while read -r module; do insmod "$module" || echo "classic: $module failed"; done </etc/modules
mount -t xenfs xenfs /proc/xen
brctl addbr xenbr0
brctl stp xenbr0 off
brctl setfd xenbr0 0
ip link set xenbr0 up
xl devd -F &
xenstore-write data/classic/state ready
beat=0
while sleep 1; do
  kill -0 $! || { echo 'classic: xl devd has ended'; xenstore-write data/classic/state failed; }
  beat=$((beat + 1))
  while read -r name size unit; do
    case $name in
    MemTotal:) total=$size ;;
    MemAvailable:) available=$size ;;
    esac
  done </proc/meminfo
  [ $((beat % 4)) = 0 ] && xenstore-write data/classic/total "$total" data/classic/available "$available" data/classic/beat $beat
done
INIT
chmod 755 init
mkdir -p /var/lib/bulkhead/images/classic
find . | cpio -o -H newc | gzip -9 >/var/lib/bulkhead/images/classic/initramfs
