# `bulkhead host check` sees what xl sees, and its findings follow the host; `host boot-options` below a folder.
. "$(dirname "$0")/common.sh"

# check [VARIABLE=VALUE...]: the findings as they are now.
check() {
  dom0 env "$@" bulkhead host check --json >"$work/check.json" || [ $? = 1 ] || fail "host check failed"
}
# finding ID [KEY]: of the last check; empty if it has none.
finding() {
  python3 - "$work/check.json" "$1" "${2:-state}" <<'PY'
import json, sys
found = [f for f in json.load(open(sys.argv[1]))["findings"] if f["id"] == sys.argv[2]]
print(found[0].get(sys.argv[3], "") if found else "")
PY
}
xl_conf() { printf '%s\n' "$@" | dom0 sh -c 'cat >/etc/xen/xl.conf'; }

dom0 cp /etc/xen/xl.conf /root/xl.conf
restore() {
  dom0 sh -c 'cp /root/xl.conf /etc/xen/xl.conf; rm -rf /etc/rc2.d /etc/xen/auto/web.cfg /root/r; brctl delbr labbr' \
    >/dev/null 2>&1 || true
}
leave_with=restore

say "what xl says"
info=$(dom0 xl info)
number() { sed -n "s/^$1 *: *//p" <<<"$info"; }
xl_conf 'vif.default.bridge="labbr"' 'autoballoon="off"'
check
equal "Xen" "$(finding xen seen)" "Xen $(number xen_major).$(number xen_minor) runs"
equal "control domain" "$(finding dom0)" ok
equal "tools" "$(finding xen-utils)" ok
case $(number virt_caps) in *hvm_directio*) wanted=ok ;; *) wanted=problem ;; esac
equal "IOMMU" "$(finding iommu)" $wanted
case $(number xen_commandline) in *dom0_mem=*max:*) wanted=ok ;; *) wanted=warning ;; esac
equal "dom0's memory" "$(finding dom0-memory)" $wanted
equal "xenstored" "$(finding xenstored seen)" "$(dom0 pidof oxenstored >/dev/null && echo oxenstored || echo xenstored) answers"
equal "xenconsoled" "$(finding xenconsoled)" ok
equal "bulkheadd" "$(finding bulkheadd)" ok
contains "network card" "$(finding nic seen)" 0000:00:02.0

say "findings that follow the host"
equal "no bridge" "$(finding bridge)" problem
contains "its remedy" "$(finding bridge remedy)" "ip link add labbr type bridge"
dom0 brctl addbr labbr
check
equal "the bridge" "$(finding bridge)" ok
dom0 brctl delbr labbr
check
equal "the bridge removed" "$(finding bridge)" problem
xl_conf 'vif.default.backend="ndvm"' 'autoballoon="on"'
check
equal "a backend instead of a bridge" "$(finding bridge)" ok
contains "ballooning" "$(finding dom0-memory seen)" 'autoballoon="on"'
xl_conf 'autoballoon="sometimes"'
check
contains "xl.conf" "$(finding xl.conf seen)" "/etc/xen/xl.conf:1: autoballoon"
check BULKHEAD_SOCKET=/nowhere
equal "no bulkheadd" "$(finding bulkheadd)" problem
equal "autostart" "$(finding autostart)" ""
dom0 sh -c 'mkdir -p /etc/rc2.d /etc/xen/auto; >/etc/rc2.d/S01xendomains; >/etc/xen/auto/web.cfg'
check
contains "autostart by xendomains" "$(finding autostart seen)" web.cfg
before=$(dom0 xenstore-control quota | sed -n 's/^nodes *: *\([0-9]*\).*/\1/p')
equal "quota as bulkheadd leaves it" "$(finding xenstore-quota)" ok
dom0 xenstore-control quota set nodes 500 >/dev/null
check
equal "a small quota" "$(finding xenstore-quota)" warning
dom0 xenstore-control quota set nodes "$before" >/dev/null
check
equal "the quota raised" "$(finding xenstore-quota)" ok

say "boot-options below a folder"
options() { dom0 bulkhead host boot-options "$@" --root /root/r; }
dom0 sh -c 'mkdir -p /root/r/etc/default; echo "GRUB_CMDLINE_XEN=\"loglvl=all\" GRUB_CMDLINE_LINUX_DEFAULT=quiet" >/root/r/etc/default/grub'
options set dom0_mem=1G,max:1G console=hvc0 >"$work/diff" 2>/dev/null
contains "diff" "$(cat "$work/diff")" '+GRUB_CMDLINE_XEN_DEFAULT="$GRUB_CMDLINE_XEN_DEFAULT dom0_mem=1G,max:1G"'
equal "a second time" "$(options set dom0_mem=1G,max:1G console=hvc0)" ""
equal "what sh makes of it" \
  "$(dom0 sh -c '. /root/r/etc/default/grub; . /root/r/etc/default/grub.d/bulkhead.cfg; echo $GRUB_CMDLINE_XEN $GRUB_CMDLINE_XEN_DEFAULT / $GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT')" \
  "loglvl=all dom0_mem=1G,max:1G / quiet console=hvc0"
equal "what we make of it" \
  "$(options --json | python3 -c 'import json,sys; print([o["name"] for o in json.load(sys.stdin)["options"]])')" \
  "['loglvl', 'dom0_mem', 'quiet', 'console']"
refused 1 "did you mean 'dom0_mem'" options set dom0_memory=1G
refused 1 "is yours to change" options unset loglvl
# The lab's own device, and one that it does not have.
dom0 bulkhead host boot-options set xen-pciback.hide=00:02.0 --dry-run >"$work/diff"
contains "a device that is there" "$(cat "$work/diff")" "xen-pciback.hide=(0000:00:02.0)"
refused 1 "there is no PCI device 0000:00:1e.5" dom0 bulkhead host boot-options set xen-pciback.hide=00:1e.5 --dry-run
options unset dom0_mem dom0:console >/dev/null 2>&1
equal "nothing left" "$(dom0 ls /root/r/etc/default/grub.d)" ""
