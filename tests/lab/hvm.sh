# HVM guests: firmware, boot order, serial pty, VNC, CD drive, and the device model's command line, each against what `xl`
# makes of the same file. In a lab `--with qemu`.
. "$(dirname "$0")/common.sh"
leave() { dom0 sh -c 'bulkhead destroy hvm; rm -rf /tmp/disks; ip link set labbr down; brctl delbr labbr' >/dev/null 2>&1 || true; }
leave_with=leave
python3 "$here/boot_images.py" "$work/disk" "$work/cd"
dom0 mkdir -p /tmp/disks
put "$work/disk" /tmp/disks/disk
put "$work/cd" /tmp/disks/cd
cat >"$work/hvm.cfg" <<'CFG'
name = "hvm"
uuid = "4b6e1a52-1111-4222-8333-123456789abc"
type = "hvm"
memory = 64
serial = "pty"
vnc = 1
vnclisten = "127.0.0.1:5"
usb = 1
usbdevice = "tablet"
localtime = 1
soundhw = "es1370"
vga = "stdvga"
disk = [ "/tmp/disks/disk,raw,hda,w", "/tmp/disks/cd,raw,hdc,r,devtype=cdrom" ]
CFG
put "$work/hvm.cfg" /root/hvm.cfg
create() { dom0 bulkhead create /root/hvm.cfg "$@"; }
# model: the words of the device model's command line, without what changes with the domain's id.
model() {
  dom0 sh -c 'tr "\0" "\n" <"/proc/$(pidof xen-qemu-system-i386)/cmdline"' |
    sed -E '/^-xen-domid$/ { n; s/.*/ID/ }; s/(qmp-lib[a-z]+)-[0-9]+/\1-ID/'
}
# first_words: what the boot sector says on the serial pty.
first_words() {
  dom0 timeout 60 sh -c 'grep -m1 -o "booted from the [a-zA-Z]*" <"$(xenstore-read "/local/domain/$(bulkhead domid hvm)/serial/0/tty")"'
}

say "SeaBIOS, a boot sector, the serial port"
create 'boot="cd"'
equal "boot=\"cd\"" "$(first_words)" "booted from the disk"
contains "what Xen heard of the firmware" "$("$BULKHEAD" lab log --name "$LAB" </dev/null)" "SeaBIOS (version"
equal "block-list" "$(dom0 bulkhead block-list hvm)" "$(dom0 xl block-list hvm)"
id=$(dom0 bulkhead domid hvm)
equal "the disk's script" "$(node "/local/domain/0/backend/vbd/$id/768/script")" /usr/lib/bulkhead/block-hotplug
contains "the clock" "$(dom0 xl list -l hvm)" '"localtime": "True"'

say "VNC"
# By hand: RFB 3.8, one security type, and it is "none" (RFC 6143, 7.1).
equal "RFB" "$(dom0 bash -c 'exec 3<>/dev/tcp/127.0.0.1/5905; head -c 12 <&3; printf "RFB 003.008\n" >&3; head -c 2 <&3 | hexdump -e "2/1 \"%x \"" | sed "s/ *$//"')" \
  "$(printf 'RFB 003.008\n1 1')"
equal "vncviewer's address" "$(dom0 bulkhead vncviewer --json hvm | python3 -c 'import json, sys; print(json.load(sys.stdin)["address"])')" 127.0.0.1:5

# Debian's QEMU for Xen is built without a cipher library; whoever has another one gets a domain.
refused 1 "its device model says" dom0 bulkhead create /root/hvm.cfg 'name="secret"' 'uuid="4b6e1a52-1111-4222-8333-123456789abd"' 'disk=[]' \
  'vnclisten="127.0.0.1:6"' 'vncpasswd="secret"'
contains "why" "$(cat "$work/err")" "Cipher backend does not support DES"

say "the CD drive"
medium() { node "/local/domain/0/backend/qdisk/$id/5632/params"; }
inserted=$(medium)
equal "its medium" "$inserted" "aio:/tmp/disks/cd"
dom0 bulkhead cd-eject hvm hdc
equal "ejected" "$(medium)" ""
dom0 bulkhead cd-insert hvm hdc /tmp/disks/cd
ours=$(dom0 bulkhead block-list hvm)
equal "inserted" "$(medium)" "$inserted"
equal "block-list" "$ours" "$(dom0 xl block-list hvm)"
dom0 xl cd-eject hvm hdc
equal "ejected by xl" "$(medium)" ""
dom0 xl cd-insert hvm hdc /tmp/disks/cd
equal "inserted by xl" "$(medium)" "$inserted"
refused 1 "of domain 'hvm'" dom0 bulkhead cd-insert hvm hdc /tmp/disks/disk
refused 1 "No such file" dom0 bulkhead cd-insert hvm hdc /tmp/disks/missing
equal "its medium after refusals" "$(medium)" "$inserted"

say "USB controllers"
equal "usb-list of none" "$(dom0 bulkhead usb-list hvm)" ""
refused 1 "is always 6" dom0 bulkhead usbctrl-attach hvm type=devicemodel version=2 ports=4
dom0 bulkhead usbctrl-attach hvm type=devicemodel version=2
dom0 bulkhead usbctrl-attach --json hvm type=devicemodel,version=3 >"$work/second"
contains "its JSON" "$(cat "$work/second")" '"devid": 1'
equal "usb-list" "$(dom0 bulkhead usb-list hvm)" "$(dom0 xl usb-list hvm)"
equal "controllers" "$(dom0 bulkhead usb-list --json hvm | python3 -c 'import json, sys; print([(c["type"], c["version"], c["ports"]) for c in json.load(sys.stdin)])')" \
  "[('devicemodel', 2, 6), ('devicemodel', 3, 8)]"
