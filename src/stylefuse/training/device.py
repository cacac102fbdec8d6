"""Where a training runs, and in which precision."""

import functools
from pathlib import Path
from typing import Any, Protocol

import torch

# What decides the roundings of a training beside its options; trainings that differ in it agree up to rounding only.
Surroundings = dict[str, Any]


class Places(Protocol):
    """A training's options, as far as they say where it runs."""

    device: str
    precision: str


def pick_device(name: str) -> torch.device:
    """The device that an option names; "auto" takes a GPU where there is one."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def pick_precision(options: Places, before: str | None = None) -> str:
    """fp32 or bf16; "auto" takes bf16 on a GPU, and on a processor that is faster in it.

    Args:
        before: of a training that goes on, its precision so far. With "auto", one that began in fp32 stays in it on
            every machine; one that began in bf16 does so only where the machine is not slower in bf16.
    """
    if options.precision != "auto":
        return options.precision
    if before == "fp32":
        return before
    return "bf16" if pick_device(options.device).type == "cuda" or _bf16_pays() else "fp32"


def surroundings(device: str, precision: str, processes: int = 1) -> Surroundings:
    """What a training runs on: device, precision, threads, processes, and the processor's or GPU's kind.

    Args:
        device: the option; precision: as `pick_precision` gives it.
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
    """In words: "cpu (AVX2), fp32, 2 threads, 1 process"."""
    numbers = [f"{where[n]} {n if where[n] != 1 else one}" for n, one in _COUNTS.items()]
    return ", ".join([f"{where['device']} ({where['instructions']})", where["precision"], *numbers])


_COUNTS = {"threads": "thread", "processes": "process"}


def changes(before: Surroundings, now: Surroundings) -> str:
    """What differs, "precision: bf16 -> fp32, threads: 2 -> 1"; empty where nothing does."""
    names = [name for name in now if before.get(name) != now[name]]
    return ", ".join(f"{name}: {before.get(name, 'unknown')} -> {now[name]}" for name in names)


@functools.cache
def _bf16_pays() -> bool:
    """Whether this CPU trains faster in bfloat16: AMX tiles, or AVX512-BF16 as AMD has it.

    A step of hybrid training took 1.4 times as long as in fp32 on a Xeon that has AVX512-BF16 and no AMX.
    """
    if torch.cpu._is_amx_tile_supported():
        return True
    facts = Path("/proc/cpuinfo")
    if not torch.cpu._is_avx512_bf16_supported() or not facts.exists():
        return False
    return "AuthenticAMD" in facts.read_text(encoding="utf-8", errors="replace")
