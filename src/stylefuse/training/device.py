"""Where a training runs."""

import torch


def pick_device(name: str) -> torch.device:
    """The device that an option names; "auto" takes a GPU where there is one."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)
