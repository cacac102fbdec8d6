"""Compare answers with what the author of the held-out requests expects."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stylefuse.tasks.stylize.mixture import read_mixture
from stylefuse.tasks.task import find_tasks
from stylefuse.words.answer import HELP, QUESTION, REFUSAL, REQUEST, Answer, read_state
from stylefuse.words.dialogue import Served, ask

_FOLDER = Path(__file__).parents[2] / "tests" / "words"
# The lexicon was tuned on the first four sets, on the third and the fourth after one measurement; never on the fifth.
HELD_OUT, HELD_OUT_AGAIN = _FOLDER / "held_out.jsonl", _FOLDER / "held_out_again.jsonl"
HELD_OUT_THIRD, HELD_OUT_FOURTH = _FOLDER / "held_out_third.jsonl", _FOLDER / "held_out_fourth.jsonl"
HELD_OUT_FIFTH = _FOLDER / "held_out_fifth.jsonl"
NEAR, NEAR_WEIGHT = 0.005, 0.01


class Scored(NamedTuple):
    """A held-out request with its answer. right: every slot is as expected."""

    request: Mapping[str, Any]
    answer: Answer
    right: bool

    @property
    def accepted(self) -> bool:
        return self.answer.kind in (REQUEST, HELP)


def score_all(path: Path = HELD_OUT_FIFTH) -> list[Scored]:
    """Every held-out request, answered and compared."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [score(_one_spelling(json.loads(line))) for line in lines if line.strip()]


def _one_spelling(request: dict[str, Any]) -> dict[str, Any]:
    """The request with mixtures as text: the third author wrote {"styles": {"ink": 0.3, "monet": 0.7}}."""
    for part in (request["state"], request["expect"]):
        params = (part or {}).get("params", {})
        if shares := params.pop("styles", None):
            params["style"] = ",".join(f"{name}:{share:g}" for name, share in shares.items())
    return request


def score(request: Mapping[str, Any]) -> Scored:
    state = request["state"]
    last = state and {"chain": state["task"], "params": state["params"], "pictures": None}
    first = {"chain": "stylize", "params": {"style": request["styles"][0]}, "pictures": None}
    state = read_state({"requests": [first, last]} if last else None)
    served = Served(tuple(request["styles"]), tuple(find_tasks()))
    answer = ask(request["text"], served, state)
    return Scored(request, answer, is_right(request, answer))


def is_right(request: Mapping[str, Any], answer: Answer) -> bool:
    """Whether an answer is the expected one. Of a task that is not installed, the right answer is to say so."""
    expected = request["expect"]
    if "ask" in expected:
        return answer.kind == QUESTION
    if "undo" in expected:
        return answer.code in ("undo", "undone_all")
    if expected.get("refuse") == "style":
        return answer.code == "unknown_style"
    if expected.get("refuse") == "scope":
        return answer.kind == REFUSAL
    if any(task not in find_tasks() for task in expected["task"].split("+")):
        return answer.code == "no_task"
    if answer.kind != REQUEST or answer.wish is None or answer.wish.chain != expected["task"]:
        return False
    styles = request["styles"]
    return same(expected["params"], answer.wish.params, styles)


def same(expected: Mapping[str, Any], given: Mapping[str, Any], styles: list[str]) -> bool:
    """Whether two sets of parameters mean the same; what is left out is at its default."""
    specs = {name: spec for task in find_tasks().values() for name, spec in task.specs.items()}
    for name in expected.keys() | given.keys():
        default = specs[name].default if name in specs else None
        left, right = expected.get(name, default), given.get(name, default)
        if name == "style":
            if left is None or right is None or not _same_style(left, right, styles):
                return False
        elif isinstance(left, int | float) and isinstance(right, int | float) and not isinstance(left, bool):
            if abs(left - right) > NEAR + 1e-9:
                return False
        elif str(left) != str(right):
            return False
    return True


def _same_style(left: str, right: str, styles: list[str]) -> bool:
    a, b = read_mixture(left, styles), read_mixture(right, styles)
    return a.keys() == b.keys() and all(abs(a[name] - b[name]) <= NEAR_WEIGHT for name in a)
