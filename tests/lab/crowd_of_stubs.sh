# Sourced. crowd FIRST LAST: domains c1, c2, ... of the smallest kind, created side by side and left paused.
crowd() {
  if ! dom0 test -e /root/stub; then
    cc -nostdlib -static -Wl,-N,--no-warn-rwx-segments,-Ttext=0x100000,--section-start=.note.Xen=0x100100,--build-id=none -o "$work/stub" "$here/stub_guest.S"
    put "$work/stub" /root/stub
    dom0 sh -c 'printf "%s\n" "kernel = \"/root/stub\"" "memory = 4" >/root/stub.cfg'
  fi
  dom0 bash -c '
    for ((i = $1; i <= $2; i++)); do
      bulkhead create -q -p /root/stub.cfg "name=\"c$i\"" &
      jobs[i]=$!
    done
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    [ -z "${failed:-}" ]' crowd "$1" "$2" || fail "not all of the domains c$1 to c$2 were created"
}
