# Saving and restoring: a client with a TCP connection through a driver domain and a vif that it got while it ran. What is
# interrupted leaves the client running and no file; what is damaged is refused and leaves nothing.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"
end() {
  leave
  dom0 bulkhead destroy ndvm >/dev/null 2>&1 || true
  dom0 sh -c 'umount /root/full 2>/dev/null; rm -rf /root/kept.* /root/full' || true
}
leave_with=end

dom0 bulkhead create /root/cfg/ndvm.cfg 'spare=0'
start_stream kept 00:16:3e:00:00:b0
dom0 bulkhead network-attach kept mac=00:16:3e:00:00:b1,backend=ndvm
vifs() { dom0 bulkhead network-list --json kept | python3 -c '
import json, sys
print([(n["devid"], n["mac"], n["state"]) for d in json.load(sys.stdin) for n in d["nics"]])'; }
before=$(vifs)
here_and_ours() { dom0 bulkhead list --json kept | python3 -c 'import json, sys; print([d["managed"] for d in json.load(sys.stdin)])'; }
no_file() { equal "files $1" "$(dom0 sh -c 'ls /root/kept.* /root/full/* 2>/dev/null' | tr '\n' ' ')" ""; }

say "a save that is interrupted"
# at_the_file COMMAND...: runs a save and COMMAND as soon as its file grows.
at_the_file() {
  dom0 timeout 60 bash -c '
    bulkhead save kept /root/kept.saved >/dev/null 2>&1 &
    save=$!
    until grep -qs . /root/kept.saved.*.partial; do :; done
    eval "$1"
    ! wait $save' interrupt "$1" || fail "the save ended before '$1'"
}
at_the_file 'kill $save'
nth_line bulkheadd "taken back: save of domain 'kept'" 1 >/dev/null
stream_goes_on kept
no_file "after an interrupted save"
times=$(recoveries)
at_the_file 'kill -9 $(pidof bulkheadd | tr " " "\n" | sort -n | head -n1)'
nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
stream_goes_on kept
no_file "after bulkheadd was killed"
equal "kept is ours" "$(here_and_ours)" "[True]"

say "no room"
dom0 sh -c 'mkdir /root/full && mount -t tmpfs -o size=4m tmpfs /root/full'
refused 1 "No space left on device" dom0 bulkhead save kept /root/full/saved
nth_line bulkheadd "taken back: save of domain 'kept'" 3 >/dev/null
stream_goes_on kept
no_file "after a full disk"
refused 1 "driver domain" dom0 bulkhead save ndvm /root/kept.saved
refused 1 "No such file or directory" dom0 bulkhead save kept /root/nowhere/saved
refused 1 "is no file" dom0 bulkhead save kept /root

say "a checkpoint"
dom0 bulkhead save -c kept /root/kept.saved
stream_goes_on kept
refused 1 "a domain named 'kept' exists already" dom0 bulkhead restore /root/kept.saved

say "an end after a checkpoint is seen"
dom0 bulkhead create /root/cfg/client.cfg 'name="kept2"' 'vif=[]' 'on_reboot="restart"' 'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
streams="$streams kept2"
stamp kept2 ' done ' >/dev/null
dom0 rm /root/kept.saved # dom0's files are in its memory
dom0 bulkhead save -c kept2 /root/kept.saved
before_reboot=$(dom0 bulkhead domid kept2)
dom0 bulkhead reboot kept2
nth_line bulkheadd "domain 'kept2' restarted" 1 >/dev/null
[ "$(dom0 bulkhead domid kept2)" != "$before_reboot" ] || fail "kept2 has its old id"
dom0 bulkhead destroy kept2

say "saved, damaged, restored"
dom0 bulkhead save kept /root/kept.saved
refused 1 "no domain" dom0 bulkhead domid kept
equal "the file's mode" "$(dom0 stat -c %a /root/kept.saved)" 600
dom0 sh -c 'cd /root
  printf "Xen saved domain, xl format\n \0 \r" >kept.xl
  size=$(stat -c %s kept.saved)
  tail -c 1 kept.saved >kept.last
  truncate -s $((size - 1)) kept.saved'
refused 1 "cut short" dom0 bulkhead restore /root/kept.saved
dom0 sh -c 'cd /root
  cat kept.last >>kept.saved
  dd if=kept.saved of=kept.bytes bs=1 skip=40000000 count=4 2>/dev/null
  printf BAD! | dd of=kept.saved bs=1 seek=40000000 conv=notrunc 2>/dev/null'
refused 1 "is wrong: the file is damaged" dom0 bulkhead restore /root/kept.saved
dom0 dd if=/root/kept.bytes of=/root/kept.saved bs=1 seek=40000000 conv=notrunc
refused 1 "xl restore" dom0 bulkhead restore /root/kept.xl
refused 1 "no saved domain" dom0 bulkhead restore /root/cfg/client.cfg
equal "domains after refusals" "$(dom0 bulkhead list --json | python3 -c 'import json, sys; print(sorted(d["name"] for d in json.load(sys.stdin)))')" "['Domain-0', 'ndvm']"
dom0 bulkhead restore /root/kept.saved
stream_goes_on kept
equal "vifs" "$(vifs)" "$before"
equal "kept is ours" "$(here_and_ours)" "[True]"

say "again, while its driver domain is away"
dom0 bulkhead save kept /root/kept.saved
dom0 xl destroy ndvm >/dev/null 2>&1
dom0 bulkhead restore /root/kept.saved
await_returns ndvm 1
stream_goes_on kept
equal "vifs" "$(vifs)" "$before"

dom0 bulkhead destroy kept
dom0 bulkhead destroy ndvm
dom0 sh -c 'umount /root/full; rm -rf /root/kept.* /root/full'
leaves_nothing
