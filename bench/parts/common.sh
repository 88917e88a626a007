# Sourced by every part, which runs in the lab's dom0: PART.sh ROUNDS. Results go to stdout, one per line:
#     SAMPLE PART MEASURE us|peer VALUE UNIT
# MEASURE has _ for blanks. Anything that is not as expected ends the part with a status other than 0.
set -euo pipefail
rounds=$1
part=$(basename "$0" .sh)
configs=/root/bench
patience=120 # seconds; only bounds a failure

die() {
  echo "$part: $*" >&2
  exit 1
}

# Microseconds into $now; no process is started for it.
clock() { now=${EPOCHREALTIME/[.,]/}; }

# sample MEASURE us|peer VALUE UNIT
sample() { echo "SAMPLE $part $*"; }

domains=()
log=/tmp/bench.$part.log
# The command's output is shown only if it fails.
quietly() { "$@" >"$log" 2>&1 </dev/null || die "'$*' failed: $(cat "$log")"; }

# timed COMMAND...: as quietly; what it took into $took.
timed() {
  local start
  clock
  start=$now
  quietly "$@"
  clock
  took=$((now - start))
}

# Ends what is left of a part, also when it failed.
leave() {
  local name
  for name in "${domains[@]}"; do
    bulkhead destroy "$name" >/dev/null 2>&1 </dev/null || xl destroy "$name" >/dev/null 2>&1 </dev/null || true
  done
  [ -z "$watching" ] || kill "$watching" 2>/dev/null || true
}
watching=
trap leave EXIT

# watch PATH: from here on next_event reports what happens at and below PATH.
watch() {
  coproc WATCH { exec xenstore-watch "$1" 2>/dev/null; }
  watching=$WATCH_PID
  next_event # the first one says that the watch is set
}
next_event() { read -r -t "$patience" event <&"${WATCH[0]}" || die "nothing happened for $patience s"; }
unwatch() {
  kill "$watching"
  wait "$watching" 2>/dev/null || true
  watching=
}

# value PATH: a node's value, empty if it is not there.
value() { xenstore-read "$1" 2>/dev/null || true; }

# await_node PATH COMMAND...: waits until COMMAND VALUE succeeds with the node's value.
await_node() {
  local path=$1
  shift
  watch "$path"
  until "$@" "$(value "$path")"; do next_event; done
  unwatch
}
is() { [ "$1" = "$2" ]; }
at_least() { [ "${2:-0}" -ge "$1" ]; }

# The driver domain's own word that it serves.
await_ready() {
  local path=/local/domain/$1/data/bulkhead/state
  watch "$path"
  while :; do
    case $(value "$path") in ready) break ;; failed*) die "the driver domain says: $(value "$path")" ;; esac
    next_event
  done
  clock
  unwatch
}

start_ndvm() { # OVERRIDES...: the driver domain of Bulkhead; its id into $ndvm
  domains+=(ndvm)
  quietly bulkhead create "$configs/ndvm.cfg" "$@"
  ndvm=$(bulkhead domid ndvm)
  await_ready "$ndvm"
}

start_classic() { # the driver domain as people make it by hand; its id into $classic
  [ -e /var/lib/bulkhead/images/classic/initramfs ] || quietly bash "$configs/classic-image.sh"
  domains+=(classic)
  quietly xl create "$configs/classic.cfg"
  classic=$(xl domid classic)
  await_node "/local/domain/$classic/data/classic/state" is ready
}
