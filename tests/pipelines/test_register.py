"""The registry: what is registered, when the champion changes, and that nothing is registered twice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import mlflow
import pytest
import yaml
from mlflow import MlflowClient
from pydantic import ValidationError
from registering import champion, packed, versions

from project import imports, source_of
from stylefuse.networks.generator import Generator, GeneratorConfig
from stylefuse.pipelines.register import create_pipeline
from stylefuse.pipelines.register.card import measure_budget
from stylefuse.pipelines.register.gate import judge, numbers, stale
from stylefuse.pipelines.register.nodes import register_model
from stylefuse.pipelines.register.options import RegisterOptions, Rule
from stylefuse.pipelines.register.package import PACKAGE, content_hash, requirements

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("database")


def test_a_model_that_passes_becomes_champion(register, request):
    result = register(0, 0.7, ssim=None)
    assert (result["outcome"], result["version"]) == ("promoted", 1)
    version = champion(request.node.name)
    assert version.tags["gate"] == "passed" and version.tags["data_hash"] == "d" * 64
    assert version.tags["content"] == result["content"] == content_hash(packed(0))
    for word in (
        "ink, monet",
        "2 ink",
        "d" * 64,
        "judge_accuracy | 0.7",
        "ssim | not measured",
        "too few",
        "GMACs",
        "parameters",
    ):
        assert word in version.description


def test_what_the_gate_blocks_is_registered_but_not_served(register, request):
    register(0, 0.9)
    low, worse = register(1, 0.4), register(2, 0.8)
    assert low["outcome"].startswith("blocked: summary.judge_accuracy is 0.4, below 0.5")
    assert "champion's 0.9" in worse["outcome"] and "0.5" not in worse["outcome"]
    assert champion(request.node.name).version == 1
    assert len(versions(request.node.name)) == 3
    assert register(3, 0.86)["outcome"] == "promoted"
    assert champion(request.node.name).version == 4


def test_a_champion_of_other_pictures_is_no_bar(register, request):
    register(0, 0.9)
    assert register(1, 0.6)["outcome"].startswith("blocked")
    assert register(2, 0.6, data="e" * 64)["outcome"] == "promoted"


def test_numbers_of_another_generator_do_not_become_the_champions(register, request):
    register(0, 0.7)
    register(0, 0.99, about={"data_hash": "another"})
    assert json.loads(champion(request.node.name).tags["metrics"])["summary.judge_accuracy"] == 0.7


def test_the_same_model_is_registered_once(register, request):
    register(0, 0.7)
    register(1, 0.8)
    MlflowClient().set_registered_model_alias(request.node.name, "champion", "1")  # somebody rolls back
    assert register(1, 0.8)["outcome"] == "unchanged: version 2"
    assert champion(request.node.name).version == 1
    assert len(versions(request.node.name)) == 2


def test_a_blocked_model_that_passes_later_is_promoted_without_a_second_version(register, request):
    assert register(0, 0.4)["outcome"].startswith("blocked")
    assert register(0, 0.4)["outcome"].startswith("blocked")
    assert (
        register(0, 0.4, gate=[{"metric": "summary.judge_accuracy", "at_least": 0.3}])["outcome"]
        == "promoted"
    )
    assert len(versions(request.node.name)) == 1
    assert champion(request.node.name).tags["gate"] == "passed"


def test_registers_into_the_active_run_and_leaves_it_open(register, request):
    with mlflow.start_run() as run:
        register(0, 0.7)
        assert mlflow.active_run().info.run_id == run.info.run_id
    assert champion(request.node.name).run_id == run.info.run_id


def test_without_a_run_it_opens_and_closes_its_own(register, request):
    register(0, 0.7)
    assert mlflow.active_run() is None
    assert mlflow.get_run(champion(request.node.name).run_id).info.status == "FINISHED"


def test_the_content_is_tensors_facts_and_code():
    one, same, other = packed(0), packed(0), packed(1)
    assert content_hash(one) == content_hash(same) != content_hash(other)
    assert content_hash(one) != content_hash(one._replace(facts={**one.facts, "data_hash": "e"}))


def test_requirements_are_exact_and_installable():
    assert all("==" in line and "+" not in line for line in requirements())
    assert any(line.startswith("torch==") for line in requirements())


def test_budget():
    budget = measure_budget(packed(0))
    generator = Generator(3, GeneratorConfig((4, 8), 1))
    assert budget["parameters"] == sum(p.numel() for p in generator.parameters())
    # At least the first convolution, 64×64 × 3×3×3 × 4; at most every weight at every pixel.
    assert 64 * 64 * 27 * 4 / 1e9 < budget["gmacs"] < 64 * 64 * budget["parameters"] / 1e9


def test_requirements_name_all_that_the_served_model_imports():
    """The model's files travel with it; what they import of others is installed by these names."""
    modules = {name.partition(".")[0] for name in served_imports()} - set(sys.stdlib_module_names)
    distributions = {"PIL": "pillow", "cv2": "opencv-python-headless"}
    needed = {distributions.get(name, name) for name in modules - {"stylefuse"}}
    assert needed <= {line.partition("==")[0] for line in requirements()}
    assert {"torch", "mlflow"} <= needed


