# The verbs for looking and tuning against xl's own view of the same domain: a PV client with two virtual processors and
# no network. Ends without any domain, and with dom0's pool, parameters and pins as they were.
. "$(dirname "$0")/common.sh"
leave_with=restore_xl_conf
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

dom0 bulkhead create /root/cfg/client.cfg 'name="tune"' 'vif=[]' 'vcpus=2' "$quiet"
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
equal "virtual processor 1" "$(value 1.online vcpu-list tune)" True
dom0 bulkhead vcpu-set tune 1
equal "availability" "$(node "/local/domain/$id/cpu/1/availability")" offline
for _ in $(seq 200); do # the guest's kernel does it when it likes, and Xen tells nobody
  [ "$(value 1.online vcpu-list tune)" = False ] && break
done
equal "virtual processor 1" "$(value 1.online vcpu-list tune)" False
vcpus tune
dom0 bulkhead vcpu-set tune 2 # Linux leaves it to its udev to go on
equal "availability" "$(node "/local/domain/$id/cpu/1/availability")" online
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
if [ "$cpus" -gt 1 ]; then
  dom0 sh -c 'cp /etc/xen/xl.conf /root/xl.conf; echo "vm.pv.cpumask=\"1\"" >>/etc/xen/xl.conf'
  dom0 bulkhead vcpu-pin tune 0 all
  equal "under xl.conf's mask" "$(value 0.hard_affinity vcpu-list tune)" 1
  refused 1 "leave none of these processors" dom0 bulkhead vcpu-pin tune 0 0
  contains "a new domain's" "$(dom0 bulkhead create -N /root/cfg/client.cfg)" vcpu_hard_affinity
  equal "with create -i" "$(dom0 bulkhead create -N -i /root/cfg/client.cfg | grep -c vcpu_hard_affinity || true)" 0
  dom0 bulkhead vcpu-pin -i tune 0 0
  equal "without xl.conf's mask" "$(value 0.hard_affinity vcpu-list tune)" 0
  restore_xl_conf
  dom0 bulkhead vcpu-pin tune all all
fi
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
refused 1 "static_max" dom0 bulkhead mem-max tune 100 # less than the target
dom0 bulkhead mem-set tune 96
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

say "CPU pools"
same cpupool-list
same cpupool-list -c
if [ "$cpus" -gt 1 ]; then
  last=$((cpus - 1))
  refused 1 "are in CPU pool 'Pool-0'" dom0 bulkhead cpupool-create 'name="fast"' "cpus=\"$last\""
  dom0 bulkhead cpupool-cpu-remove Pool-0 "$last"
  same cpupool-list -c Pool-0
  equal "free_cpus" "$(dom0 bulkhead info free_cpus)" 1
  dom0 sh -c "printf 'sched = \"credit\"\ncpus = [ \"$last\" ]\n' >/root/fast"
  dom0 bash -c 'xl cpupool-create -n /root/fast >/tmp/xl; bulkhead cpupool-create -n /root/fast >/tmp/ours
    diff /tmp/xl /tmp/ours' || fail "cpupool-create -n"
  dom0 bulkhead cpupool-create /root/fast
  same cpupool-list
  same cpupool-list -c fast
  refused 1 "already" dom0 bulkhead cpupool-create 'name="fast"'
  refused 1 "there are:" dom0 bulkhead cpupool-create 'name="slow"' 'sched="fair"'
  refused 1 "several CPU pools" dom0 bulkhead cpupool-numa-split
  dom0 bulkhead cpupool-migrate tune fast
  same cpupool-list
  dom0 bulkhead sched-credit -d tune -w 300 -c 10
  same sched-credit -d tune
  same sched-credit
  same sched-credit2
  dom0 bulkhead sched-credit -s -p fast -t 20 -r 500 -m 100
  equal "parameters" "$(dom0 xl sched-credit -s -p fast)" "Cpupool fast: tslice=20ms ratelimit=500us migration-delay=100us"
  refused 1 "longer than the time slice" dom0 bulkhead sched-credit -s -p fast -t 1 -r 2000
  refused 1 "domains are in" dom0 bulkhead cpupool-destroy fast
  refused 1 "must keep a processor" dom0 bulkhead cpupool-cpu-remove fast "$last"
  refused 1 "must stay in pool 0" dom0 bulkhead cpupool-migrate 0 fast
  dom0 bulkhead cpupool-migrate tune Pool-0
  dom0 bulkhead cpupool-rename fast slow
  equal "its name" "$(dom0 xl cpupool-list slow | tail -n1 | cut -d' ' -f1)" slow
  refused 1 "not only digits" dom0 bulkhead cpupool-rename slow 7
  dom0 bulkhead cpupool-cpu-remove slow "$last"
  dom0 bulkhead cpupool-cpu-add slow "$last"
  same cpupool-list -c
  dom0 bulkhead cpupool-destroy slow
  dom0 bulkhead cpupool-cpu-add Pool-0 "$last"
fi
refused 1 "there is: Pool-0" dom0 bulkhead cpupool-destroy fast
refused 1 "cannot be destroyed" dom0 bulkhead cpupool-destroy Pool-0
dom0 bulkhead cpupool-numa-split # of one node: pool 0 gets its name
equal "pools" "$(dom0 xl cpupool-list | tail -n +2 | cut -d' ' -f1)" Pool-node0
dom0 bulkhead cpupool-rename Pool-node0 Pool-0
same cpupool-list

