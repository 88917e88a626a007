# create -p and -c, pause, unpause, rename, and what on_crash= and on_reboot= ask for. Ends without any domain.
. "$(dirname "$0")/common.sh"
quiet='cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
crash='echo c >/proc/sysrq-trigger'

# new NAME OPTION...: a client without network, which opens its shell at once.
new() { dom0 bulkhead create /root/cfg/client.cfg "name=\"$1\"" 'vif=[]' "$quiet" "${@:2}"; }
# field NAME FIELD: of `list --json`.
field() {
  dom0 bulkhead list --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0].get(sys.argv[1]))' "$2"
}

say "create -p, unpause, pause, rename"
new one -p 'on_crash="restart"'
equal "paused by create -p" "$(field one paused)" True
equal "its processor time in ms" "$(($(field one cpu_time_ns) / 1000000))" 0
dom0 bulkhead unpause one
contains "the guest" "$(stamp one ' done ')" "ok=1"
dom0 bulkhead pause one
equal "paused by pause" "$(field one paused)" True
spent=$(field one cpu_time_ns)
dom0 sh -c 'sleep 1' # a domain that still ran would use processor time in it
equal "processor time of a paused domain" "$(field one cpu_time_ns)" "$spent"
dom0 bulkhead unpause one
equal "paused after unpause" "$(field one paused)" False
before=$(dom0 bulkhead domid one)
dom0 bulkhead rename one uno
equal "id after rename" "$(dom0 bulkhead domid uno)" "$before"
refused 1 "one" dom0 bulkhead domid one
refused 1 "Domain-0" dom0 bulkhead rename Domain-0 other
refused 1 "exists" new uno

say "on_crash = restart"
echo "$crash" | dom0 bulkhead console uno >/dev/null
contains "the daemon" "$(stamp bulkheadd "domain 'uno' restarted")" "id $((before + 1))"
equal "name after the restart" "$(dom0 bulkhead domname $((before + 1)))" uno
dom0 bulkhead destroy uno

say "create -c, on_crash = destroy"
mkfifo "$work/keys"
new two -c 'on_crash="destroy"' <"$work/keys" >"$work/screen" &
console=$!
exec 3>"$work/keys"
contains "the guest" "$(stamp two ' done ')" "ok=1"
echo "$crash" >&3
stamp bulkheadd "domain 'two' destroyed"
exec 3>&-
wait "$console" || fail "create -c ended with $?"
contains "the first line of the console" "$(cat "$work/screen")" "Linux version"
contains "the last lines of the console" "$(cat "$work/screen")" "sysrq: Trigger a crash"
refused 1 "two" dom0 bulkhead domid two

say "on_crash = preserve, on_reboot = destroy"
new three 'on_crash="preserve"'
contains "the guest" "$(stamp three ' done ')" "ok=1"
echo "$crash" | dom0 bulkhead console three >/dev/null
stamp bulkheadd "domain 'three' has shut down"
equal "why it is down" "$(field three shutdown_reason)" crash
refused 1 "shut down already" dom0 bulkhead shutdown three
dom0 bulkhead destroy three
new four 'on_reboot="destroy"'
contains "the guest" "$(stamp four ' done ')" "ok=1"
dom0 bulkhead reboot -w four
refused 1 "four" dom0 bulkhead domid four

say "HVM: this dom0 has no firmware for it"
dom0 sh -c 'printf "name = \"hvm\"\ntype = \"hvm\"\nmemory = 64\n" >/root/hvm.cfg'
refused 1 "hvmloader" dom0 bulkhead create /root/hvm.cfg
leaves_nothing
