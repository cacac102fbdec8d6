"""The registry: what is registered, when the champion changes, and that nothing is registered twice."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import get_type_hints
from urllib.parse import unquote, urlsplit

import mlflow
import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from pydantic import ValidationError
from registering import DATA, GATE, MANIFEST, champion, packed, versions

from project import imports, source_of
from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.pipelines.register import create_pipeline
from stylefuse.pipelines.register.card import measure_budget
from stylefuse.pipelines.register.nodes import register_model, serving_command
from stylefuse.pipelines.register.options import RegisterOptions, Rule
from stylefuse.pipelines.register.package import PACKAGE, content_hash, copy_code, requirements
from stylefuse.pipelines.register.promotion import numbers, objections, stale
from stylefuse.tasks.task import find_heads
from stylefuse.tracking.errors import TrackingError

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("database")


def test_a_model_that_passes_becomes_champion(register, request):
    result = register(0, 0.7, ssim=None)
    assert (result["outcome"], result["version"]) == ("promoted", 1)
    version = champion(request.node.name)
    assert version.tags["gate"] == "passed" and version.tags["data_hash"] == DATA
    assert version.tags["content"] == result["content"] == content_hash({"generator": packed(0)})
    for word in (
        "ink, monet",
        "2 ink",
        DATA,
        "judge_accuracy | 0.7",
        "ssim | not measured",
        "too few",
        "GMACs",
        "parameters",
    ):
        assert word in version.description


def test_counts_of_another_manifest_do_not_stand_in_the_card(register, request):
    register(0, 0.7, data="other")
    card = champion(request.node.name).description
    assert "| Learned from | unknown |" in card and "2 ink" not in card


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


def hash_of(generator):
    return content_hash({"generator": generator})


def test_the_content_is_tensors_facts_and_code():
    one, same, other = packed(0), packed(0), packed(1)
    assert hash_of(one) == hash_of(same) != hash_of(other)
    assert hash_of(one) != hash_of(one._replace(facts={**one.facts, "data_hash": "e"}))


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
    distributions = {
        "c2pa": "c2pa-python",
        "PIL": "pillow",
        "cv2": "opencv-python-headless",
        "pillow_heif": "pillow-heif",
        "skimage": "scikit-image",
        "yaml": "pyyaml",
    }
    needed = {distributions.get(name, name) for name in modules - {"stylefuse"}}
    for name, distribution in (
        ("pillow_heif", "pillow-heif"),
        ("c2pa", "c2pa-python"),
        ("pydicom", "pydicom"),
        ("av", "av"),
    ):
        if find_spec(name) is None:
            needed.remove(distribution)
    assert needed <= {line.partition("==")[0] for line in requirements()}
    assert {"torch", "mlflow"} <= needed


def served_imports():
    todo, reached = [PACKAGE / "serving" / "model.py"], set()
    while todo:
        path = todo.pop()
        if path in reached:
            continue
        reached.add(path)
        for found in (each for each in imports(path) if not each.typing):
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
    reasons = objections([Rule(metric="m", **rule)], metrics, best)
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
    heads = {head.weights for head in find_heads().values()}
    measured = {f"{head.reports}_evaluation" for head in find_heads().values()}
    assert {"reviser", "fuser"} <= heads and {"revision_evaluation", "fusion_evaluation"} <= measured
    networks = {"generator", "classifier", "critic"}
    assert pipeline.inputs() == {*networks, "evaluation", "manifest", "params:register", *heads, *measured}
    assert pipeline.outputs() == {"registration"}


def files_of(version):
    """The folder of a version's files."""
    return Path(
        unquote(urlsplit(MlflowClient().get_model_version_download_uri(version.name, version.version)).path)
    )


def test_a_version_whose_files_are_gone_is_registered_anew(register, request, caplog):
    register(0, 0.7)
    shutil.rmtree(files_of(champion(request.node.name)))
    again = register(0, 0.7)
    assert (again["outcome"], again["version"]) == ("promoted", 2)
    assert "the files of" in caplog.text and "registered anew, as version 2" in caplog.text
    assert champion(request.node.name).version == 2
    assert (files_of(champion(request.node.name)) / "artifacts" / "generator.safetensors").is_file()
    assert register(0, 0.7)["outcome"] == "unchanged: version 2"


