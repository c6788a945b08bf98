"""An installation for the tests: `chappe init` and `chappe serve` in a folder of its own."""

import os
import pathlib
import re
import subprocess
import tempfile

PROGRAM = os.environ.get("CHAPPE_BIN", "chappe")
READY = " ready on "


class Installation:
    """Begins at once, on any free port; `restart` goes on at the same port."""

    def __init__(self, *init):
        self._folder = tempfile.TemporaryDirectory(prefix="chappe-python-")
        self.folder = pathlib.Path(self._folder.name)
        subprocess.run([PROGRAM, "init", *init], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        tokens = self.folder / "tokens.toml"
        self.tokens = dict(re.findall(r'(?m)^(\S+) = "([0-9a-f]+)"$', tokens.read_text())) if tokens.exists() else {}
        self._process = None
        self.address = self._start("127.0.0.1:0")

    def _start(self, listen):
        errors = open(self.folder / "stderr", "ab")
        command = [PROGRAM, "serve", "--listen", listen]
        self._process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=errors, text=True)
        errors.close()
        for line in self._process.stdout:
            if READY in line:
                return re.search(r"ready on (\S+:\d+)", line).group(1)
        raise AssertionError(f"chappe serve did not get ready: {(self.folder / 'stderr').read_text()}")

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def restart(self):
        self._start(self.address)

    def end(self):
        self.kill()
        self._folder.cleanup()
