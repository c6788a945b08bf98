"""The example of the README does what it says."""

import contextlib
import io
import pathlib
import re
import unittest

from installation import Installation

README = pathlib.Path(__file__).parent.parent / "README.md"


class ReadmeTest(unittest.TestCase):
    def test_the_example_submits_and_lists(self):
        installation = Installation()
        self.addCleanup(installation.end)
        token = installation.folder / "csirt-at.token"
        token.write_text(installation.tokens["csirt-at"])
        [example] = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        self.assertIn('"csirt-at.token"', example)
        here = example.replace('"csirt-at.token"', f'"{token}", "{installation.address}"')
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            exec(compile(here, "README.md", "exec"), {})
        self.assertRegex(told.getvalue(), r"\Aincidents/[0-9a-f]+\n\Z")


if __name__ == "__main__":
    unittest.main()