say "a USB device"
dom0 modprobe xhci_pci
dom0 timeout 60 sh -c 'until [ -e /sys/bus/usb/devices/1-1/devnum ]; do :; done' || fail "dom0 has no USB device"
address="hostbus=$(dom0 cat /sys/bus/usb/devices/1-1/busnum) hostaddr=$(dom0 cat /sys/bus/usb/devices/1-1/devnum)"
# in_qemu: what the device model has of it.
in_qemu() { dom0 xl qemu-monitor-command hvm "info usb" | grep -c "Mouse" || true; }
equal "devices of the model" "$(in_qemu)" 0
dom0 bulkhead usbdev-attach hvm $address
equal "usb-list with it" "$(dom0 bulkhead usb-list hvm)" "$(dom0 xl usb-list hvm)"
contains "usb-list with it" "$(dom0 bulkhead usb-list hvm)" "Bus 00"
equal "devices of the model" "$(in_qemu)" 1
refused 1 "already" dom0 bulkhead usbdev-attach hvm $address
dom0 bulkhead usbdev-detach hvm controller=0 port=1
equal "usb-list without it" "$(dom0 bulkhead usb-list hvm)" "$(dom0 xl usb-list hvm)"
equal "devices of the model" "$(in_qemu)" 0
dom0 xl usbdev-attach hvm $address
equal "attached by xl" "$(dom0 bulkhead usb-list --json hvm | python3 -c 'import json, sys; print(sum(len(c["devices"]) for c in json.load(sys.stdin)))')" 1
dom0 bulkhead usbdev-detach hvm controller=0 port=1
refused 1 "as lsusb prints them" dom0 bulkhead usbdev-attach hvm hostbus=1
refused 1 "cannot give a USB device" dom0 bulkhead usbdev-attach hvm hostbus=1 hostaddr=99
refused 1 "port 2 of controller 0 is empty" dom0 bulkhead usbdev-detach hvm controller=0 port=2
refused 1 "no USB controller 7" dom0 bulkhead usbctrl-detach hvm 7
refused 1 "must be auto, pv, devicemodel or qusb" dom0 bulkhead usbctrl-attach hvm type=ps2
dom0 bulkhead usbctrl-detach hvm 0
equal "usb-list of one" "$(dom0 bulkhead usb-list hvm)" "$(dom0 xl usb-list hvm)"
dom0 bulkhead usbctrl-detach hvm 1
equal "usb-list of none" "$(dom0 bulkhead usb-list hvm)" ""

say "the device model's command line"
model >"$work/ours"
dom0 bulkhead destroy hvm
equal "device models left" "$(dom0 pidof xen-qemu-system-i386 || true)" ""
# xl with the program that we name for the disk: Xen's own script needs more tools than this dom0 has.
dom0 xl create /root/hvm.cfg 'boot="cd"' \
  'disk=["format=raw,vdev=hda,access=w,script=/usr/lib/bulkhead/block-hotplug,target=/tmp/disks/disk", "/tmp/disks/cd,raw,hdc,r,devtype=cdrom"]' >/dev/null 2>&1
model >"$work/theirs"
dom0 xl destroy hvm
diff "$work/ours" "$work/theirs" >&2 || fail "the device model's command line differs from xl's"
for word in tablet es1370 pty VGA,vgamem_mb=16 order=cd; do grep -qx -e "$word" "$work/ours" || fail "no $word in $(cat "$work/ours")"; done

say "an emulated card"
dom0 modprobe tun
dom0 sh -c 'brctl addbr labbr && ip link set labbr up'
create 'boot="n"' 'vif=["mac=00:16:3e:00:00:77,model=e1000,bridge=labbr"]' \
  'channel=["name=org.bulkhead.one,connection=pty", "name=org.bulkhead.two,connection=socket,path=/run/two"]'
id=$(dom0 bulkhead domid hvm)
equal "its bridge" "$(dom0 sh -c "basename \$(readlink /sys/class/net/vif$id.0-emu/master)")" labbr
equal "network-list" "$(dom0 bulkhead network-list hvm)" "$(dom0 xl network-list hvm)"
# iPXE asks for an address; dom0's rules let the question pass to the bridge.
dom0 timeout 120 sh -c 'until [ "$(cat /sys/class/net/labbr/statistics/rx_packets)" -gt 0 ]; do :; done' ||
  fail "no frame comes from the card"

say "its channels, which xl 4.17 would leave out, and QEMU's monitor"
channels() { dom0 "$1" channel-list hvm | sed 's/ *$//'; }
contains "channel-list" "$(channels bulkhead)" /dev/pts/
equal "channels" "$(channels bulkhead | wc -l)" 3
equal "channel-list" "$(channels bulkhead)" "$(channels xl)"
equal "qemu-monitor-command" "$(dom0 bulkhead qemu-monitor-command hvm 'info name')" "$(dom0 xl qemu-monitor-command hvm 'info name')"
contains "info name" "$(dom0 bulkhead qemu-monitor-command --json hvm 'info name')" hvm
dom0 bulkhead destroy hvm
equal "links left" "$(dom0 sh -c 'ls /sys/class/net | grep ^vif || true')" ""
dom0 sh -c 'ip link set labbr down; brctl delbr labbr'

say "the other boot order"
equal "create -V" "$(dom0 sh -c "VNCVIEWER=echo bulkhead create -q -V /root/hvm.cfg 'boot=\"dc\"'")" 127.0.0.1:5
equal "boot=\"dc\"" "$(first_words)" "booted from the CD"
dom0 bulkhead destroy hvm
leaves_nothing
