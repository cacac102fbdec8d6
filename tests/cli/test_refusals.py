"""How a run ends on an error: our refusals with their sentence, programming errors with their traceback."""

import errno
import json
import logging

import click
import pytest
from kedro.io import DatasetError
from kedro_datasets.json import JSONDataset

from stylefuse.cli.refusals import TRACEBACK, refusal, without_traceback
from stylefuse.hooks import check_runtime_params
from stylefuse.networks.weights import read_weights
from stylefuse.pipelines.batches.options import batch_options
from stylefuse.pipelines.register.options import RegisterOptions
from stylefuse.tasks.stylize import TASK


def raised(call):
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_a_refusal_of_ours_is_its_sentence(tmp_path):
    error = raised(lambda: read_weights(tmp_path / "none"))
    assert refusal(error) == str(error) and "no weights at" in refusal(error)


def test_within_kedros_wrapping_it_is_the_same_sentence(tmp_path):
    class Ours(JSONDataset):
        def load(self):
            return read_weights(tmp_path / "none")

    error = raised(Ours(filepath=str(tmp_path / "a.json")).load)
    assert isinstance(error, DatasetError) and refusal(error) == str(error.__cause__)


def test_a_file_that_is_missing_is_kedros_sentence(tmp_path):
    error = raised(JSONDataset(filepath=str(tmp_path / "a.json")).load)
    assert str(tmp_path / "a.json") in refusal(error)


def test_a_full_disk_is_a_sentence():
    assert refusal(OSError(errno.ENOSPC, "No space left on device", "/data/x")).endswith("'/data/x'")


@pytest.mark.parametrize(
    "call",
    [
        lambda: 1 / 0,
        lambda: check_runtime_params(None, None, None),  # fails within our code, raises nothing on purpose
        lambda: json.loads("{"),
        lambda: (_ for _ in ()).throw(ValueError("elsewhere")),
    ],
)
def test_a_programming_error_keeps_its_traceback(call):
    error = raised(call)
    assert refusal(error) is None
    with pytest.raises(type(error)), without_traceback():
        raise error


def test_a_programming_error_within_a_dataset_keeps_its_traceback(tmp_path):
    class Broken(JSONDataset):
        def load(self):
            return {}["missing"]

    assert refusal(raised(Broken(filepath=str(tmp_path / "a.json")).load)) is None


def test_the_command_ends_with_the_sentence_and_logs_the_traceback(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG, logger="stylefuse.cli.refusals")
    with pytest.raises(click.ClickException) as error, without_traceback():
        read_weights(tmp_path / "none")
    assert error.value.message.startswith("no weights at") and error.value.exit_code == 1
    assert "Traceback" in caplog.text
    monkeypatch.setenv(TRACEBACK, "1")
    with pytest.raises(FileNotFoundError), without_traceback():
        read_weights(tmp_path / "none")


@pytest.mark.parametrize(
    ("options", "given", "words"),
    [
        (
            batch_options(TASK),
            {"style": 1905},
            "style: is not text; in a file, write it in quotes .it is 1905.",
        ),
        (
            batch_options(TASK),
            {"styl": "x"},
            "styl: unknown; known are certificate, contrast, format, keep_metadata",
        ),
        (batch_options(TASK), {"strength": 4}, "strength: 4.0 is not a number from 0 to 1; send a number"),
        (
            RegisterOptions,
            {"gate": [{"metric": "m", "at_leats": 1}]},
            "gate.0.at_leats: unknown; known are at_least",
        ),
    ],
)
def test_wrong_parameters_are_told_by_name_without_names_of_classes(options, given, words):
    with pytest.raises(ValueError, match=words) as error:
        options.model_validate(given)
    assert "pydantic" not in str(error.value)


def test_kedros_report_on_parameters_becomes_lines_with_whole_names():
    from kedro.pipeline import Node, Pipeline
    from kedro.validation.parameter_validator import ParameterValidator

    def node(options: RegisterOptions) -> int:
        return 1

    pipeline = Pipeline([Node(node, "params:register", "out")])
    given = {"register": {"name": "a/b", "alias": "c", "gate": [], "nam": 1}}
    lines = refusal(
        raised(lambda: ParameterValidator({"p": pipeline}).validate_raw_params(given))
    ).splitlines()
    assert lines[0].startswith("parameter register.name: a model's name cannot have '/'")
    assert lines[1] == "parameter register.nam: unknown; known are alias, gate, name"
