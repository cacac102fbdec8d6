"""What people should know about a finished clip."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Remark(NamedTuple):
    """code: one word. sentence: in English. values: by name, from which other languages say the same."""

    code: str
    sentence: str
    values: Mapping[str, Any] = {}
