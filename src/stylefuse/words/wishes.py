"""Make a wish from what was read: the chain, the style or mixture, parameters relative to the last request."""

from collections.abc import Sequence
from typing import Any

from stylefuse.tasks.chains import parse_chain
from stylefuse.tasks.stylize.mixture import as_text, read_mixture
from stylefuse.tasks.task import find_tasks
from stylefuse.words.answer import Wish
from stylefuse.words.lexicon import STYLE, known_styles, lexicon, movements
from stylefuse.words.normalise import normalise
from stylefuse.words.understood import STYLIZE, Change, Reading


class Unclear(Exception):  # noqa: N818 (an answer like any other)
    """The sentence is no request as it stands; what to ask or say instead.

    refused: whether the answer is a refusal. values: for the text. choices: to offer. wish: what is known so far.
    """

    def __init__(
        self,
        code: str,
        *,
        refused: bool = False,
        choices: Sequence[str] = (),
        wish: Wish | None = None,
        **values: Any,
    ):
        super().__init__(code)
        self.code, self.refused, self.choices, self.wish, self.values = (
            code,
            refused,
            tuple(choices),
            wish,
            values,
        )


def make_wish(reading: Reading, styles: Sequence[str], tasks: Sequence[str], base: Wish | None) -> Wish:
    """The request that a sentence makes.

    Args:
        styles, tasks: of the served model.
        base: the request that it changes; None begins a new one.

    Raises:
        Unclear: something is missing, ambiguous, or not there.
    """
    chain = _chain(reading, base)
    missing = [task for task in chain if task not in tasks]
    if missing:
        raise Unclear("no_task", refused=True, choices=tasks, task=missing[0])
    params = dict(base.params) if base else {}
    if reading.styles:
        params["style"] = _style(reading, styles)
    elif "all_styles" in reading.flags and len(styles) > 1:
        params["style"] = as_text(
            {
                name: round(w, 4)
                for name, w in read_mixture(",".join(f"{s}:1" for s in styles), styles).items()
            }
        )
    if "swap" in reading.flags and base and ":" in str(params.get("style")):
        params["style"] = _swapped(params["style"], styles)
    # Said twice, as in "too weak, a bit stronger", the last one counts.
    for change in {(each.task, each.param): each for each in reading.changes}.values():
        if change.task in chain:
            params[change.param] = _changed(change, params)
    pictures = reading.pictures or (base.pictures if base else None)
    wish = Wish(tuple(chain), params, pictures)
    if STYLIZE in chain and "style" not in params:
        raise Unclear("which_style", choices=styles, wish=wish)
    if not parse_chain(wish.chain):
        raise Unclear("no_chain", refused=True, choices=tasks, chain=wish.chain)
    _check_count(wish)
    return wish


def _chain(reading: Reading, base: Wish | None) -> list[str]:
    chain = list(reading.tasks)
    if "all_styles" in reading.flags and not base and STYLIZE not in chain:
        chain.append(STYLIZE)
    if base:
        chain = [*base.tasks, *(task for task in chain if task not in base.tasks)]
        chain = [task for task in chain if task not in reading.refused_tasks]
        chain.sort(key=lambda task: task != "fuse")
    if not chain and any(change.task == STYLIZE for change in reading.changes):
        chain = [STYLIZE]
    return chain


def _swapped(style: str, styles: Sequence[str]) -> str:
    """A mixture with its weights in reverse order."""
    mixture = read_mixture(style, styles)
    return as_text(dict(zip(mixture, reversed(mixture.values()), strict=True)))


def served_names(styles: Sequence[str]) -> dict[str, str]:
    """Served styles by the names under which the alias file knows them."""
    phrases = lexicon(tuple(styles)).phrases
    return {each.value: name for name in styles for each in phrases[normalise(name)] if each.role == STYLE}


def _style(reading: Reading, styles: Sequence[str]) -> str:
    served = served_names(styles)
    chosen: list[str] = []
    plain = [each for each in reading.styles if not each[0].startswith("*")]
    if plain and len(plain) < len(reading.styles):  # "impressionist, like Monet" names one style
        covered = {name for names in plain for name in names}
        rest = [each for each in reading.styles if each not in plain and covered.isdisjoint(_meant(each[0]))]
        if not rest:
            reading.weights = [
                w for w, each in zip(reading.weights, reading.styles, strict=True) if each in plain
            ]
            reading.styles = plain
    for names in reading.styles:
        fitting = list(
            dict.fromkeys(served[each] for name in names for each in _meant(name) if each in served)
        )
        if not fitting:
            raise Unclear("unknown_style", refused=True, choices=styles, style=shown_names(names))
        if len(fitting) > 1:
            raise Unclear("which_style", choices=fitting, wish=Wish((STYLIZE,)))
        chosen.append(fitting[0])
    if len(chosen) == 1:
        return chosen[0]
    if reading.alternatives or ("mainly" in reading.flags and None in reading.weights):
        raise Unclear("which_style", choices=chosen, wish=Wish((STYLIZE,)))
    weights = reading.weights if None not in reading.weights else [1.0] * len(chosen)
    if None in reading.weights and not (reading.joined or {"each", "mix"} & reading.flags):
        raise Unclear("mix_or_one", choices=chosen, wish=Wish((STYLIZE,)))
    text = ",".join(f"{name}:{weight:g}" for name, weight in zip(chosen, weights, strict=True))
    return as_text({name: round(weight, 4) for name, weight in read_mixture(text, styles).items()})


def _meant(name: str) -> list[str]:
    """Styles that a name may mean: itself, or those of a movement."""
    if not name.startswith("*"):
        return [name]
    about = movements()[name[1:]]
    return [
        *about.get("medium_of", ()),
        *(key for key, each in known_styles().items() if name[1:] in each["movements"]),
    ]


def shown_names(names: Sequence[str], language: str = "en") -> str:
    """How a style is called in a language."""
    name = names[0]
    about = movements().get(name[1:]) if name.startswith("*") else known_styles().get(name)
    return about[language] if about else name


def _changed(change: Change, params: dict[str, Any]) -> Any:
    """The new value of a parameter.

    Raises:
        Unclear: it is not a value that the parameter can have.
    """
    spec = find_tasks()[change.task].specs[change.param]
    value = change.value
    if change.how != "set":
        now = params.get(change.param, spec.default)
        value = now * change.value if change.how == "times" else now + change.value
        value = min(max(value, spec.least), spec.most)  # "stronger" than all there is, is all there is
    if spec.names and not isinstance(value, str):
        value = f"{value:g}"  # a scale of 2 is called "2"
    if spec.names and value not in spec.names:
        raise Unclear("no_value", choices=spec.names, param=change.param, value=value)
    if spec.least is not None and not spec.least <= value <= spec.most:
        raise Unclear(
            "out_of_range",
            param=change.param,
            value=f"{value:g}",
            least=f"{spec.least:g}",
            most=f"{spec.most:g}",
        )
    return round(float(value), 4) if spec.kind.value is float else value


def _check_count(wish: Wish) -> None:
    if wish.pictures is None or not wish.tasks:
        return
    least, most = find_tasks()[wish.tasks[0]].pictures
    if most > 1 and not least <= wish.pictures <= most:
        raise Unclear(
            "count", wish=Wish(wish.tasks, wish.params), least=least, most=most, count=wish.pictures
        )
