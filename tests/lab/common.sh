# Sourced by every scenario. BULKHEAD is the program under test, LAB the lab's name; ctest sets both (CMakeLists.txt).
set -euo pipefail
: "${BULKHEAD:?path of the bulkhead program}" "${LAB:?name of the lab}"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
leave_with=: # what else to do when the scenario ends, whatever its result
trap 'status=$?; $leave_with; [ $status = 0 ] || destroy_own; rm -rf "$work"' EXIT

say() { echo "--- $*"; }

fail() {
  echo "FAILED: $*" >&2
  echo "--- last lines of the lab's consoles" >&2
  "$BULKHEAD" lab log --name "$LAB" 2>/dev/null </dev/null | tail -n 40 >&2 || true
  exit 1
}

# Runs a command in the lab's dom0: its streams and exit status are the command's own.
dom0() { "$BULKHEAD" lab exec --name "$LAB" -- "$@"; }

domains() { dom0 xenstore-list /libxl 2>/dev/null </dev/null | grep -E '^[1-9][0-9]*$' || true; }
domains >"$work/domains-before"

# What a scenario that failed has left running would make the next one fail as well.
destroy_own() {
  local id
  for id in $(domains | grep -vxF -f "$work/domains-before"); do
    timeout 60 "$BULKHEAD" lab exec --name "$LAB" -- bulkhead destroy "$id" </dev/null || true
  done
}

# said_by_daemon PART: how often bulkheadd has said that.
said_by_daemon() { "$BULKHEAD" lab log --name "$LAB" --guest bulkheadd </dev/null | grep -cF -- "$1" || true; }

# For scenarios that change dom0's xl.conf: the copy in /root/xl.conf goes back.
restore_xl_conf() { dom0 sh -c '[ ! -e /root/xl.conf ] || mv /root/xl.conf /etc/xen/xl.conf' </dev/null >/dev/null 2>&1 || true; }

put() { "$BULKHEAD" lab put --name "$LAB" "$1" "$2"; }

# equal WHAT GOT WANTED
equal() { [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"; }

# contains WHAT TEXT PART
contains() { case $2 in *"$3"*) ;; *) fail "$1: '$3' is not in: $2" ;; esac; }

# refused STATUS PART COMMAND...: the command must fail with that exit status and say PART on stderr.
refused() {
  local wanted=$1 part=$2 status=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || status=$?
  equal "exit status of '$*' ($(cat "$work/err"))" "$status" "$wanted"
  contains "stderr of '$*'" "$(cat "$work/err")" "$part"
}

# nth_line GUEST PART COUNT [SECONDS]: waits until COUNT lines of the guest's console have PART, and prints the last of
# them. Follows the stream; the time limit only bounds a failure.
nth_line() {
  local guest=$1 part=$2 count=$3 limit=${4:-60}
  # Not to /dev/null, whatever the caller does: grep would stop counting at one and read on until the stream ends.
  grep -m"$count" -aF -- "$part" < \
    <(exec timeout "$limit" "$BULKHEAD" lab log --name "$LAB" --guest "$guest" --follow 2>/dev/null) >"$work/lines" || true
  [ "$(wc -l <"$work/lines")" -ge "$count" ] ||
    fail "$guest did not say '$part' $count times within $limit s"
  tail -n 1 "$work/lines"
}

# stamp GUEST PART [SECONDS]
stamp() { nth_line "$1" "$2" 1 "${3:-60}"; }

# recoveries: how often a bulkheadd has made good what another one left.
recovered='recovery is over'
recoveries() { said_by_daemon "$recovered"; }

# kill_daemon_at NODE COUNT COMMAND...: runs COMMAND in dom0, kills bulkheadd at the COUNTth change at or below NODE, and
# waits until the next bulkheadd has made good what this one left. bulkheadd's workers have its name; it is the oldest.
kill_daemon_at() {
  local times
  times=$(recoveries)
  dom0 timeout 60 bash -c '
    daemon=$(pidof bulkheadd | tr " " "\n" | sort -n | head -n1)
    coproc xenstore-watch "$1"
    read -r _ <&"${COPROC[0]}" # it watches
    "${@:3}" >/dev/null 2>&1 &
    for ((i = 0; i < $2; i++)); do
      read -r -t 30 _ <&"${COPROC[0]}" || exit 1
    done
    kill -9 "$daemon"
    kill "$COPROC_PID"
    wait' kill "$@" </dev/null || fail "'${*:3}' ended before change $2 of $1"
  nth_line bulkheadd "$recovered" $((times + 1)) >/dev/null
}

# node PATH: a xenstore node, empty if it is not there.
node() { dom0 xenstore-read "$1" 2>/dev/null || true; }

# await_node PATH VALUE [SECONDS]: waits by xenstore watches until the node has the value.
await_node() {
  local path=$1 value=$2 limit=${3:-60}
  timeout "$limit" "$BULKHEAD" lab exec --name "$LAB" -- bash -c '
    coproc xenstore-watch "$1"
    while read -r _ <&"${COPROC[0]}"; do
      [ "$(xenstore-read "$1" 2>/dev/null)" = "$2" ] && break
    done
    kill "$COPROC_PID"' await "$path" "$value" || fail "$path did not become '$value' within $limit s; it is '$(node "$path")'"
}

# await_moves PATH TIMES [SECONDS]: waits until the node's value has changed that often, by a watch on it.
await_moves() {
  timeout "${3:-60}" "$BULKHEAD" lab exec --name "$LAB" -- bash -c '
    coproc xenstore-watch "$1"
    last=$(xenstore-read "$1" 2>/dev/null) moves=0
    while [ $moves -lt "$2" ] && read -r _ <&"${COPROC[0]}"; do
      now=$(xenstore-read "$1" 2>/dev/null)
      [ "$now" = "$last" ] || moves=$((moves + 1))
      last=$now
    done
    kill "$COPROC_PID"' await "$1" "$2" || fail "$1 did not change $2 times; it is '$(node "$1")'"
}

# The scenarios leave dom0 as they found it; this proves it and is each one's last line.
leaves_nothing() {
  equal "domains left" "$(dom0 bulkhead list --json | python3 -c 'import json,sys; print([d["name"] for d in json.load(sys.stdin) if d["id"]])')" "[]"
  equal "backends left" "$(dom0 sh -c 'xenstore-list /local/domain/0/backend 2>/dev/null; xenstore-list /local/domain/0/device 2>/dev/null' | tr '\n' ' ')" ""
  equal "toolstack nodes left" "$(domains | tr '\n' ' ')" ""
}
