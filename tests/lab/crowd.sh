# Many domains: fifty are created side by side, and all of them come; the daemon answers while an operation hangs.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/crowd_of_stubs.sh"
end() { dom0 sh -c 'kill $(cat /root/stub.pid); bulkhead destroy $(bulkhead list | grep -o "^c[0-9]*") 2>/dev/null; rm -f /root/stub*' >/dev/null 2>&1 || true; }
leave_with=end

crowd 1 50
equal "how many run" "$(dom0 bulkhead list --json | grep -c '"name": "c[0-9]')" 50
equal "how many xl sees" "$(dom0 xl list | grep -c '^c[0-9]')" 50

say "an operation hangs"
dom0 bash -c 'bulkhead shutdown -w c1 >/dev/null 2>&1 & echo $! >/root/stub.pid' # paused: it never answers
equal "list" "$(dom0 timeout 10 bulkhead list --json | grep -c '"name": "c[0-9]')" 50
refused 1 "exists already" dom0 timeout 20 bulkhead create -p /root/stub.cfg 'name="c7"'
dom0 bash -c 'kill -0 $(cat /root/stub.pid)' || fail "the operation did not hang"
dom0 bash -c 'kill $(cat /root/stub.pid)'

dom0 bash -c 'bulkhead destroy c{1..50}'
dom0 sh -c 'rm -f /root/stub*'
leaves_nothing
