"""Parameters files, their typed options, and the catalog fit each other in every environment."""

import dataclasses
import inspect
import subprocess
import sys
import typing
from typing import Any

import pytest
import yaml
from kedro.validation import ParameterValidationError
from pydantic import BaseModel, TypeAdapter

from project import ROOT, configuration, pipelines, session
from stylefuse.pipelines.parameters import Parameters
from stylefuse.tasks.task import find_heads, find_tasks

CONF = ROOT / "conf"
ENVIRONMENTS = sorted(folder.name for folder in CONF.iterdir() if (folder / "globals.yml").is_file())
FILES = sorted((CONF / "base").glob("parameters_*.yml"))


@pytest.fixture(scope="module")
def nodes():
    unique = {node.name: node for pipeline in pipelines().values() for node in pipeline.nodes}
    return list(unique.values())


@pytest.fixture(scope="module")
def options(nodes) -> dict[str, type[Parameters]]:
    """The class of each `params:` that a node takes, from the node's annotations."""
    classes = {}
    for node in nodes:
        hints = typing.get_type_hints(node.func)  # a class that cannot be resolved would go unchecked
        bound = inspect.signature(node.func).bind(*node.inputs).arguments
        for argument, dataset in bound.items():
            if isinstance(dataset, str) and dataset.startswith("params:"):
                known = classes.setdefault(dataset.removeprefix("params:"), hints[argument])
                assert known is hints[argument], f"{dataset} has two types"
    return classes


def test_every_parameter_is_typed_and_in_a_file_of_its_name_or_a_task_s_own(options):
    assert all(issubclass(kind, Parameters) for kind in options.values())
    in_files = options.keys() - find_tasks().keys()
    assert {f"parameters_{name}.yml" for name in in_files} == {file.name for file in FILES}


def test_options_are_frozen_and_closed(options):
    def strict(kind: type) -> bool:
        if issubclass(kind, BaseModel):
            return kind.model_config.get("frozen") and kind.model_config.get("extra") == "forbid"
        return kind.__dataclass_params__.frozen and kind.__pydantic_config__.get("extra") == "forbid"

    loose = [kind for root in options.values() for kind in nested(root) if not strict(kind)]
    assert loose == []


def fields(kind: type) -> dict[str, Any]:
    """Name and type of each field of a pydantic model or a dataclass."""
    if issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def structured(kind: Any) -> bool:
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind))


def nested(kind: type) -> list[type]:
    return [kind, *(inner for f in fields(kind).values() if structured(f) for inner in nested(f))]


def keys(values: dict[str, Any], kind: type, prefix: str) -> set[str]:
    """Dotted keys of a parameters file, as deep as its options class goes."""
    found, known = set(), fields(kind)
    for key, value in values.items():
        inner = known.get(key)
        found |= keys(value, inner, f"{prefix}.{key}") if structured(inner) else {f"{prefix}.{key}"}
    return found


def all_keys(kind: type, prefix: str) -> set[str]:
    found = set()
    for key, inner in fields(kind).items():
        found |= all_keys(inner, f"{prefix}.{key}") if structured(inner) else {f"{prefix}.{key}"}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_base_file_states_every_key_and_no_other(file, options):
    """What can be turned is in the file, not only in the code."""
    ((name, values),) = yaml.safe_load(file.read_text(encoding="utf-8")).items()
    assert file.stem == f"parameters_{name}"
    assert keys(values, options[name], name) == all_keys(options[name], name)


