"""Folders that users hand over."""

from pathlib import Path


def visible_files(folder: Path) -> list[Path]:
    """All files in the folder and its subfolders, relative to it, sorted; hidden ones are the system's (.DS_Store)."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))