say "dmesg, debug-keys, set-parameters"
same dmesg
dom0 bulkhead debug-keys h
contains "Xen's log" "$(dom0 bulkhead dmesg)" "'h' pressed -> showing installed handlers"
dom0 bulkhead dmesg -c >/dev/null
equal "Xen's log, emptied" "$(dom0 bulkhead dmesg | wc -c)" 0
refused 1 "Xen refuses" dom0 bulkhead set-parameters no-such-parameter=1

say "trigger, sysrq, button-press, vtpm-list, vncviewer"
dom0 bulkhead sysrq tune h
contains "the guest" "$(stamp tune 'sysrq: HELP')" "HELP"
refused 1 "no sysrq letter" dom0 bulkhead sysrq tune hh
dom0 bulkhead trigger tune nmi 0
refused 1 "there are: power, sleep, nmi" dom0 bulkhead trigger tune press
refused 1 "virtual processor 99" dom0 bulkhead trigger tune nmi 99
refused 2 "power or sleep" dom0 bulkhead button-press tune reset
same vtpm-list tune
refused 1 "no VNC server" dom0 bulkhead vncviewer tune
dom0 xenstore-write "/local/domain/$id/console/vnc-port" 5903 "/local/domain/$id/console/vnc-listen" 127.0.0.1 \
  "/local/domain/$id/console/vnc-pass" secret
dom0 sh -c 'printf "#!/bin/bash\necho \"\$@\"; [ \"\${2:-}\" = -autopass ] && cat\nexit 0\n" >/root/viewer; chmod +x /root/viewer'
equal "the viewer" "$(dom0 env VNCVIEWER=/root/viewer bulkhead vncviewer tune)" "127.0.0.1:3"
equal "the viewer" "$(dom0 env VNCVIEWER=/root/viewer bulkhead vncviewer --autopass tune | tr '\n' ' ')" "127.0.0.1:3 -autopass secret"
equal "the viewer's address" "$(value address vncviewer tune)" 127.0.0.1:3
refused 1 "install a VNC viewer" dom0 bulkhead vncviewer tune

say "dump-core"
dom0 bulkhead pause tune # so that two dumps are of the same memory
dom0 mkdir -p /root/dump
dom0 sh -c 'cd /root/dump; echo older >ours; bulkhead dump-core tune ours' # over it, with a path from here
dom0 xl dump-core tune /root/dump/theirs
equal "size of the dump" "$(dom0 stat -c %s /root/dump/ours)" "$(dom0 stat -c %s /root/dump/theirs)"
equal "its first bytes" "$(dom0 sh -c 'head -c 4 /root/dump/ours | tail -c 3')" ELF
equal "who may read it" "$(dom0 stat -c %a /root/dump/ours)" 600
dom0 rm /root/dump/theirs
dom0 bulkhead unpause tune
refused 1 "No such file" dom0 bulkhead dump-core tune /no/such/folder/x
refused 1 "O_TMPFILE" dom0 bulkhead dump-core tune /proc/x
refused 1 "no ordinary file" dom0 bulkhead dump-core tune /root/dump
dom0 sh -c 'mkdir /root/small; mount -t tmpfs -o size=16m small /root/small'
refused 1 "has room for 16" dom0 bulkhead dump-core tune /root/small/x
dom0 sh -c 'umount /root/small; rmdir /root/small'
refused 1 "from itself" dom0 bulkhead dump-core 0 /root/dump/x
equal "what is left" "$(dom0 ls -A /root/dump)" ours
# A client that goes takes the worker and what it has written with it.
dom0 bash -c 'cd /root/dump; rm ours; bulkhead dump-core tune half & client=$!
  until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q "/root/dump/#"; do kill -0 $client 2>/dev/null || exit 3; done
  kill -9 $client; wait $client
  while ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q "/root/dump/#"; do :; done' 2>/dev/null || fail "dump-core could not be interrupted"
equal "what an interrupted dump leaves" "$(dom0 ls -A /root/dump)" ""
dom0 rm -r /root/dump

say "top"
dom0 bulkhead pause tune # its processor time stands still
# A timer of a paused domain takes the mark "blocked" from it, once: ours is between two looks of xentop that are alike.
dom0 bash -c '
  look() { "$@" -b -i 1 | cut -c1-17,35- | grep -v Domain-0; }
  for try in 1 2 3; do
    before=$(look xentop) ours=$(look bulkhead top) after=$(look xentop)
    [ "$before" = "$after" ] && break
  done
  diff <(echo "$after") <(echo "$ours")' || fail "top differs from xentop"
equal "processor time of a paused domain" "$(value domains.1.cpu_percent top)" 0.0
dom0 bulkhead unpause tune
dom0 bulkhead top -b -d 1 -i 2 >"$work/top"
equal "lines of two samples" "$(wc -l <"$work/top")" 6
refused 2 "needs a terminal" dom0 bulkhead top
refused 2 "from 1 to" dom0 bulkhead top -b -d 0

dom0 bulkhead destroy tune
leaves_nothing
