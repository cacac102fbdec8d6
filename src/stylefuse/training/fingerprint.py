"""Fingerprints of trainings: a hash of options, pictures and code, and what differs between two trainings.

A training goes on from a checkpoint only if its fingerprint is the same.
"""

import ast
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from stylefuse.images.store import ImageStore

_PACKAGE = Path(__file__).parents[1]


def fingerprint(*parts: Any) -> str:
    """Return sixteen hex digits; equal parts give equal fingerprints.

    Args:
        parts: frozen dataclasses, or anything JSON holds.
    """
    plain = [asdict(part) if is_dataclass(part) and not isinstance(part, type) else part for part in parts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def code_hash(*modules: str) -> str:
    """Return a sha256 over the code of these modules and of all modules of the package that they import.

    Comments, docstrings and layout do not count. Imports count wherever they stand, directly or through others.

    Args:
        modules: dotted names, "stylefuse.training.classifier".
    """
    found: dict[Path, str] = {}
    waiting = [_file_of(module) for module in modules]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path], names = _code_of(path.read_bytes())
            waiting += [file for name in names if (file := _in_package(name))]
    digest = hashlib.sha256()
    for path in sorted(found):
        name = path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else path.name
        digest.update(f"{name}\n{found[path]}\n".encode())
    return digest.hexdigest()


@cache
def _code_of(source: bytes) -> tuple[str, frozenset[str]]:
    """A module's code without docstrings, and the full names in the package that it imports."""
    tree = ast.parse(source)
    names = _imported(tree)
    return _without_docstrings(tree), names


def _file_of(module: str) -> Path:
    if module.startswith(f"{_PACKAGE.name}.") and (path := _in_package(module)):
        return path
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source file of module {module}", name=module)
    return Path(spec.origin)


def _in_package(module: str) -> Path | None:
    """The file of a module of the package; None where the name is not that of a module."""
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _imported(tree: ast.Module) -> frozenset[str]:
    """Full names in the package that a module imports; imports for type checkers alone do not count."""
    named: set[str] = set()
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and _is_for_types(node)]
    skipped = {id(inner) for node in typing for statement in node.body for inner in ast.walk(statement)}
    for node in (node for node in ast.walk(tree) if id(node) not in skipped):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
    return frozenset(name for name in named if name.startswith(f"{_PACKAGE.name}."))


def _is_for_types(node: ast.If) -> bool:
    return ast.unparse(node.test).endswith("TYPE_CHECKING")


def _without_docstrings(tree: ast.Module) -> str:
    """The module's code in a standard layout; changes the tree."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.unparse(tree)


def pictures_of(manifest: "pd.DataFrame", store: "ImageStore") -> dict[str, Any]:
    """Return what a training's definition says of its pictures.

    Returns:
        `pictures`: by style, a short hash of each picture with its split and margins, which decide what of it is
        seen; `pixels`: a hash of all stored pixels.
    """
    from stylefuse.images.manifest import kept, pixels_hash

    usable = kept(manifest)
    marks = usable["sha256"].str[:12] + " " + usable["split"] + " " + usable["trim"]
    by_style = {style: sorted(group) for style, group in marks.groupby(usable["style"])}
    return {"pictures": by_style, "pixels": pixels_hash(manifest, store.index())}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a line for each difference: "options.batch_size: 8 -> 4", "data: photo 2 added".

    Args:
        old, new: definitions of trainings, nested mappings: `pictures_of` under "data", `code_hash` under "code".
    """
    # JSON turns tuples to lists, as a file does.
    first, second = (json.loads(json.dumps(each)) for each in (old, new))
    lines = [_in_pictures(first.pop("data", None), second.pop("data", None))]
    before, now = (dict(_leaves(each, "")) for each in (first, second))
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            changed = f"{before.get(key, '(none)')} -> {now.get(key, '(none)')}"
            lines.append(
                "code: the training's modules were changed" if key == "code" else f"{key}: {changed}"
            )
    return [line for line in lines if line]


def check_options(facts: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Refuse a checkpoint that was written under other options.

    Args:
        facts: of the checkpoint.
        options: those that count for the fingerprint, of the training that would go on from it.

    Raises:
        ValueError: it names the options that differ; or a version wrote the checkpoint that did not record them.
    """
    if "options" not in facts:
        raise ValueError(
            "this checkpoint is of an older version of StyleFuse, which did not note its options: "
            "finish that training with the version that began it, or begin anew"
        )
    if lines := differences({"options": facts["options"]}, {"options": options}):
        raise ValueError(f"this checkpoint was written under other options: {'; '.join(lines)}")


def _in_pictures(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    if old == new:
        return ""
    old, new = ({"pictures": {}} if each is None else each for each in (old, new))
    parts = []
    for style in sorted(old["pictures"].keys() | new["pictures"].keys()):
        before, now = (Counter(each["pictures"].get(style, ())) for each in (old, new))
        counts = ((now - before).total(), "added"), ((before - now).total(), "removed")
        changes = [f"{count} {what}" for count, what in counts if count]
        parts += [f"{style} {', '.join(changes)}"] if changes else []
    return f"data: {'; '.join(parts) or 'the same pictures, stored in another size or order'}"


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value