def test_one_missing_file_is_enough(register, request):
    register(0, 0.7)
    (files_of(champion(request.node.name)) / "artifacts" / "generator.safetensors").unlink()
    assert register(0, 0.7)["version"] == 2


def test_an_alias_moved_by_hand_stays_when_another_versions_files_are_gone(register, request):
    register(0, 0.7)
    register(1, 0.8)
    name = request.node.name
    MlflowClient().set_registered_model_alias(name, "champion", "1")  # somebody rolls back
    shutil.rmtree(files_of(MlflowClient().get_model_version(name, "2")))
    again = register(1, 0.8)
    assert (again["outcome"], again["version"]) == ("unchanged: version 3", 3)
    assert champion(name).version == 1
    shutil.rmtree(files_of(champion(name)))  # one that cannot be served holds no alias
    shutil.rmtree(files_of(MlflowClient().get_model_version(name, "3")))
    assert register(1, 0.8)["outcome"] == "promoted"


def many_styles():
    """A generator of 200 styles with names of 30 characters, and an evaluation of it as large as a real one."""
    styles = [f"style {number:03d} {'ü#' * 10}" for number in range(200)]
    assert {len(style) for style in styles} == {30}
    generator = Generator(201, GeneratorConfig((4, 8), 1))
    weights = pack_generator(generator, ["photo", *styles], image_size=64, data_hash="d" * 64)
    numbers = {f"a number of some length {i:02d}": i / 7 for i in range(40)}
    summary = {"judge_accuracy": 0.7, "ssim": 0.5}
    return weights, {"summary": summary, "styles": dict.fromkeys(styles, numbers), "warnings": []}


def test_two_hundred_styles_register_and_can_be_compared_with(request):
    weights, evaluation = many_styles()
    row = {"verdict": "ok", "sha256": "a", "split": "train", "trim": ""}
    manifest = pd.DataFrame({"style": weights.facts["styles"], **row})
    options = RegisterOptions(name=request.node.name, alias="champion", gate=GATE)
    with mlflow.start_run():
        assert register_model(weights, evaluation, manifest, options)["outcome"] == "promoted"
    version = champion(request.node.name)
    assert len(version.tags["metrics"]) < 1000 and len(version.description) <= 5000
    assert "artifacts/card.md" in version.description
    card = (files_of(version) / "artifacts" / "card.md").read_text(encoding="utf-8")
    assert all(style in card for style in weights.facts["styles"])
    # A rule that came later names a number that is not in the tag.
    style = weights.facts["styles"][7]
    rule = {"metric": f"styles.{style}.a number of some length 07", "not_worse_than_champion_by": 0.1}
    worse = {**evaluation, "styles": {style: {"a number of some length 07": 0.5}}}
    other = weights._replace(facts={**weights.facts, "images_seen": 9})
    stricter = RegisterOptions(name=request.node.name, alias="champion", gate=[rule])
    assert "champion's 1 by more than 0.1" in register_model(other, worse, manifest, stricter)["outcome"]


def test_numbers_of_an_older_versions_tag_are_still_a_bar(register, request):
    rule = [{"metric": "styles.ink.score", "not_worse_than_champion_by": 0.1}]
    register(0, 0.7)
    client, name = MlflowClient(), request.node.name
    client.set_model_version_tag(
        name, "1", "metrics", json.dumps({"styles.ink.score": 0.9})
    )  # all in the tag
    (files_of(champion(name)) / "artifacts" / "evaluation.json").unlink()
    assert "styles.ink.score is missing" in register(1, 0.7, gate=rule)["outcome"]
    options = RegisterOptions(name=name, alias="champion", gate=rule)
    outcome = register_model(packed(2), {"styles": {"ink": {"score": 0.5}}}, MANIFEST, options)["outcome"]
    assert "champion's 0.9" in outcome


def test_a_registration_that_fails_leaves_no_empty_model(register, request, monkeypatch):
    def fail(self, *arguments, **_):
        raise MlflowException("'value' exceeds the maximum length")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "_create_model_version", fail)
        with pytest.raises(MlflowException, match="maximum length"):
            register(0, 0.7)
    assert request.node.name not in [model.name for model in MlflowClient().search_registered_models()]
    register(0, 0.7)
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "_create_model_version", fail)
        with pytest.raises(MlflowException):
            register(1, 0.7)
    assert len(versions(request.node.name)) == 1


