"""Import torchvision where its compiled operators do not match the installed torch.

A torchvision wheel built for CUDA, installed beside a CPU build of torch, dies on import with
`RuntimeError: operator torchvision::nms does not exist`. Nothing here uses those operators, so declaring
them lets the rest (transforms, models, utils) import. A matching pair never gets past the first attempt.
"""

import importlib
import re
import sys
from types import ModuleType


def load_torchvision() -> ModuleType:
    """Return the torchvision module; libraries that import it themselves work once this was called.

    Raises:
        RuntimeError: torchvision failed to import for any other reason than a missing operator.
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
