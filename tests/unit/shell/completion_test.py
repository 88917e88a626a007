#!/usr/bin/env python3
"""completion_test.py BULKHEAD [SCRIPT]: types into a real, interactive bash and looks at what its completion makes of it.

SCRIPT is the file to source, by default what `bulkhead completion` prints. A socket in this program plays bulkheadd.
"""
import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

BULKHEAD = ""
SCRIPT = ""
ANSWERS = {
    "list": {"domains": [{"name": n, "id": i} for i, n in enumerate(["Domain-0", "ndvm", "web", "win", "odd name", "$(x)"])]},
    "driverdomain-list": {"driver_domains": [{"name": "ndvm"}, {"name": "netfw"}]},
    "network-list": {"domains": [{"nics": [{"devid": 0}, {"devid": 3}], "pending": [{"devid": 7}]}]},
    "pci-assignable-list": {"devices": [{"address": "0000:00:02.0"}, {"address": "0000:03:00.1"}]},
    "pci-list": {"devices": [{"address": "0000:05:00.0"}]},
}


class Daemon:
    """Answers each request from ANSWERS; `silent` takes requests and says nothing."""

    def __init__(self, path):
        self.silent = False
        self.requests = []
        self.held = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.socket.accept()
            request = json.loads(client.makefile().readline())
            self.requests.append(request)
            if self.silent:
                self.held.append(client)
                continue
            client.sendall(json.dumps({"result": ANSWERS[request["verb"]]}).encode() + b"\n")
            client.close()


class Bash:
    """One interactive bash. typed(TEXT) is the line after TEXT; Ctrl-G prints it."""

    def __init__(self, folder, environment):
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], environment)
        self.pid = pid
        self.send("PS1= PS2=\nbind 'set bell-style none' 'set page-completions off' 'set completion-query-items 0'\n")
        self.send(f". '{SCRIPT}'\nbind -x '\"\\C-g\": printf \"<%s>\\\\n\" \"$READLINE_LINE\"'\nprintf '<%s>\\n' ready\n")
        self.read("<ready>")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def read(self, pattern):
        text = ""
        while not (found := re.search(pattern, text)):
            if not select.select([self.terminal], [], [], 20)[0]:
                raise AssertionError(f"bash did not answer; it said: {text!r}")
            text += os.read(self.terminal, 65536).decode(errors="replace")
        return found

    def typed(self, text):
        self.send(text + "\x07")
        line = self.read(r"<([^<>]*)>\r?\n")[1]
        self.send("\x15")  # Ctrl-U: an empty line again
        return line

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        place = cls.folder.name
        os.mkdir(f"{place}/bin")
        for name in ("bulkhead", "xm"):
            os.symlink(BULKHEAD, f"{place}/bin/{name}")
        os.mkdir(f"{place}/here")
        os.mkdir(f"{place}/here/folder")
        for name in ("guest.cfg", "guest two.cfg", "other"):
            open(f"{place}/here/{name}", "w").close()
        cls.environment = {"PATH": f"{place}/bin:/usr/bin:/bin", "HOME": place, "TERM": "dumb", "LC_ALL": "C.UTF-8",
                           "BULKHEAD_SOCKET": f"{place}/socket"}
        global SCRIPT
        if not SCRIPT:
            SCRIPT = f"{place}/script"
            with open(SCRIPT, "w") as script:
                subprocess.run([BULKHEAD, "completion"], stdout=script, check=True)
        cls.daemon = Daemon(f"{place}/socket")
        cls.bash = Bash(f"{place}/here", cls.environment)

    @classmethod
    def tearDownClass(cls):
        cls.bash.end()
        cls.folder.cleanup()

    def tab(self, text, wanted):
        self.assertEqual(self.bash.typed(text + "\t"), wanted)

    def all(self, text, wanted):
        """Alt-* puts every candidate into the line."""
        self.assertEqual(self.bash.typed(text + "\x1b*").rstrip(" "), wanted)

    def test_verbs(self):
        self.tab("bulkhead cre", "bulkhead create ")
        self.all("bulkhead driverdomain ", "bulkhead driverdomain events list restart show upgrade")
        self.tab("bulkhead measure predict --conf", "bulkhead measure predict --config ")

    def test_domains(self):
        # Names that would need quotes are left out.
        self.all("bulkhead destroy ", "bulkhead destroy Domain-0 ndvm web win")
        self.tab("bulkhead destroy we", "bulkhead destroy web ")
        self.all("bulkhead driverdomain restart ", "bulkhead driverdomain restart ndvm netfw")

    def test_devices(self):
        self.all("bulkhead network-detach web ", "bulkhead network-detach web 0 3 7")
        self.assertEqual(self.daemon.requests[-1]["arguments"], {"domains": ["web"]})
        self.tab("bulkhead pci-attach web 0000:03", "bulkhead pci-attach web 0000:03:00.1 ")
        self.all("bulkhead pci-attach web 0000:", "bulkhead pci-attach web 0000:00:02.0 03:00.1")
        self.tab("bulkhead pci-detach web ", "bulkhead pci-detach web 0000:05:00.0 ")

    def test_values(self):
        self.tab("bulkhead network-attach web back", "bulkhead network-attach web backend=")
        self.tab("bulkhead network-attach web backend=netf", "bulkhead network-attach web backend=netfw ")
        self.tab("bulkhead lab up --xenstored=ocaml-", "bulkhead lab up --xenstored=ocaml-eagain ")
        self.all("bulkhead image ndvm --nic e1", "bulkhead image ndvm --nic e1000 e1000e")

    def test_files(self):
        self.tab("bulkhead create oth", "bulkhead create other ")
        self.tab("bulkhead create fol", "bulkhead create folder/")
        self.tab("bulkhead create guest\\ ", "bulkhead create guest\\ two.cfg ")
        self.tab("bulkhead create --defconfig=oth", "bulkhead create --defconfig=other ")
        self.tab("bulkhead image ndvm --output fo", "bulkhead image ndvm --output folder/")

    def test_other_commands_on_the_line(self):
        self.tab("true; A=b bulkhead destroy we", "true; A=b bulkhead destroy web ")

    def test_as_xm(self):
        self.tab("xm destroy we", "xm destroy web ")

    def test_no_daemon_and_a_silent_one(self):
        def candidates(socket_path):
            environment = dict(self.environment, BULKHEAD_SOCKET=socket_path)
            return subprocess.run([BULKHEAD, "__complete", "bulkhead destroy "], env=environment, capture_output=True,
                                  timeout=10)

        done = candidates("/nonexistent")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        self.daemon.silent = True
        done = candidates(self.environment["BULKHEAD_SOCKET"])
        self.daemon.silent = False
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_every_verb(self):
        def output(*words):
            return subprocess.run([BULKHEAD, *words], env=self.environment, capture_output=True, text=True, check=True).stdout

        verbs = re.findall(r"^  (\S+(?: \S+)?)  ", output("help"), re.M)
        self.assertGreater(len(verbs), 40)
        for verb in verbs:
            *before, last = verb.split()
            self.assertIn(last, output("__complete", " ".join(["bulkhead", *before, last[:-1]])).split(), verb)
            options = re.findall(r"^  (?:-., |    )(--[a-z0-9._-]+)", output("help", *verb.split()), re.M)
            offered = output("__complete", f"bulkhead {verb} --").split()
            self.assertEqual(sorted([*options, "--help"]), offered, verb)


if __name__ == "__main__":
    BULKHEAD = os.path.abspath(sys.argv[1])
    SCRIPT = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else ""
    unittest.main(argv=sys.argv[:1])
