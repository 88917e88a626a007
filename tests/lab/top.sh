# The full screen of `top` on a terminal: it draws, obeys keys, and q leaves.
. "$(dirname "$0")/common.sh"
python3 - "$BULKHEAD" "$LAB" <<'PY' || fail "top on a terminal"
import fcntl, os, pty, select, struct, sys, termios, time
program, lab = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(program, [program, "lab", "exec", "--name", lab, "-t", "-e", "TERM=xterm", "--", "bulkhead", "top", "-d", "1"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
seen = b""
def until(word):
    global seen
    end = time.monotonic() + 30
    while word not in seen:
        if time.monotonic() > end or not select.select([terminal], [], [], 1)[0]:
            if time.monotonic() > end:
                sys.exit(f"'{word}' did not come: {seen!r}")
            continue
        seen += os.read(terminal, 4096)
until(b"Domain-0")
until(b"Quit")
if b"\x1b[" not in seen:
    sys.exit(f"nothing moves the cursor: {seen!r}")
seen = b""
os.write(terminal, b"d")
until(b"(sec)")  # curses draws what differs from "Delay  Networks" only
os.write(terminal, b"\x1b")  # not the delay
os.write(terminal, b"q")
try:
    while True:
        data = os.read(terminal, 4096)
        if not data:
            break
        seen += data
except OSError:
    pass  # the terminal's last user has closed it
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
if status != 0:
    sys.exit(f"exit status {status}: {seen!r}")
PY
equal "tops left" "$(dom0 sh -c 'ps | grep -c "[b]ulkhead top" || true')" 0