@pytest.mark.parametrize("name", ["pretrain_classifier", "train_fuser", "train_hybrid"])
def test_a_training_s_base_file_states_the_defaults_of_its_options(name, options):
    """Each number stands in both, so that it can be read with its reason; this test keeps them equal."""
    ((_, values),) = yaml.safe_load((CONF / "base" / f"parameters_{name}.yml").read_text()).items()
    kinds = {key: kind for key, kind in fields(options[name]).items() if dataclasses.is_dataclass(kind)}
    assert len(kinds) == {"pretrain_classifier": 2, "train_fuser": 2, "train_hybrid": 1}[name]
    for key, kind in kinds.items():
        assert TypeAdapter(kind).validate_python(values[key]) == kind(), key


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_line_of_a_base_file_has_its_reason(file):
    """A comment on the line, or on the lines above it; one may stand for a block of keys."""
    lines = file.read_text(encoding="utf-8").splitlines()
    assert sum("#" in line for line in lines) >= len(lines) / 3


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_environment_is_valid(env, options):
    values = configuration("parameters", env)
    assert values.keys() == options.keys()
    for name, kind in options.items():
        TypeAdapter(kind).validate_python(values[name])


@pytest.mark.parametrize(
    ("pipeline", "word", "parameters"),
    [
        ("train_hybrid", "trainin", {"train_hybrid": {"trainin": {"images": 3}}}),
        ("train_hybrid", "imagess", {"train_hybrid": {"training": {"imagess": 3}}}),
        ("train_hybrid", "styles", {"train_hybrid": {"training": {"weights": {"styles": 1}}}}),
        ("pretrain_classifier", "rates", {"pretrain_classifier": {"judge": {"rates": 1}}}),
        ("train_style", "photoss", {"evaluate": {"photoss": 3}}),  # the last but one of six stages
    ],
)
def test_a_misspelt_parameter_is_refused_before_any_node_runs(
    pipeline, word, parameters, tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with (
        session("test", data_root=str(tmp_path / "data"), **parameters) as kedro,
        pytest.raises(ParameterValidationError, match=rf"\b{word}: unknown; known are \w+"),
    ):
        kedro.run(pipeline_names=[pipeline])
    assert list(tmp_path.iterdir()) == []  # neither results nor a run


def test_every_dataset_is_used_and_every_use_is_listed(nodes):
    used = {name for node in nodes for name in (*node.inputs, *node.outputs)}
    listed = {name for name in configuration("catalog") if "{" not in name}
    used = {name for name in used if not name.startswith("params:")}
    assert listed <= used
    by_pattern = {
        f"{task}_{what}" for task in find_tasks() for what in ("input", "staging", "output", "report")
    }
    by_pattern |= {
        f"{head.weights}{what}"
        for head in find_heads().values()
        if head.weights.endswith("_head")
        for what in ("", "_samples", "_log", "_evaluation", "_report")
    }
    assert used - listed <= by_pattern


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_environments_do_not_write_into_each_other(env):
    """Each has a data root of its own; two that share one would take each other's results for theirs."""
    roots = {other: root_of(other) for other in ENVIRONMENTS}
    assert [other for other, root in roots.items() if root == roots[env]] == [env]


def root_of(env: str) -> str:
    return configuration("catalog", env)["manifest"]["filepath"]


def test_a_quick_try_shortens_every_stage():
    """Whoever tries a dozen pictures of their own should not wait for the classifiers of a whole training."""
    base, quick = (configuration("parameters", env) for env in ("base", "quick"))

    def lengths(values):
        trainings = [values["pretrain_classifier"][name] for name in ("classifier", "judge")]
        trainings += [values[name]["training"] for name in ("train_hybrid", "train_fuser")]
        return [each["images"] for each in trainings] + [
            values["sample"]["photos"],
            values["sample"]["pictures"],
            values["evaluate"]["photos"],
            values["evaluate"]["bootstrap_repeats"],
        ]

    assert all(short <= 0.45 * whole for short, whole in zip(lengths(quick), lengths(base), strict=True))
    assert quick["register"]["name"] != base["register"]["name"]


def test_kedro_finds_its_own_commands():
    """It imports a project's modules of certain names as commands, and fails as a whole where one of them is none."""
    asked = subprocess.run(
        [sys.executable, "-m", "kedro", "registry", "list"], cwd=ROOT, capture_output=True, text=True
    )
    assert asked.returncode == 0, asked.stderr
    assert "train_style" in asked.stdout
