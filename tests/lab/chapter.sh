# The session of the Xen 3 users' manual, chapter 10, as it is printed: every command, every answer. Domains are of the
# smallest kind, which does not listen to `xm shutdown`, so they are destroyed instead; names, ids and numbers of the
# table of domains are compared by words, since the manual squeezes its columns.
. "$(dirname "$0")/common.sh"
end() {
  dom0 sh -c 'for d in domain1 domain2 domain3 domain4; do bulkhead destroy $d; bulkhead delete $d; done
    for r in img swap; do bulkhead rmlabel res file:/home/xen/dom_fc5/fedora.fc5.$r; done; bulkhead resetpolicy
    rm -rf /usr/bin/xm /usr/bin/xensec_ezpolicy /home/xen /etc/xen/acm-security /root/stub /root/chapter' >/dev/null 2>&1 || true
}
leave_with=end
xm() { dom0 sh -c 'cd /root/chapter && exec xm "$@"' xm "$@"; }
# prints WANTED COMMAND...: the command's exact answer, on both streams.
prints() {
  local wanted=$1
  shift
  equal "answer of 'xm $*'" "$(dom0 sh -c 'cd /root/chapter && exec xm "$@" 2>&1' xm "$@" || true)" "$wanted"
}
# labelled NAME LABEL...: `xm list --label`, in its order.
labelled() {
  equal "list --label" "$(xm list --label | awk 'NR > 1 { print $1, $NF }')" "$(printf '%s %s\n' "$@")"
}
config() {
  dom0 sh -c 'printf "%s\n" "kernel = \"/root/stub\"" "memory = 4" "name = \"$1\"" "$2" >/root/chapter/$1.xm' config "$@"
}
in_force() {
  printf '%s\n' "Supported security subsystems   : ACM" "Policy name           : $1" "Policy type           : ACM" \
    "Version of XML policy : $2" "Policy configuration  : loaded${3-, activated for boot}"
}
started() { printf '%s\n' "Using config file \"./$1.xm\"." "Started domain $1"; }
refuses() { printf '%s\n' "Using config file \"./$1.xm\"." "Error: $2"; }
resource() { printf '%s\n' "file:/home/xen/dom_fc5/fedora.fc5.$1" "      type: $2" "    policy: mytest" "     label: $3"; }
image=file:/home/xen/dom_fc5/fedora.fc5.img swap=file:/home/xen/dom_fc5/fedora.fc5.swap

cc -nostdlib -static -Wl,-N,--no-warn-rwx-segments,-Ttext=0x100000,--section-start=.note.Xen=0x100100,--build-id=none -o "$work/stub" "$here/stub_guest.S"
put "$work/stub" /root/stub
dom0 sh -c 'ln -sf bulkhead /usr/bin/xm; ln -sf bulkhead /usr/bin/xensec_ezpolicy; mkdir -p /root/chapter /home/xen/dom_fc5
  cd /home/xen/dom_fc5 && for f in fedora.fc5.img fedora.fc5.swap; do bulkhead disk create $f 1M; done'
tar -C "$here/policies" -cf - . | dom0 sh -c 'mkdir -p /etc/xen/acm-security/policies && busybox tar -xf - -C /etc/xen/acm-security/policies'
config domain1 "disk = ['file:/home/xen/dom_fc5/fedora.fc5.img,sda1,w', \\
       'file:/home/xen/dom_fc5/fedora.fc5.swap,sda2,w']"
for name in domain2 domain3 domain4; do config $name "vif = []"; done

say "10.2.1: the policy DEFAULT"
prints "Successfully reset the system's policy." resetpolicy
prints "$(in_force DEFAULT 1.0 "")" getpolicy
prints SystemManagement labels
labelled Domain-0 ACM:DEFAULT:SystemManagement
equal "heading" "$(xm list --label | head -n 1 | tr -s ' ')" "Name ID Mem VCPUs State Time(s) Label"

say "10.2.2 and 10.2.3: mytest"
dom0 sh -c 'cd /etc/xen/acm-security/policies && xensec_ezpolicy mytest.toml && test -e mytest-security_policy.xml'
prints "$(echo "Successfully set the new policy."; in_force mytest 1.0)" setpolicy ACM mytest
labelled Domain-0 ACM:mytest:SystemManagement

