"""Import torchvision where its compiled operators do not match the installed torch.

A torchvision wheel built for CUDA, installed beside a CPU build of torch, fails on import with
`RuntimeError: operator torchvision::nms does not exist`. StyleFuse does not use these operators, so each missing one is
declared, and the import is tried again. With matching builds the first attempt succeeds.
"""

import importlib
import re
import sys
from types import ModuleType


def load_torchvision() -> ModuleType:
    """Import torchvision and return it. Afterwards, libraries that import it themselves work too.

    Raises:
        RuntimeError: the import failed for another reason than a missing operator.
    """
    for _ in range(8):
        try:
            return importlib.import_module("torchvision")
        except RuntimeError as error:
            missing = re.search(r"operator (torchvision::\w+) does not exist", str(error))
            if not missing:
                raise
            import torch

            for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
                del sys.modules[name]
            torch.library.define(missing.group(1), "(Tensor dets, Tensor scores, float threshold) -> Tensor")
    raise RuntimeError("torchvision cannot be imported: install the build that matches your torch")
