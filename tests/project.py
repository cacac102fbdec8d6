"""The project as tests see it: where it lies, its configuration, its modules and what they import."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "stylefuse"


def session(env: str = "base", **runtime_params: Any) -> KedroSession:
    """A Kedro session of this project; it runs once."""
    bootstrap_project(ROOT)
    return KedroSession.create(project_path=ROOT, env=env, runtime_params=runtime_params)


@cache
def configuration(kind: str, env: str = "base", **runtime_params: str) -> dict[str, Any]:
    """The resolved "catalog" or "parameters" of an environment, as plain mappings."""
    with session(env, **runtime_params) as kedro:
        return dict(kedro.load_context().config_loader[kind])


@cache
def pipelines() -> dict[str, Any]:
    bootstrap_project(ROOT)
    from stylefuse.pipeline_registry import register_pipelines

    return register_pipelines()


class Import(NamedTuple):
    """module: dotted and absolute; early: it runs when the importing module does; typing: for type checkers only."""

    module: str
    line: int
    early: bool
    typing: bool


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def source_of(module: str) -> Path | None:
    """The file of a module of ours; None for anything else."""
    first, *rest = module.split(".")
    if first != "stylefuse":
        return None
    path = SOURCE.joinpath(*rest)
    candidates = (path / "__init__.py", path.with_suffix(".py") if rest else path)
    return next((file for file in candidates if file.is_file()), None)


def imports(path: Path) -> list[Import]:
    """Everything that a source file imports, wherever in the file."""
    package = ("stylefuse", *path.relative_to(SOURCE).parent.parts)
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), package, early=True, typing=False))


def _imports(node: ast.AST, package: tuple[str, ...], early: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(name.name, child.lineno, early, typing) for name in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = package[: len(package) - child.level + 1] if child.level else ()
            module = ".".join([*base, *([child.module] if child.module else [])])
            for name in child.names:
                # `from package import module` and `from module import name` look alike
                whole = f"{module}.{name.name}"
                yield Import(whole if source_of(whole) else module, child.lineno, early, typing)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            checked = isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
            yield from _imports(child, package, early and not function and not checked, typing or checked)


def reached_from(*places: Path) -> set[Path]:
    """The source files that modules import when they run, directly or through others; their own included.

    places: files, or folders of modules.
    """
    reached = set()
    todo = [file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])]
    while todo:
        path = todo.pop()
        if path not in reached:
            reached.add(path)
            # `import stylefuse` for its version does not run what its Python API imports on use.
            on_use = path != SOURCE / "__init__.py"
            run = [each for each in imports(path) if not each.typing and (each.early or on_use)]
            todo += [file for each in run if (file := source_of(each.module))]
    return reached
