"""Stub until the training branch lands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Head:
    name: str
    prefix: str
    pipeline: str
    load: Callable[..., Any]
    chain: str
