"""Choose the device and precision of a training, and describe where it runs."""

import contextlib
import functools
from pathlib import Path
from typing import Any, Protocol

import torch

# What a training runs on. Trainings that differ in it alone are equal up to rounding.
Surroundings = dict[str, Any]


class Placement(Protocol):
    """Options that choose device and precision."""

    @property
    def device(self) -> str: ...

    @property
    def precision(self) -> str: ...


def pick_device(name: str) -> torch.device:
    """Return the device that an option names. "auto" is a GPU if there is one."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def pick_precision(options: Placement, before: str | None = None) -> str:
    """Return "fp32" or "bf16". "auto" is bf16 on a GPU, and on a processor that is faster in bf16.

    Args:
        before: the precision so far of a training that is resumed. With "auto", a training that began in fp32 keeps it
            on every machine; one that began in bf16 keeps it where bf16 is faster.
    """
    if options.precision != "auto":
        return options.precision
    if before == "fp32":
        return before
    return "bf16" if pick_device(options.device).type == "cuda" or _bf16_pays() else "fp32"


def surroundings(device: str, precision: str, processes: int = 1) -> Surroundings:
    """Describe what a training runs on: device, precision, threads, processes, and kind of processor or GPU.

    Args:
        device: the option.
        precision: what `pick_precision` returned.
    """
    picked = pick_device(device)
    cuda = picked.type == "cuda"
    return {
        "device": picked.type,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "processes": processes,
        "instructions": torch.cuda.get_device_name() if cuda else torch.backends.cpu.get_cpu_capability(),
    }


def described(where: Surroundings) -> str:
    """Return surroundings as text: "cpu (AVX2), fp32, 2 threads, 1 process"."""
    numbers = [f"{where[n]} {n if where[n] != 1 else one}" for n, one in _COUNTS.items()]
    return ", ".join([f"{where['device']} ({where['instructions']})", where["precision"], *numbers])


_COUNTS = {"threads": "thread", "processes": "process"}


def changes(before: Surroundings, now: Surroundings) -> str:
    """Return what differs, "precision: bf16 -> fp32, threads: 2 -> 1"; empty if nothing does."""
    names = [name for name in now if before.get(name) != now[name]]
    return ", ".join(f"{name}: {before.get(name, 'unknown')} -> {now[name]}" for name in names)


@functools.cache
def _bf16_pays() -> bool:
    """Whether this CPU trains faster in bfloat16: it has AMX tiles, or it is an AMD processor with AVX512-BF16.

    On a Xeon with AVX512-BF16 and without AMX, a step of G's training took 1.4 times as long as in fp32.
    """
    if torch.cpu._is_amx_tile_supported():
        return True
    about = Path("/proc/cpuinfo")
    if not torch.cpu._is_avx512_bf16_supported() or not about.exists():
        return False
    return "AuthenticAMD" in about.read_text(encoding="utf-8", errors="replace")


def autocast(options: Placement) -> contextlib.AbstractContextManager:
    """Context in which networks run in bfloat16, if `pick_precision` chooses it."""
    enabled = pick_precision(options) == "bf16"
    return torch.autocast(pick_device(options.device).type, dtype=torch.bfloat16, enabled=enabled)
