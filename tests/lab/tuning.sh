# The verbs for looking and tuning against xl's own view of the same domain: a PV client with two virtual processors and
# no network. Ends without any domain, and with dom0's pool, parameters and pins as they were.
. "$(dirname "$0")/common.sh"
quiet='cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'

# same VERB...: both programs print the same.
same() {
  dom0 bash -c 'xl "$@" >/tmp/xl; bulkhead "$@" >/tmp/ours; diff /tmp/xl /tmp/ours' same "$@" || fail "$* differs from xl's"
}
# steady VERB...: the same but for numbers with a decimal point, which are processor times.
steady() {
  dom0 bash -c 'xl "$@" | sed -E "s/ +[0-9]+\.[0-9]+/ T/" >/tmp/xl
    bulkhead "$@" | sed -E "s/ +[0-9]+\.[0-9]+/ T/" >/tmp/ours; diff /tmp/xl /tmp/ours' steady "$@" ||
    fail "$* differs from xl's"
}
# value JSON-KEYS VERB...: one value of --json.
value() {
  local keys=$1
  shift
  dom0 bulkhead "$@" --json | python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."): value = value[int(key) if key.isdigit() else key]
print(value)' "$keys"
}

dom0 bulkhead create /root/cfg/client.cfg 'name="tune"' 'vif=[]' 'vcpus=1' 'maxvcpus=2' "$quiet"
contains "the guest" "$(stamp tune ' done ')" "ok=1"
id=$(dom0 bulkhead domid tune)

say "info"
changing='free_memory|outstanding_claims'
dom0 bash -c "xl info | grep -vE '^($changing)' >/tmp/xl; bulkhead info | grep -vE '^($changing)' >/tmp/ours; diff /tmp/xl /tmp/ours" ||
  fail "info differs"
dom0 bash -c "xl info -n | grep -vE '^($changing)' >/tmp/xl; bulkhead info --numa | grep -vE '^($changing)' >/tmp/ours
  sed -i -E 's/^( +[0-9]+: +[0-9]+) +[0-9]+/\1 F/' /tmp/xl /tmp/ours; diff /tmp/xl /tmp/ours" || fail "info -n differs"
same info xen_version
same info cc_
equal "nr_cpus" "$(value nr_cpus info)" "$(dom0 xl info nr_cpus)"
refused 1 "no 'colour'" dom0 bulkhead info colour

say "uptime, vm-list, claims, sharing"
dom0 bash -c 'xl uptime | cut -c1-39 >/tmp/xl; bulkhead uptime | cut -c1-39 >/tmp/ours; diff /tmp/xl /tmp/ours' || fail "uptime"
theirs=$(dom0 xl uptime tune | tail -n1 | awk '{ split($3, t, ":"); print t[1] * 3600 + t[2] * 60 + t[3] }')
ours=$(value 0.uptime_s uptime tune)
[ $((ours - theirs)) -ge 0 ] && [ $((ours - theirs)) -le 5 ] || fail "uptime of tune: $ours, xl says $theirs"
contains "uptime -s" "$(dom0 bulkhead uptime -s tune)" " up  0:0"
same vm-list
steady claims
same sharing
same sharing tune

