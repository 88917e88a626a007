"""labels, addlabel, getlabel and rmlabel of configuration files, by the program called as xm; they need no daemon."""

import os
import stat
import subprocess
import sys
import tempfile

bulkhead = os.path.realpath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
os.symlink(bulkhead, "xm")
os.environ["BULKHEAD_SOCKET"] = os.path.join(folder.name, "nobody")


def xm(*words, status=0):
    done = subprocess.run(["./xm", *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, (words, done)
    return done.stderr if status else done.stdout


def content(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, text):
    with open(path, "wb") as file:
        file.write(text)


# The workloads of the Xen 3 users' manual, figure 10.2, under a name with a dot: that is a folder.
write("mytest.toml", b"""
[[organisation]]
name = "A-Bank"
departments = ["SecurityUnderwriting", "MarketAnalysis"]
[[organisation]]
name = "B-Bank"
[[organisation]]
name = "AutoCorp"
[[exclusion]]
types = ["A-Bank", "B-Bank", "__UNLABELED__"]
""")
os.mkdir("my")
xm("policy", "new", "mytest.toml", "--name=my.test", "--output=my/test-security_policy.xml")
domains = "A-Bank\nA-Bank.MarketAnalysis\nA-Bank.SecurityUnderwriting\nAutoCorp\nB-Bank\nSystemManagement\n__UNLABELED__\n"
assert xm("labels", "my.test") == domains
assert xm("labels", "type=res", "my.test") == domains
assert xm("labels", "my.test", "type=vm", status=1) == "Error: \"Unknown label type 'vm'\"\n"
assert xm("labels", "my.test", "type=dom", "type=res", status=2) == "Error: type is definied twice\n"
assert xm("labels", "my.test", "other", status=2) == "Error: policy is defined twice\n"
assert "/etc/xen/acm-security/policies/other/x-security_policy.xml" in xm("labels", "other.x", status=1)
assert "Error: " in xm("labels", "../etc/passwd", status=1)

# The manual's domain1.xm, 10.2.4.
original = b"""kernel= "/boot/vmlinuz"
memory = 128
name = "domain1"
disk = ['file:/home/xen/dom_fc5/fedora.fc5.img,sda1,w', \\
       'file:/home/xen/dom_fc5/fedora.fc5.swap,sda2,w']
"""
line = b"access_control = ['policy=my.test,label=A-Bank']\n"
write("real.xm", original)
os.chmod("real.xm", 0o640)
os.symlink("real.xm", "domain1.xm")
assert xm("getlabel", "dom", "domain1.xm", status=1) == "Error: 'Domain not labeled'\n"
assert xm("rmlabel", "dom", "domain1.xm", status=1) == "Error: 'Domain not labeled'\n"
assert "You must specify the policy on the command line." in xm("addlabel", "A-Bank", "dom", "domain1.xm", status=1)
assert xm("addlabel", "C-Bank", "dom", "domain1.xm", "my.test", status=1) == "Error: \"Label 'C-Bank' not found.\"\n"
assert content("real.xm") == original
assert xm("addlabel", "A-Bank", "dom", "domain1.xm", "my.test") == ""
assert content("real.xm") == original + line
assert os.path.islink("domain1.xm")
assert stat.S_IMODE(os.stat("real.xm").st_mode) == 0o640
assert sorted(os.listdir(".")) == ["domain1.xm", "my", "mytest.toml", "real.xm", "xm"]
assert xm("getlabel", "dom", "domain1.xm") == "policytype=ACM,policy=my.test,label=A-Bank\n"
assert "is already labeled." in xm("addlabel", "B-Bank", "dom", "domain1.xm", "my.test", status=1)
assert xm("rmlabel", "dom", "domain1.xm") == ""
assert content("real.xm") == original + b"#" + line

assert xm("getlabel", "dom", "nowhere.xm", status=1) == "Error: Configuration file 'nowhere.xm' not found.\n"
write("image", os.urandom(4096) + b"\0")
before = content("image")
assert "Invalid configuration file." in xm("addlabel", "A-Bank", "dom", "image", "my.test", status=1)
assert content("image") == before
assert "Invalid configuration file." in xm("addlabel", "A-Bank", "dom", "my", "my.test", status=1)
assert 'either "dom", "mgt" or "res"' in xm("getlabel", "domain", "domain1.xm", status=2)
assert xm("addlabel", "A-Bank", "mgt", "Domain-0", "mytest", status=2) == "Error: Policy name in wrong format.\n"
assert xm("setpolicy", "FLASK", "mytest", status=2) == "Error: Unsupported policytype 'FLASK'.\n"
assert xm("setpolicy", "ACM", "no.where", status=1) == (
    "Error: Could not read policy file: /etc/xen/acm-security/policies/no/where-security_policy.xml\n")
