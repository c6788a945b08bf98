"""Generates the contract's Python from proto/chappe/v1 while the package is built: nothing generated is kept."""

import re
from importlib.metadata import requires
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
# In the workspace, or beside a copy of this folder.
PROTO = next((folder for folder in (HERE.parent.parent / "proto", HERE / "proto") if folder.is_dir()), None)


class Generate(build_py):
    """What build_py copies, and beside it chappe/v1."""

    def run(self):
        super().run()
        self.generate(Path(self.build_lib))

    def generate(self, out):
        from grpc_tools import protoc
        import grpc_tools

        if PROTO is None:
            raise SystemExit("no proto/ two folders above setup.py: build inside Chappe's sources")
        own = sorted(str(path) for path in (PROTO / "chappe" / "v1").glob("*.proto"))
        known = Path(grpc_tools.__file__).parent / "_proto"
        (out / "chappe" / "v1").mkdir(parents=True, exist_ok=True)
        (out / "chappe" / "v1" / "__init__.py").write_text('"""The messages of chappe.v1, generated."""\n')
        # google/api and google/rpc come at run time from googleapis-common-protos.
        paths = [f"-I{PROTO}", f"-I{known}"]
        outs = [f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"]
        if protoc.main(["protoc", *paths, *outs, *own]) != 0:
            raise SystemExit("protoc failed: see above")


def dependencies():
    """What is generated refuses libraries that are older than its generator, which itself asks for the right ones."""
    asked = [text for text in requires("grpcio-tools") if re.match(r"(grpcio|protobuf)\b(?!-)", text)]
    if len(asked) != 2:
        raise SystemExit(f"grpcio-tools does not say which grpcio and protobuf it generates for: {asked}")
    return [*asked, "googleapis-common-protos>=1.66"]


setup(cmdclass={"build_py": Generate}, install_requires=dependencies())
