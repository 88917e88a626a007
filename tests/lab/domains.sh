# The host's start and end: /etc/xen/auto and kept domains, backends first; saved or shut down within a time, restored.
. "$(dirname "$0")/common.sh"
end() {
  for domain in auto1 auto2 villa; do dom0 bulkhead destroy $domain >/dev/null 2>&1 || true; done
  dom0 bulkhead delete villa >/dev/null 2>&1 || true
  dom0 rm -rf /etc/xen/auto /etc/default/xendomains /root/saves
}
leave_with=end
running() { dom0 bulkhead list --json | python3 -c 'import json, sys; print(" ".join(sorted(d["name"] for d in json.load(sys.stdin) if d["id"])))'; }
xendomains() { dom0 sh -c 'mkdir -p /etc/default; printf "%s\n" "$@" >/etc/default/xendomains' xendomains "$@"; }
small='vif=[]
cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'

say "backends first"
dom0 sh -c 'mkdir -p /etc/xen/auto; cp /root/cfg/client.cfg /etc/xen/auto/10-client.cfg; cp /root/cfg/ndvm.cfg /etc/xen/auto/20-ndvm.cfg'
equal "order" "$(dom0 bulkhead domains start --dryrun)" "1 create ndvm
2 create client"
dom0 rm -r /etc/xen/auto

say "started side by side; what is wrong with one file does not stop the others"
for name in auto1 auto2; do
  dom0 sh -c 'mkdir -p /etc/xen/auto; { cat /root/cfg/client.cfg; printf "%s\n" "name=\"$1\"" "$2"; } >/etc/xen/auto/$1.cfg' put $name "$small"
done
dom0 sh -c 'echo "memory = " >/etc/xen/auto/bad.cfg; echo editor >/etc/xen/auto/left.cfg~'
dom0 bulkhead new --autostart /root/cfg/client.cfg 'name="villa"' 'vif=[]' 'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
refused 1 "bad.cfg" dom0 bulkhead domains start
equal "running" "$(running)" "auto1 auto2 villa"
dom0 rm /etc/xen/auto/bad.cfg
dom0 bulkhead domains start
for name in auto1 auto2 villa; do stamp $name ' done ' >/dev/null; done

say "shut down, or destroyed when the time is over"
xendomains 'XENDOMAINS_SAVE=' 'XENDOMAINS_STOP_MAXWAIT=20'
dom0 bulkhead pause auto2
dom0 bulkhead domains stop 2>"$work/stop"
contains "what it says" "$(cat "$work/stop")" "auto2: has not shut down in time; it is destroyed"
equal "running" "$(running)" ""
contains "villa shut down by itself" "$("$BULKHEAD" lab log --name "$LAB" --guest villa </dev/null)" 'reboot: '

say "saved and restored"
xendomains 'XENDOMAINS_SAVE=/root/saves' 'XENDOMAINS_AUTO='
dom0 bulkhead start villa
nth_line villa ' done ' 2 >/dev/null
dom0 bulkhead domains stop
equal "saved" "$(dom0 ls /root/saves)" villa
equal "running" "$(running)" ""
dom0 bulkhead domains start
equal "saved" "$(dom0 ls /root/saves)" ""
equal "running" "$(running)" villa
dom0 bulkhead shutdown --all -w
equal "boots" "$("$BULKHEAD" lab log --name "$LAB" --guest villa </dev/null | grep -c ' init ok=1')" 2
dom0 bulkhead delete villa
dom0 rm -rf /etc/xen/auto /etc/default/xendomains /root/saves
leaves_nothing
