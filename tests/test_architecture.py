"""Who may import whom. The floors are drawn in CONTRIBUTING.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from project import SOURCE, Import, imports, source_of, sources

# What each part may import of ours, beside its own folder.
MAY_IMPORT = {
    "pipelines": {
        *(
            "serving",
            "tasks",
            "evaluation",
            "training",
            "metrics",
            "losses",
            "networks",
            "images",
            "tracking",
            "labels",
        ),
        *("_memory", "_atomic", "video"),
    },
    "messages": set(),
    "ready_made": set(),
    "serving": {
        *("ready_made", "tasks", "words", "messages", "networks", "images", "labels", "tracking"),
        *("_memory", "_progress", "video"),
    },
    "words": {"tasks", "messages"},
    "tasks": {"training", "metrics", "losses", "networks", "images", "_progress"},
    "video": {"images", "_atomic"},
    "labels": {"images", "messages", "video"},
    "evaluation": {"metrics", "networks", "images"},
    "tracking": set(),
    "training": {"losses", "metrics", "networks", "images", "_atomic", "_memory"},
    "metrics": {"images", "_torchvision"},
    "losses": {"images"},
    "networks": {"images", "_atomic", "_progress"},
    "images": {"_atomic"},
    "_torchvision": set(),
    "_memory": set(),
    "_progress": set(),
    "_atomic": set(),
    "_output_files": {"_atomic"},
    "output_folder": {"_atomic", "_output_files"},
    "datasets": {"networks", "output_folder", "_atomic"},
    "hooks": {"configuration", "images", "tasks", "tracking"},
    "settings": {"configuration", "hooks"},
    "configuration": {"pipelines", "tasks"},
    "cli": {"configuration", "hooks", "pipeline_registry", "pipelines"},
    "pipeline_registry": {"pipelines", "tasks"},
    "style_command": {"pipelines", "serving", "tasks", "training", "images"},
    "ask_command": {"model", "serving", "tasks", "words", "messages", "_atomic"},
    "command_line": {
        *("ask_command", "labels", "serving", "style_command", "task_command", "task_files", "tasks"),
    },
    "task_command": {
        *("model", "serving", "task_arguments", "task_files", "task_maps", "tasks", "images", "labels"),
        *("_atomic", "clip_command", "messages", "video"),
    },
    "task_arguments": {
        *("ready_made", "serving", "task_files", "task_maps", "tasks", "labels", "messages", "clip_command"),
    },
    "clip_command": {"model", "task_files", "tasks", "images", "labels", "video", "words"},
    "task_maps": {"serving", "task_files", "tasks", "images", "_atomic"},
    "task_files": {"pipelines", "tasks", "images", "video"},
    "model": {"serving", "task_method", "tasks", "networks", "images", "labels", "video"},
    "task_method": {"serving", "tasks", "images", "labels"},
    "__main__": set(),
    "__init__": {"model"},
}
# Only to name types in signatures.
MAY_NAME = {"losses": {"networks"}, "metrics": {"networks"}, "tasks": {"labels"}}
# A plain PyTorch library: none of these.
WORKFLOW = {"kedro", "kedro_datasets", "mlflow", "dvc", "pydantic"}
WORKFLOW_IN = {
    "pipelines": WORKFLOW - {"dvc"},
    "hooks": {"kedro", "mlflow"},
    "tracking": {"mlflow"},
    "settings": {"kedro"},
    "configuration": {"kedro"},
    "cli": {"kedro"},
    "pipeline_registry": {"kedro"},
    "datasets": {"kedro"},
    "__main__": {"kedro"},
    "tasks": {"pydantic"},
    "serving/model.py": {"mlflow"},
    # A process of its own, which finds a registered model and ends.
    "serving/service/registry.py": {"mlflow"},
}
# `kedro --help` imports these files, and should not wait seconds for these libraries.
LISTED_BY_KEDRO = {"nodes.py", "pipeline.py", "options.py", "__init__.py"}
SLOW = {"torch", "torchvision", "mlflow", "skimage", "scipy", "sklearn", "matplotlib"}


def part(file: Path) -> str:
    """The folder below stylefuse, or the name of a module that lies there."""
    first = file.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def name(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


@pytest.fixture(scope="module")
def found() -> list[tuple[Path, Import]]:
    """Every import of the package, with the file it stands in."""
    return [(file, each) for file in sources() for each in imports(file)]


def test_every_part_has_its_place_in_the_house():
    assert {part(file) for file in sources()} == MAY_IMPORT.keys()


def test_who_imports_whom(found):
    wrong = []
    for file, each in found:
        target = source_of(each.module)
        if target is None or target == SOURCE / "__init__.py" or part(target) == part(file):
            continue
        allowed = MAY_IMPORT[part(file)] | (MAY_NAME.get(part(file), set()) if each.typing else set())
        if part(target) not in allowed:
            wrong.append(f"{name(file)}:{each.line} imports {each.module}")
    assert wrong == []


def test_only_the_registry_process_of_serving_knows_the_tracking_database(found):
    knows = {name(file) for file, each in found if each.module.startswith("stylefuse.tracking")}
    assert {file for file in knows if file.startswith("serving/")} == {"serving/service/registry.py"}


def test_our_modules_exist(found):
    missing = [each.module for _, each in found if each.module.startswith("stylefuse.")]
    assert [module for module in missing if source_of(module) is None] == []


def test_pipelines_know_only_their_own_folder_and_what_is_shared(found):
    wrong = []
    for file, each in found:
        target = source_of(each.module)
        if target is None or part(file) != "pipelines" or part(target) != "pipelines":
            continue
        shared = target.parent == SOURCE / "pipelines"
        if not shared and target.parent != file.parent:
            wrong.append(f"{name(file)}:{each.line} imports {each.module}")
    assert wrong == []


def test_kedro_and_mlflow_stay_upstairs(found):
    wrong = []
    for file, each in found:
        allowed = WORKFLOW_IN.get(name(file), set()) | WORKFLOW_IN.get(part(file), set())
        if each.module.split(".")[0] in WORKFLOW - allowed:
            wrong.append(f"{name(file)}:{each.line} imports {each.module}")
    assert wrong == []


def reached(module: str) -> set[str]:
    """What importing a module brings in, in a fresh process, of libraries that cost seconds or memory."""
    code = f"import sys, {module}; print(*({SLOW | WORKFLOW!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_service_keeps_networks_in_its_workers_and_mlflow_out_of_both():
    assert reached("stylefuse.serving.service.command") <= {"pydantic"}  # FastAPI's
    worker = reached("stylefuse.serving.service.worker")
    assert "torch" in worker and worker & WORKFLOW == {"pydantic"}


def test_torchvision_comes_through_one_door(found):
    wrong = [name(file) for file, each in found if each.module.split(".")[0] == "torchvision"]
    # metrics/inception.py calls load_torchvision() before it imports what needs torchvision
    assert wrong == []


def test_files_that_kedro_lists_import_nothing_slow(found):
    wrong = [
        f"{name(file)}:{each.line} imports {each.module}"
        for file, each in found
        if (
            (part(file) == "pipelines" and file.name in LISTED_BY_KEDRO)
            or file.parent in (SOURCE, SOURCE / "cli")
        )
        and each.early
        and each.module.split(".")[0] in SLOW
    ]
    assert wrong == []


def test_listing_the_pipelines_imports_nothing_slow():
    """The same, whatever lies in between."""
    code = (
        "import sys; import stylefuse.settings, stylefuse.datasets, stylefuse.pipeline_registry as registry;"
        f"registry.register_pipelines(); print(sorted({SLOW!r} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_stay_short():
    lengths = {name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in sources()}
    assert {file: lines for file, lines in lengths.items() if lines > 250} == {}


def test_every_module_says_what_it_is():
    bare = [name(f) for f in sources() if not ast.get_docstring(ast.parse(f.read_text(encoding="utf-8")))]
    assert [file for file in bare if not file.endswith("__init__.py")] == []
