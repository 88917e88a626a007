# Ctrl-C during `lab up` leaves nothing; a name that is up is refused; a lab whose QEMU dies says so, and goes.
. "$(dirname "$0")/common.sh"
LAB=interrupt

say "Ctrl-C"
mkfifo "$work/progress"
"$BULKHEAD" lab up --name "$LAB" >"$work/progress" 2>&1 &
up=$!
grep -m1 "Xen runs" "$work/progress" >/dev/null
kill -INT "$up"
status=0
wait "$up" || status=$?
equal "exit status of an interrupted lab up" "$status" 130
[ -z "$(pgrep -f "lab/$LAB/" || true)" ] || fail "QEMU is still there: $(pgrep -af "lab/$LAB/")"
equal "labs left" "$("$BULKHEAD" lab status --json | grep -c "\"$LAB\"" || true)" 0

say "two of one name, and a sudden death"
"$BULKHEAD" lab up --name "$LAB"
refused 1 "$LAB" "$BULKHEAD" lab up --name "$LAB"
pid=$("$BULKHEAD" lab status --name "$LAB" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["pid"])')
kill -9 "$pid"
tail --pid="$pid" -f /dev/null
refused 1 "ended" "$BULKHEAD" lab exec --name "$LAB" -- true
"$BULKHEAD" lab down --name "$LAB"
equal "labs left" "$("$BULKHEAD" lab status --json | grep -c "\"$LAB\"" || true)" 0