say "10.2.4: labels of domains"
prints "$(started domain1)" create domain1.xm
labelled domain1 ACM:mytest:__UNLABELED__ Domain-0 ACM:mytest:SystemManagement
xm destroy domain1
labelled Domain-0 ACM:mytest:SystemManagement
prints "A-Bank
A-Bank.MarketAnalysis
A-Bank.SecurityUnderwriting
AutoCorp
B-Bank
SystemManagement
__UNLABELED__" labels
prints "" addlabel A-Bank dom domain1.xm
prints "" addlabel B-Bank dom domain2.xm
equal "its last line" "$(dom0 tail -n 1 /root/chapter/domain1.xm)" "access_control = ['policy=mytest,label=A-Bank']"
prints "$(refuses domain1 "VM's access to block device '$image' denied")" create domain1.xm

say "10.2.5: labels of resources"
prints "$(xm labels type=res)" labels type=any
prints "" addlabel A-Bank res $image
prints "" addlabel A-Bank res $swap
prints "$(resource swap ACM A-Bank; resource img ACM A-Bank)" resources
prints "ACM:mytest:A-Bank" getlabel res $image
prints "Error: \"'$image' is already labeled with 'ACM:mytest:A-Bank'.\"" addlabel B-Bank res $image
prints "$(started domain1)" create domain1.xm
labelled domain1 ACM:mytest:A-Bank Domain-0 ACM:mytest:SystemManagement

say "10.2.6: run-time exclusion and access to resources"
prints "$(refuses domain2 "'Domain in conflict set with running domains'")" create domain2.xm
xm destroy domain1
prints "$(started domain2)" create domain2.xm
prints "$(refuses domain1 "'Domain in conflict set with running domains'")" create domain1.xm
xm destroy domain2
prints "" rmlabel res $swap
prints "" addlabel B-Bank res $swap
prints "$(resource swap ACM B-Bank; resource img ACM A-Bank)" resources
prints "$(refuses domain1 "VM's access to block device '$swap' denied")" create domain1.xm
prints "Using config file \"./domain1.xm\".
Checking domain:
   domain1: PERMITTED
Checking resources:
   $image: PERMITTED
   $swap: DENIED
   --> res: B-Bank (ACM:mytest)
   --> dom: A-Bank (ACM:mytest)
Dry Run: FAILED" dry-run domain1.xm

say "10.2.7: Domain-0's label"
prints "" rmlabel res $swap
prints "" addlabel A-Bank res $swap
prints "$(started domain1)" create domain1.xm
prints "Successfully set the label of domain 'Domain-0' to 'A-Bank'." addlabel A-Bank mgt Domain-0
equal "who has which" "$(xm list --label | awk 'NR > 1 { print $1, $NF }' | sort)" "$(printf '%s\n' "Domain-0 ACM:mytest:A-Bank" "domain1 ACM:mytest:A-Bank")"
prints "" addlabel AutoCorp dom domain3.xm
prints "$(refuses domain3 "VM is not authorized to run.")" create domain3.xm
prints "Error: 'Domain not labeled'" getlabel dom domain4.xm
prints "$(refuses domain4 "VM is not authorized to run.")" create domain4.xm
prints "Successfully set the label of domain 'Domain-0' to 'SystemManagement'." addlabel SystemManagement mgt Domain-0
prints "$(started domain3)" create domain3.xm
labelled domain1 ACM:mytest:A-Bank domain3 ACM:mytest:AutoCorp Domain-0 ACM:mytest:SystemManagement
contains "dumppolicy" "$(xm dumppolicy)" "   ssidref 1:  00 00 00 00 00 01 00  <-- Domain-0"
contains "what runs" "$(xm dumppolicy)" "Types:         01 00 00 01 00 01 00 "
xm destroy domain1
xm destroy domain3

