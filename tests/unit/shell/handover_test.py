"""bulkhead, which knows the verbs of running domains, and bulkhead-all, to which it leaves the others."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv[1]
WHOLE = sys.argv[2]
# A command line that ends before anybody is asked, of each kind: usage, a typing error, help, another's verb.
BY_ITSELF = (["create"], ["list", "--jsno"], ["pause"], ["rename", "a"])
LEFT = ([], ["help"], ["help", "create"], ["create", "--help"], ["--version"], ["creat"], ["policy"], ["policy", "chekc"],
        ["measure", "events"], ["__complete", "bulkhead cre"])


def run(program, words, **more):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False, **more)
    return done.returncode, done.stdout, done.stderr


class HandOver(unittest.TestCase):
    def test_says_what_the_whole_program_says(self):
        for words in (*BY_ITSELF, *LEFT):
            self.assertEqual(run(PROGRAM, words), run(WHOLE, words), words)

    def test_finds_it_where_it_is_installed_and_says_where_it_looked(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(root + "/usr/bin")
            os.makedirs(root + "/usr/lib/bulkhead")
            program = shutil.copy(PROGRAM, root + "/usr/bin/bulkhead")
            os.symlink(program, root + "/xm")
            for words in LEFT:
                status, out, error = run(program, words)
                self.assertEqual((status, out), (1, ""), words)
                self.assertIn(f"bulkhead-all cannot be run in {root}/usr/bin/ nor in {root}/usr/bin/../lib/bulkhead/", error)
            for words in BY_ITSELF:
                self.assertEqual(run(program, words)[0], 2, words)
            shutil.copy(WHOLE, root + "/usr/lib/bulkhead/bulkhead-all")
            self.assertEqual(run(program, ["--version"]), run(WHOLE, ["--version"]))
            status, out, _ = run(root + "/xm", ["help", "create"])
            self.assertEqual((status, out.splitlines()[0].startswith("usage: xm create")), (0, True), out)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
