"""Files of results, written all or nothing."""

import hashlib
import json
from pathlib import Path
from typing import Any

from stylefuse._atomic import write_whole


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON with indents."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8; missing folders are made."""
    write_whole(path, text.encode())


def hash_of(file: Path) -> str:
    """Return the first 12 digits of a file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
