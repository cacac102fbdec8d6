"""Declarations of tasks and their parameters: what is refused when they are found."""

import pickle

import pytest
from pydantic import Field

import stylefuse.tasks
from stylefuse.pipelines.batches.options import batch_options, steps_of
from stylefuse.pipelines.batches.pipeline import create_pipeline, folder_node
from stylefuse.pipelines.train_head.options import parameters_of
from stylefuse.tasks import stylize
from stylefuse.tasks.chains import parse_chain, with_appended
from stylefuse.tasks.fuse.head import FUSER
from stylefuse.tasks.params import Number, Params, number, specs
from stylefuse.tasks.task import Task, find_tasks
from stylefuse.tasks.validation import RequestError


class Required(Params):
    amount: Number


class Optional(Params):
    amount: Number | None = None


class Excluded(Params):
    amount: Number = Field(0.5, gt=0, lt=1)


@pytest.mark.parametrize(
    ("params", "words"),
    [(Required, "has no default"), (Optional, "is of type"), (Excluded, "has a bound that is excluded")],
)
def test_parameters_that_flags_and_forms_cannot_hold_are_refused_when_declared(params, words):
    with pytest.raises(TypeError, match=f"the parameter amount {words}"):
        specs(params)


def folder(tmp_path, monkeypatch, name, text):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(text)
    monkeypatch.setattr(stylefuse.tasks, "__path__", [*stylefuse.tasks.__path__, str(tmp_path)])
    find_tasks.cache_clear()


TASK = """
from stylefuse.tasks.params import Number, Params, number
from stylefuse.tasks.task import Task

class P(Params):
    {name}: Number = number(1.0, 0, 1, "help")

TASK = Task(name="{task}", summary="Do", params=P, predictor=lambda networks: None)
"""


@pytest.mark.parametrize(
    ("folder_name", "task", "name", "words"),
    [
        ("toy_a", "toy_a", "format", "parameter of the task toy_a is called format"),
        ("serve", "serve", "amount", "a task cannot be called serve"),
        ("toy_b", "toy_c", "amount", "the task in the folder tasks/toy_b is called toy_c"),
        ("toy_d", "toy_d", "align", "declare the parameter align differently"),
    ],
)
def test_names_that_have_another_meaning_are_refused(tmp_path, monkeypatch, folder_name, task, name, words):
    folder(tmp_path, monkeypatch, folder_name, TASK.format(task=task, name=name))
    try:
        with pytest.raises(ValueError, match=words):
            find_tasks()
    finally:
        monkeypatch.undo()
        find_tasks.cache_clear()


def test_a_folder_without_a_task_is_no_task(tmp_path, monkeypatch):
    folder(tmp_path, monkeypatch, "toy_empty", "")
    try:
        assert "toy_empty" not in find_tasks()
    finally:
        monkeypatch.undo()
        find_tasks.cache_clear()


def test_parameters_append_their_task_or_are_refused():
    fuse = parse_chain("fuse")
    assert [task.name for task in with_appended(fuse, {"mode", "strength"})] == ["fuse", "stylize"]
    assert with_appended(fuse, {"mode"}) == fuse
    with pytest.raises(RequestError, match=r"contrast: .* send style or strength as well"):
        with_appended(fuse, {"contrast"})


class AmountParams(Params):
    amount: Number = number(1.0, 0, 1, "help")


def test_a_batch_appends_a_task_whose_parameter_left_its_default(monkeypatch):
    """Its default is a value, not None: at the default nothing is appended."""
    toy = Task(
        name="toy", summary="Do", params=AmountParams, predictor=None, appended_by=("amount",), rank=200
    )
    with_toy = {**find_tasks(), "toy": toy}
    monkeypatch.setattr("stylefuse.tasks.chains.find_tasks", lambda: with_toy)
    batch_options.cache_clear()
    task = stylize.TASK
    options = batch_options(task)
    assert [step.task.name for step in steps_of(task, options())] == ["stylize"]
    assert [step.task.name for step in steps_of(task, options(amount=0.5))] == ["stylize", "toy"]
    batch_options.cache_clear()


@pytest.mark.parametrize("task", ["stylize", "fuse"])
def test_a_batch_can_be_sent_to_another_process(task):
    """A parallel runner pickles the node's function and its parameters."""
    options = batch_options(find_tasks()[task])()
    assert pickle.loads(pickle.dumps(options)) == options
    create_pipeline(find_tasks()[task])
    node = folder_node(find_tasks()[task])
    assert pickle.loads(pickle.dumps(node)) is node


def test_parameters_of_a_head_can_be_sent_to_another_process():
    options = parameters_of(FUSER)(**FUSER.default_parameters())
    assert pickle.loads(pickle.dumps(options)) == options