say "vcpu-list, vcpu-set, vcpu-pin"
# Where a virtual processor is and whether it runs changes from one look to the next: the other columns are compared.
vcpus() {
  dom0 bash -c 'for program in xl bulkhead; do
      $program vcpu-list "$@" | sed -E "s/^(.{44}) +[0-9]+ +[rb-]+ +[0-9]+\.[0-9]+/\1 CPU STATE T/" >/tmp/$program
    done; diff /tmp/xl /tmp/bulkhead' vcpus "$@" || fail "vcpu-list $*"
}
vcpus
vcpus tune
equal "virtual processor 1" "$(value 1.online vcpu-list tune)" False
dom0 bulkhead vcpu-set tune 2
await_node "/local/domain/$id/cpu/1/availability" online
await_online() { # the guest takes it when it likes: its own console line, then Xen's view
  for _ in $(seq 100); do
    [ "$(value 1.online vcpu-list tune)" = "$1" ] && return
  done
  fail "virtual processor 1 is not online=$1"
}
await_online True
vcpus tune
dom0 bulkhead vcpu-set tune 1
await_online False
refused 1 "1 to 2" dom0 bulkhead vcpu-set tune 3 -i
refused 1 "from 1 to" dom0 bulkhead vcpu-set tune 0
cpus=$(dom0 xl info nr_cpus)
refused 1 "--ignore-host" dom0 bulkhead vcpu-set tune $((cpus + 1))
dom0 bulkhead vcpu-pin tune 0 0
equal "hard affinity" "$(value 0.hard_affinity vcpu-list tune)" "$([ "$cpus" -gt 1 ] && echo 0 || echo all)"
vcpus tune
dom0 bulkhead vcpu-pin tune all all node:0
dom0 bulkhead vcpu-pin tune 1 - 0
vcpus tune
dom0 bulkhead vcpu-pin tune all all all
refused 1 "this host has processors" dom0 bulkhead vcpu-pin tune 0 "$cpus"
refused 1 "is no processor" dom0 bulkhead vcpu-pin tune 0 x
refused 1 "0 to 1" dom0 bulkhead vcpu-pin tune 2 0
refused 1 "not all" dom0 bulkhead vcpu-pin -f tune all 0
refused 2 "usage" dom0 bulkhead vcpu-pin tune

say "mem-set, mem-max"
dom0 bulkhead mem-set tune 96
equal "the target" "$(node "/local/domain/$id/memory/target")" $((96 * 1024))
dom0 bulkhead mem-set tune 131072k
equal "the target" "$(node "/local/domain/$id/memory/target")" $((128 * 1024))
refused 1 "static_max" dom0 bulkhead mem-set tune 4g
refused 1 "amount of memory" dom0 bulkhead mem-set tune 12x
dom0 bulkhead mem-max tune 100
ours=$(dom0 bulkhead list --json tune | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["max_memory_kib"])')
dom0 xl mem-max tune 100
equal "max_memory_kib" "$ours" "$(dom0 bulkhead list --json tune | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["max_memory_kib"])')"

say "sched-credit2, sched-credit"
equal "the scheduler" "$(dom0 xl info xen_scheduler)" credit2
same sched-credit2
dom0 bulkhead sched-credit2 -d tune -w 512 -c 50
same sched-credit2 -d tune
equal "weight" "$(dom0 xl sched-credit2 -d tune | awk 'NR == 2 { print $3, $4 }')" "512 50"
dom0 bulkhead sched-credit2 --domain=tune --cap=0
equal "weight" "$(value domains.0.weight sched-credit2 -d tune)" 512
same sched-credit2 -s
was=$(value pools.0.ratelimit_us sched-credit2 -s)
dom0 bulkhead sched-credit2 -s -r 2000
same sched-credit2 -s -p Pool-0
equal "rate limit" "$(dom0 xl sched-credit2 -s)" "Cpupool Pool-0: ratelimit=2000us"
dom0 bulkhead sched-credit2 -s -r "$was"
same sched-credit2 -p 0
refused 1 "from 1 to 65535" dom0 bulkhead sched-credit2 -d tune -w 0
refused 1 "from 1 to 65535" dom0 bulkhead sched-credit2 -d tune -w 65536
refused 1 "0 to 200" dom0 bulkhead sched-credit2 -d tune -c 201
refused 1 "100 to 500000" dom0 bulkhead sched-credit2 -s -r 99
refused 1 "there is: Pool-0" dom0 bulkhead sched-credit2 -p Pool-9
refused 2 "need --domain" dom0 bulkhead sched-credit2 -w 1
refused 2 "about pools" dom0 bulkhead sched-credit2 -p 0 -d tune
refused 2 "--schedparam" dom0 bulkhead sched-credit2 -r 1000
same sched-credit
refused 1 "is credit2, not credit" dom0 bulkhead sched-credit -d tune

say "dmesg, debug-keys, set-parameters"
same dmesg
dom0 bulkhead debug-keys h
contains "Xen's log" "$(dom0 bulkhead dmesg)" "'h' pressed -> showing installed handlers"
dom0 bulkhead dmesg -c >/dev/null
equal "Xen's log, emptied" "$(dom0 bulkhead dmesg | wc -c)" 0
refused 1 "Xen refuses" dom0 bulkhead set-parameters no-such-parameter=1

dom0 bulkhead destroy tune
leaves_nothing
