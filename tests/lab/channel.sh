# lab exec, put and get hand through bytes, streams and exit statuses unchanged.
. "$(dirname "$0")/common.sh"

status=0
dom0 sh -c 'echo out; echo err >&2; exit 7' >"$work/out" 2>"$work/err" || status=$?
equal "exit status" "$status" 7
equal "stdout" "$(cat "$work/out")" out
equal "stderr" "$(cat "$work/err")" err

head -c 3000000 /dev/urandom >"$work/bytes"
dom0 cat <"$work/bytes" >"$work/back"
cmp "$work/bytes" "$work/back" || fail "stdin to stdout changed the bytes"

put "$work/bytes" /root/bytes
"$BULKHEAD" lab get --name "$LAB" /root/bytes "$work/got"
cmp "$work/bytes" "$work/got" || fail "put and get changed the bytes"
dom0 rm /root/bytes

say "four at once"
for i in 1 2 3 4; do dom0 sh -c "sleep 0.2; echo $i" >"$work/out.$i" & done
wait
equal "parallel sessions" "$(cat "$work"/out.[1-4] | tr '\n' ' ')" "1 2 3 4 "

refused 1 "bulkhead-no-such" dom0 bulkhead-no-such
refused 1 "/no/such/file" "$BULKHEAD" lab get --name "$LAB" /no/such/file "$work/none"
[ ! -e "$work/none" ] || fail "a failed get left a file"
