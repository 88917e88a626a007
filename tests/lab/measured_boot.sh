# Boots of OVMF, GRUB and Xen in QEMU with swtpm: the PCRs that the TPM holds afterwards are those that `bulkhead measure
# predict` gave before the machine started. No lab: this machine has firmware, a TPM and a disk, and dom0 is busybox. A
# dom0 has no event log; the second boot loads Xen and then starts Linux instead of it, which has one, and each event of
# it is compared. Prints per PCR and bank what was predicted and found.
set -euo pipefail
: "${BULKHEAD:?path of the bulkhead program}"
work=$(mktemp -d)
tpm= qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; [ -z "$tpm" ] || kill "$tpm" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  echo "--- end of the machine's serial port" >&2
  tail -c 3000 "$work/serial" 2>/dev/null | tr -d '\000\033' >&2 || true
  exit 1
}

# Xen, the kernel and busybox: Debian's packages, unpacked.
(cd "$work" && apt-get -qq download xen-hypervisor-4.17-amd64 busybox-static \
  "$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)") ||
  fail "apt-get cannot download the packages"
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/root"; done

# The boot partition. GRUB's core image has what it takes to read it; the rest comes from the folder of modules.
boot=$work/esp/boot
mkdir -p "$work/esp/EFI/BOOT" "$boot/grub/x86_64-efi"
modules=/usr/lib/grub/x86_64-efi
cp "$modules"/*.mod "$modules"/*.lst "$boot/grub/x86_64-efi/"
builtin="boot configfile echo fat gzio linux loadenv normal part_msdos serial terminal test tpm"
# And what they need, which grub-mkimage puts in unasked.
while more=$(for name in $builtin; do sed -n "s/^$name://p" "$modules/moddep.lst"; done | tr ' ' '\n' | sort -u) &&
  all=$(printf '%s\n' $builtin $more | sort -u | tr '\n' ' ') && [ "$all" != "$builtin" ]; do
  builtin=$all
done
# shellcheck disable=SC2086
grub-mkimage -O x86_64-efi -p '(hd0,msdos1)/boot/grub' -o "$work/esp/EFI/BOOT/BOOTX64.EFI" $builtin
cp "$work"/root/boot/xen-4.17-amd64.gz "$boot/"
cp "$work"/root/boot/vmlinuz-* "$boot/vmlinuz"
mkdir -p "$work/initrd/bin" "$work/initrd/proc" "$work/initrd/sys" "$work/initrd/dev"
cp "$work/root/bin/busybox" "$work/initrd/bin/"
cat >"$work/initrd/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t securityfs securityfs /sys/kernel/security
cd /sys/class/tpm/tpm0 || echo "@@none"
for bank in pcr-*; do
  for pcr in 4 7 8 9; do echo "@@ ${bank#pcr-} $pcr $(/bin/busybox cat "$bank/$pcr")"; done
done
log=/sys/kernel/security/tpm0/binary_bios_measurements
[ ! -r $log ] || /bin/busybox base64 $log | /bin/busybox sed 's/^/@@log /'
echo "@@end $(/bin/busybox cat /sys/hypervisor/type /sys/hypervisor/version/minor 2>/dev/null | /bin/busybox tr '\n' ' ')"
/bin/busybox poweroff -f
INIT
chmod 755 "$work/initrd/init"
(cd "$work/initrd" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -n) >"$boot/initrd.img"
cat >"$boot/grub/grub.cfg" <<'CFG'
# a comment is not measured
serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="${saved_entry}"
fi
function say_it {
  echo "saying $1"
}
submenu 'Older ones' { menuentry 'never' { halt } }
menuentry 'Xen' --class debian --id xen {
	say_it 'Loading Xen ...'
	if [ "$grub_platform" = "pc" -o "$grub_platform" = "" ]; then
	    xen_rm_opts=
	else
	    xen_rm_opts="no-real-mode edd=off"
	fi
	multiboot2	/boot/xen-4.17-amd64.gz placeholder dom0_mem=384M com1=115200,8n1 console=com1 "quoted arg" back\\slash ${xen_rm_opts}
	module2	/boot/vmlinuz placeholder console=hvc0  quiet
	module2	--nounzip   /boot/initrd.img
}
menuentry 'Xen loaded, Linux started' --id log {
	multiboot2	/boot/xen-4.17-amd64.gz placeholder
	module2	/boot/vmlinuz placeholder console=hvc0
	module2	--nounzip   /boot/initrd.img
	linuxefi	/boot/vmlinuz console=ttyS0 quiet
	initrdefi	/boot/initrd.img
	boot
}
CFG

# OVMF without keys: SecureBoot is off, PK, KEK, db and dbx are not set.
printf '\0' >"$work/secure-boot"
cat >"$work/boot.json" <<JSON
{
  "banks": ["sha1", "sha256", "sha384", "sha512"],
  "firmware": {"failed_boot_options": 0, "images": ["esp/EFI/BOOT/BOOTX64.EFI"]},
  "secure_boot": {"files": {"SecureBoot": "secure-boot", "PK": null, "KEK": null, "db": null, "dbx": null}},
  "grub": {
    "devices": {"hd0,msdos1": "esp"}, "prefix": "(hd0,msdos1)/boot/grub",
    "builtin": [$(printf '"%s", ' $builtin | sed 's/, $//')]
  }
}
JSON

# boots ENTRY SYSTEM: predicts the entry's PCRs, then makes the machine and boots it. SYSTEM is what the init must say.
boots() {
  local entry=$1 system=$2 size status=0
  { printf '# GRUB Environment Block\nsaved_entry=%s\n' "$entry"; head -c 1024 /dev/zero | tr '\0' '#'; } |
    head -c 1024 >"$boot/grub/grubenv"
  "$BULKHEAD" measure predict --config "$work/boot.json" --json >"$work/predicted.json"
  "$BULKHEAD" measure predict --config "$work/boot.json" >"$work/predicted"

  rm -rf "$work/disk.img" "$work/tpm" "$work/serial"
  size=$(($(du -sm "$work/esp" | cut -f1) + 64)) # enough clusters for FAT32
  truncate -s $((size + 1))M "$work/disk.img"
  echo '2048,,0xef,*' | sfdisk -q "$work/disk.img"
  mformat -i "$work/disk.img@@1M" -F -T $((size * 2048)) ::
  mcopy -i "$work/disk.img@@1M" -s "$work"/esp/* ::
  cp /usr/share/OVMF/OVMF_VARS.fd "$work/vars.fd"
  mkdir "$work/tpm"
  swtpm socket --tpm2 --tpmstate "dir=$work/tpm" --ctrl "type=unixio,path=$work/tpm/sock" --log "file=$work/tpm/log" &
  tpm=$!
  until [ -S "$work/tpm/sock" ]; do kill -0 "$tpm" 2>/dev/null || fail "swtpm did not start"; done
  timeout "${LIMIT:-420}" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
    -machine q35 -accel tcg,thread=multi -cpu "EPYC,-smap,-monitor,-avx,-avx2,-xsave,-fma,-f16c,-rdtscp" -m 768 \
    -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd \
    -drive if=pflash,format=raw,file="$work/vars.fd" \
    -drive file="$work/disk.img",format=raw,if=none,id=disk -device ide-hd,drive=disk \
    -chardev "socket,id=tpm,path=$work/tpm/sock" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-tis,tpmdev=tpm0 \
    -serial "file:$work/serial" 2>"$work/qemu.err" &
  qemu=$!
  wait "$qemu" || status=$?
  qemu=
  [ "$status" = 0 ] || fail "QEMU ended with status $status: $(tail -n 1 "$work/qemu.err")"
  wait "$tpm" || true # it ends with its only client
  tpm=
  tr -d '\r' <"$work/serial" | grep -ao '@@.*' >"$work/said" || fail "the init said nothing"
  grep -q "^@@end $system\$" "$work/said" || fail "the boot of '$entry' did not come to its end: $(tail -n 3 "$work/said")"

  echo "--- $entry: $("$BULKHEAD" measure events "$work/predicted.json" | tail -n +2 | wc -l) events predicted"
  python3 - "$work/predicted" "$work/said" <<'PY' || {
import sys
predicted, bank = {}, None
for line in open(sys.argv[1]):
    words = line.split()
    if len(words) == 1:
        bank = words[0].rstrip(":")
    elif len(words) == 3:
        predicted[bank, words[0]] = words[2][2:].lower()
found = {}
for line in open(sys.argv[2]):
    words = line.split()
    if words[0] == "@@":
        found[words[1], words[2]] = words[3].lower()
wrong = 0
for key in ((bank, pcr) for bank in ("sha1", "sha256", "sha384", "sha512") for pcr in "4789"):
    same = key in found and found[key] == predicted.get(key)
    wrong += not same
    result = "as predicted" if same else f"predicted {predicted.get(key)}, found {found.get(key)}"
    print(f"{key[0]:7} PCR {key[1]}  {result}")
sys.exit(wrong != 0)
PY
    "$BULKHEAD" measure events "$work/predicted.json" >&2
    fail "the PCRs of '$entry' are not those that were predicted"
  }
}

boots log ''
sed -n 's/^@@log //p' "$work/said" | base64 -d >"$work/log" || fail "the log did not come through"
"$BULKHEAD" measure diff --pcrs 4,7,8,9 "$work/predicted.json" "$work/log" || fail "an event is not as predicted"
boots xen 'xen 17 '