def served_imports():
    todo, reached = [PACKAGE / "serving" / "model.py"], set()
    while todo:
        path = todo.pop()
        if path in reached:
            continue
        reached.add(path)
        for found in imports(path):
            yield found.module
            if file := source_of(found.module):
                todo.append(file)


@pytest.mark.parametrize(
    ("rule", "metrics", "best", "words"),
    [
        ({"at_least": 0.5}, {"m": 0.5}, None, ""),
        ({"at_least": 0.5}, {"m": 0.49}, None, "below 0.5"),
        ({"at_most": 2}, {"m": 2.5}, None, "above 2"),
        ({"at_least": 0.5}, {}, None, "missing"),
        ({"at_least": 0.5}, {"m": float("nan")}, None, "missing"),
        ({"not_worse_than_champion_by": 0.1}, {"m": 0.0}, None, ""),
        ({"not_worse_than_champion_by": 0.1}, {"m": 0.75}, {"m": 0.8}, ""),
        ({"not_worse_than_champion_by": 0.1}, {"m": 0.6}, {"m": 0.8}, "worse"),
        ({"not_worse_than_champion_by": 0.1, "higher_is_better": False}, {"m": 0.6}, {"m": 0.8}, ""),
        ({"not_worse_than_champion_by": 0.1, "higher_is_better": False}, {"m": 1.0}, {"m": 0.8}, "worse"),
        ({"not_worse_than_champion_by": 0.1}, {"m": 0.6}, {}, "unknown"),
    ],
)
def test_gate(rule, metrics, best, words):
    reasons = judge([Rule(metric="m", **rule)], metrics, best)
    assert bool(reasons) == bool(words) and words in "".join(reasons)


def test_an_evaluation_of_another_generator_blocks():
    facts = {"fingerprint": "f", "data_hash": "d", "images_seen": 8}
    assert stale({"about": facts}, facts) == stale({}, facts) == []
    for key in facts:
        assert "another generator" in stale({"about": {**facts, key: 9}}, facts)[0]


def test_numbers():
    evaluation = {"a": {"b": 1, "c": True, "d": "x", "e": None}, "f": [1], "g": 0.5}
    assert numbers(evaluation) == {"a.b": 1.0, "g": 0.5}


@pytest.mark.parametrize("bounds", [{}, {"at_least": 1, "at_most": 2}, {"at_leats": 1}])
def test_a_rule_with_none_or_two_bounds_is_refused(bounds):
    with pytest.raises(ValidationError):
        Rule(metric="m", **bounds)


@pytest.mark.parametrize("env", ["base", "test"])
def test_the_parameters_files_are_valid(env):
    read = [yaml.safe_load((ROOT / f"conf/{e}/parameters_register.yml").read_text()) for e in ("base", env)]
    RegisterOptions(**(read[0]["register"] | read[1]["register"]))


def test_kedro_can_read_the_hints():
    assert get_type_hints(register_model)["options"] is RegisterOptions


def test_wiring():
    pipeline = create_pipeline()
    inputs = {"generator", "evaluation", "manifest", "params:register", "fuser", "fusion_evaluation"}
    assert pipeline.inputs() == inputs
    assert pipeline.outputs() == {"registration"}


@pytest.mark.slow
def test_loads_without_pickle_and_without_the_package(register, request, database):
    register(0, 0.7)
    script = """
import sys, mlflow
sys.path = [p for p in sys.path if not p.rstrip("/").endswith("src")]  # where an editable install points
model = mlflow.pyfunc.load_model(sys.argv[1])
import stylefuse
assert "artifacts" in stylefuse.__file__ or "code" in stylefuse.__file__, stylefuse.__file__
frame, params = model.input_example, {"style": "monet", "strength": 0.5}
print(len(model.predict(frame[0] if isinstance(frame, tuple) else frame, params=params)))
"""
    env = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    env.pop("PYTHONPATH", None)
    command = [sys.executable, "-c", script, f"models:/{request.node.name}@champion"]
    done = subprocess.run(command, env=env, cwd=database, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == "1"
