# How long a client hears nothing from the outside when its driver domain crashes: with Bulkhead, which brings it back from
# a spare or by a boot, and as one would script it with xl, whose on_crash="restart" makes another domain, for which the
# client's vif must be detached and attached. Same kernel, image and NIC; the client pings without a break and tells.
. "$(dirname "$0")/common.sh"
[ "$rounds" -le 3 ] || rounds=3 # the deaths within ten minutes that Bulkhead answers at once
test='cmdline="console=hvc0 panic=-1 rodata=off client.ip=dhcp client.test=gaps"'
crashing='cmdline="console=hvc0 panic=-1 rodata=off sysrq_always_enabled swiotlb=1024"'

start_client() { # TOOL: a client that pings; its console is file descriptor $console from here on
  domains+=(client)
  quietly "$1" create "$configs/client.cfg" "$test"
  exec {console}< <(exec xl console client </dev/null 2>/dev/null)
  await_line ' done ok=1'
}
await_line() { # PART: the next line of the client's console with it, into $line
  while read -r -t "$patience" line <&"$console"; do
    case $line in *"$1"*) return ;; esac
  done
  die "the client did not say '$1'"
}
end_all() {
  exec {console}<&-
  leave
  domains=()
}

# round SIDE "MEASURE..." COMMAND...: crashes ndvm, runs COMMAND until a driver domain serves again, and takes the longest
# gap that the client tells from the crash until it has been quiet for three seconds.
round() {
  local measure longest
  quietly xl sysrq ndvm c
  "${@:3}"
  await_line ' gap ms='
  longest=$(gap)
  while read -r -t 3 line <&"$console"; do
    case $line in *' gap ms='*) [ "$(gap)" -lt "$longest" ] || longest=$(gap) ;; esac
  done
  for measure in $2; do sample "$measure" "$1" "${longest}000" us; done
}
gap() { line=${line##*ms=}; echo "${line//[!0-9]/}"; }

# Until bulkheadd has brought it back once more than it had before this part began.
returned=0
by_itself() {
  returned=$((returned + 1))
  await_event returned $returned
}
await_event() { # EVENT COUNT: of ndvm, as bulkheadd knows it
  local seen=0
  while read -r -t "$patience" line; do
    case $line in *"\"event\":\"$1\""*) seen=$((seen + 1)) ;; esac
    [ $seen -lt "$2" ] || return 0
  done < <(exec bulkhead driverdomain events ndvm --follow --json </dev/null)
  die "ndvm: no event '$1'"
}

# What an administrator would script around xl: once the new driver domain serves, the client's vif is replaced.
by_hand() {
  local before=$ndvm
  watch @introduceDomain
  while ndvm=$(xl domid ndvm 2>/dev/null) && [ "$ndvm" = "$before" ] || [ -z "$ndvm" ]; do next_event; done
  unwatch
  await_ready "$ndvm"
  quietly xl network-detach client 0
  quietly xl network-attach client backend=ndvm bridge=xenbr0 mac=00:16:3e:00:00:30
}

domains+=(ndvm)
quietly xl create "$configs/ndvm.cfg" 'on_crash="restart"' "$crashing"
ndvm=$(xl domid ndvm)
await_ready "$ndvm"
start_client xl
for ((i = 0; i < rounds; i++)); do round peer 'by_a_boot by_the_spare' by_hand; done
end_all

start_ndvm "$crashing" # its file says spare = 0
start_client bulkhead
for ((i = 0; i < rounds; i++)); do round us by_a_boot by_itself; done
end_all

returned=0
start_ndvm "$crashing" 'spare=1'
start_client bulkhead
await_event spare 1
for ((i = 0; i < rounds; i++)); do round us by_the_spare by_itself; done