def test_a_registration_that_fails_keeps_a_model_that_was_made_by_hand(register, request, monkeypatch):
    client, name = MlflowClient(), request.node.name
    client.create_registered_model(name, {"owner": "Anna"}, "of the exhibition")

    def fail(self, *arguments, **_):
        raise MlflowException("'value' exceeds the maximum length")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "_create_model_version", fail)
        with pytest.raises(MlflowException, match="maximum length"):
            register(0, 0.7)
    kept = client.get_registered_model(name)
    assert (kept.description, kept.tags) == ("of the exhibition", {"owner": "Anna"})
    assert register(0, 0.7)["version"] == 1


@pytest.mark.parametrize("name", ["Anna's model", '12" prints', "C# (100%)", "été"])
def test_names_with_quotes_and_signs_can_be_registered_twice(name):
    options = RegisterOptions(name=name, alias="champion", gate=GATE)
    evaluation = {"summary": {"judge_accuracy": 0.7}}
    assert register_model(packed(0), evaluation, MANIFEST, options)["outcome"] == "promoted"
    assert register_model(packed(0), evaluation, MANIFEST, options)["outcome"] == "unchanged: version 1"


@pytest.mark.parametrize(
    "name", ["a/b", "a:b", "a@b", "a?b", "a\nb", " a", "", ".", "..", "x" * 257, "a'b\"c"]
)
def test_names_that_cannot_be_served_are_refused_before_any_work(name):
    with pytest.raises(ValidationError, match="a model's name"):
        RegisterOptions(name=name, alias="champion", gate=GATE)


@pytest.mark.parametrize("alias", ["", "a b", "a@b", "latest", "v1", "ü!"])
def test_aliases_that_mlflow_refuses_are_refused_before_any_work(alias):
    with pytest.raises(ValidationError, match="alias"):
        RegisterOptions(name="a", alias=alias, gate=GATE)


def test_the_model_travels_with_a_copy_of_its_code_that_can_be_changed(tmp_path, monkeypatch):
    installed = tmp_path / "read only" / "stylefuse"
    shutil.copytree(PACKAGE, installed, ignore=shutil.ignore_patterns("pipelines", "training"))
    (installed / "serving" / "__pycache__").mkdir(exist_ok=True)
    (installed / "serving" / "__pycache__" / "model.pyc").touch()
    for path in sorted(installed.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr("stylefuse.pipelines.register.package.PACKAGE", installed)
    copy = copy_code(tmp_path / "copy")
    assert all(path.stat().st_mode & 0o200 for path in copy.rglob("*"))
    assert not list(copy.rglob("__pycache__"))
    for path in installed.rglob("*"):
        path.chmod(0o755)


def test_processes_that_are_started_after_a_model_was_loaded_find_the_whole_package(tmp_path):
    """MLflow puts the model's copy first on the path of modules, and new processes take that over."""
    code = copy_code(tmp_path).parent
    ask = "import stylefuse.pipeline_registry as r; print(r.__file__, len(r.register_pipelines()))"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(code)), done.stderr


def test_an_unreachable_registry_is_named_with_what_to_do(register, monkeypatch):
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: "http://me:secret@tracking:5000")

    def fail(*arguments, **_):
        raise MlflowException("API request to /api failed with exception … Connection refused")

    monkeypatch.setattr(MlflowClient, "search_model_versions", fail)
    with pytest.raises(TrackingError, match="http://tracking:5000 does not answer") as error:
        register(0, 0.7)
    assert "kedro run --pipelines register" in str(error.value)


def test_the_end_names_the_command_that_serves_the_model(register, request, caplog):
    caplog.set_level("INFO", logger="stylefuse")
    register(0, 0.7)
    assert f"stylefuse serve --model models:/{request.node.name}@champion" in caplog.text
    register(1, 0.2)
    (blocked,) = [r.getMessage() for r in caplog.records if "does not become champion" in r.getMessage()]
    assert f"stylefuse serve --model models:/{request.node.name}/2" in blocked and "below 0.5" in blocked
    assert (
        serving_command("Anna's model@champion")
        == """stylefuse serve --model 'models:/Anna'"'"'s model@champion'"""
    )


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