say "10.2.8: domains that are kept"
dom0 sh -c 'cd /root/chapter && sed "s/domain4/domain5/" domain4.xm >domain5.xm && bulkhead new domain5.xm' 2>/dev/null
labelled domain5 ACM:mytest:__UNLABELED__ Domain-0 ACM:mytest:SystemManagement
equal "its row" "$(xm list --label | awk '$1 == "domain5" { print $2, $3, $4, $5, $6 }')" "-1 4 1 ------ 0.0"
prints "Successfully set the label of the dormant domain 'domain5' to 'A-Bank'." addlabel A-Bank mgt domain5
labelled domain5 ACM:mytest:A-Bank Domain-0 ACM:mytest:SystemManagement
prints "Successfully removed label from domain domain5." rmlabel mgt domain5
xm delete domain5

say "10.3.5: reset, another policy"
prints "$(in_force mytest 1.0)" getpolicy
prints "Successfully reset the system's policy." resetpolicy
prints "$(resource swap INV_ACM A-Bank; resource img INV_ACM A-Bank)" resources
prints "$(echo "Successfully set the new policy."; in_force example.test 1.0)" setpolicy ACM example.test
prints "CocaCola
PepsiCo
SystemManagement
VIO" labels
labelled Domain-0 ACM:example.test:SystemManagement
prints "Successfully reset the system's policy." resetpolicy
prints "$(echo "Successfully set the new policy."; in_force mytest 1.0)" setpolicy ACM mytest
for resource in $image $swap; do
  prints "" rmlabel res $resource
  prints "" addlabel A-Bank res $resource
done

say "10.3.5: an update while domains run"
prints "" addlabel A-Bank.SecurityUnderwriting dom domain4.xm
xm create domain1.xm
xm create domain4.xm
labelled domain1 ACM:mytest:A-Bank domain4 ACM:mytest:A-Bank.SecurityUnderwriting Domain-0 ACM:mytest:SystemManagement
prints "$(echo "Successfully set the new policy."; in_force mytest 1.1)" setpolicy ACM mytest_update
labelled domain1 ACM:mytest:A-Bank domain4 ACM:mytest:A-Bank.SU Domain-0 ACM:mytest:SystemManagement
prints "A-Bank
A-Bank-WL
A-Bank.MA
A-Bank.SU
AutoCorp
B-Bank
SystemManagement" labels
prints "$(resource swap ACM A-Bank; resource img ACM A-Bank)" resources
contains "again" "$(xm setpolicy ACM mytest_update 2>&1 || true)" \
  "Error: 'An error occurred trying to set the policy: The version of the policy prevents an update.'"
prints "Successfully set the label of domain 'Domain-0' to 'A-Bank-WL'." addlabel A-Bank-WL mgt Domain-0
prints "policytype=ACM,policy=mytest,label=AutoCorp" getlabel dom domain3.xm
prints "$(refuses domain3 "VM is not authorized to run.")" create domain3.xm
prints "Successfully set the label of domain 'Domain-0' to 'SystemManagement'." addlabel SystemManagement mgt Domain-0
prints "$(started domain3)" create domain3.xm
labelled domain1 ACM:mytest:A-Bank domain4 ACM:mytest:A-Bank.SU domain3 ACM:mytest:AutoCorp Domain-0 ACM:mytest:SystemManagement
contains "reset while they run" "$(xm resetpolicy 2>&1 || true)" "Error: \"Could not reset the system's policy. Try to halt all guests.\""
for name in domain1 domain3 domain4; do xm destroy $name; done

say "xend's labels"
for resource in $image $swap; do prints "" rmlabel res $resource; done
dom0 sh -c 'printf "resources = {\n%s%s}\n" "    \"$1\": (\"ACM\", \"mytest\", \"B-Bank\"),
" "    \"$2\": (\"ACM\", \"other\", \"B-Bank\"),
" >/root/chapter/labels; bulkhead policy import-labels /root/chapter/labels' import $image $swap 2>/dev/null >"$work/out"
contains "imported" "$(cat "$work/out")" "2 of 2"
prints "ACM:mytest:B-Bank" getlabel res $image
prints "ACM:*:__INACCESSIBLE__" getlabel res $swap
for resource in $image $swap; do prints "" rmlabel res $resource; done
end
leaves_nothing
