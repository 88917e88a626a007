# The driver domain dies, and bulkheadd is killed with SIGKILL at each step of bringing it back: the next bulkheadd goes on
# from there, and the client's connection survives that too.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/returns.sh"

start_stream lasting 00:16:3e:00:00:62
ndvm=$(dom0 bulkhead domid ndvm)
for step in "removing what is left" "making it again" "connecting its clients"; do
  say "bulkheadd dies at: $step"
  before=$(returns ndvm)
  times=$(recoveries)
  timeout 60 "$BULKHEAD" lab exec --name "$LAB" -- bash -c '
    daemon=$(pidof bulkheadd | tr " " "\n" | sort -n | head -n 1) # its workers have its name
    coproc bulkhead driverdomain events ndvm --follow --json
    read -r _ <&"${COPROC[0]}" # it listens
    xl destroy ndvm 2>/dev/null &
    while read -r line <&"${COPROC[0]}"; do
      [[ $line = *"$1"* ]] && break
    done
    kill -9 "$daemon"
    wait' kill "$step" || fail "no step '$step'"
  nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
  await_returns ndvm $((before + 1))
  equal "domain id" "$(dom0 bulkhead domid ndvm)" "$ndvm"
  stream_goes_on lasting
done
dom0 bulkhead destroy lasting
