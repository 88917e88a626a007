# `lab console` on a terminal: a guest's shell and dom0's console answer, and Ctrl-] leaves. Also `console` through bulkheadd.
. "$(dirname "$0")/common.sh"
dom0 bulkhead create /root/cfg/client.cfg 'name="talk"' 'vif=[]' \
  'cmdline="console=hvc0 panic=-1 rodata=off client.ip=none client.test=none"'
leave() { dom0 bulkhead destroy talk >/dev/null 2>&1 || true; }
leave_with=leave
stamp talk ' done ' >/dev/null

# on_terminal KEYS ANSWER COMMAND...: runs COMMAND on a terminal of its own, types KEYS until ANSWER comes, then Ctrl-].
on_terminal() {
  python3 - "$@" <<'PY'
import os, pty, select, sys, time
keys, answer, command = sys.argv[1].encode() + b"\r", sys.argv[2].encode(), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
seen, end, typed = b"", time.monotonic() + 60, 0
while answer not in seen and time.monotonic() < end:
    if time.monotonic() - typed > 5:  # what is typed before the other side listens is lost
        os.write(terminal, keys)
        typed = time.monotonic()
    if select.select([terminal], [], [], 1)[0]:
        seen += os.read(terminal, 4096)
os.write(terminal, b"\x1d")
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass  # the terminal's last user has closed it
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if answer not in seen or status != 0:
    sys.exit(f"exit status {status}, seen: {seen!r}")
PY
}
say "a guest's"
on_terminal 'echo $((40 + 2))-guest' 42-guest "$BULKHEAD" lab console --name "$LAB" talk || fail "lab console talk"
say "dom0's"
on_terminal 'echo $((40 + 2))-host' 42-host "$BULKHEAD" lab console --name "$LAB" || fail "lab console"
say "a guest's, through bulkheadd"
contains "console" "$(echo 'echo $((40 + 3))-piped' | dom0 bulkhead console talk)" 43-piped
refused 1 "nobody" "$BULKHEAD" lab console --name "$LAB" nobody
dom0 bulkhead destroy talk
