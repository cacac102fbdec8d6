"""Answer one sentence of a dialogue: a request to confirm, a question back, help with its source, or a refusal."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NamedTuple

from stylefuse.tasks.validation import RequestError
from stylefuse.words.answer import HELP, MOST_REQUESTS, QUESTION, REFUSAL, REQUEST, Answer, State, Wish
from stylefuse.words.judge import in_scope
from stylefuse.words.knobs import changes_of, read_with_knobs
from stylefuse.words.knowledge import ALIKE, knows, look_up
from stylefuse.words.lexicon import lexicon
from stylefuse.words.normalise import is_chinese, normalise
from stylefuse.words.scan import correct
from stylefuse.words.sentences import command, say, sentence, style_name, task_name
from stylefuse.words.understood import FUSE, STYLIZE
from stylefuse.words.wishes import Unclear, make_wish, shown_names

MOST_CHARACTERS = 1000
# Of the judge's probability that a sentence is about pictures that StyleFuse can make.
LIKELY, TOLD_APART, SURE, DOUBTFUL, UNLIKELY, EXPLAINED = 0.7, 0.55, 0.5, 0.3, 0.2, 0.1


class Served(NamedTuple):
    """What the model can do: names of its styles and of its tasks."""

    styles: tuple[str, ...]
    tasks: tuple[str, ...]


def ask(text: Any, served: Served, state: State | None = None, language: str | None = None) -> Answer:
    """Answer a sentence. Nothing is run: a request comes back as knobs, with the sentence that repeats it.

    Args:
        text: of at most MOST_CHARACTERS, in English or Chinese.
        state: of the dialogue so far.
        language: of the answer, "en" or "zh"; by default the sentence's.

    Raises:
        RequestError: the text is none, empty or too long.
    """
    if not isinstance(text, str) or not text.strip():
        raise RequestError(
            "text", "it is empty", "send a request in words, as in: like Monet, keep my colours"
        )
    if len(text) > MOST_CHARACTERS:
        raise RequestError("text", f"it has {len(text)} characters", f"send at most {MOST_CHARACTERS}")
    return _Turn(text, served, state or State(), language or ("zh" if is_chinese(text) else "en")).answer()


class _Turn:
    """One sentence with what was said before."""

    def __init__(self, text: str, served: Served, state: State, language: str):
        self.text, self.served, self.state, self.language = text, served, state, language
        base = state.pending or state.last
        known = lexicon(served.styles)
        self.before = list(base.tasks) if base else []
        tokens, self.reading, self.knobs = read_with_knobs(text, known, self.before)
        self.probability = 1.0 if self.knobs else in_scope(correct(normalise(text), known))
        self.numbers = any(token.number for token in tokens)

    def answer(self) -> Answer:
        try:
            self._use_knobs()
            return self._answer()
        except Unclear as unclear:
            return self._unclear(unclear)

    def _use_knobs(self) -> None:
        """Add what the knobs set; where the sentence names no task, and changes none, theirs is meant."""
        reading, base = self.reading, self._base()
        changes = changes_of(self.knobs, [*reading.tasks, *(base.tasks if base else ())])
        if changes and not (reading.tasks or base):
            reading.tasks = sorted({each.task for each in changes}, key=lambda task: task != FUSE)
            reading.flags.add("task")
        reading.changes += changes

    def _answer(self) -> Answer:
        reading, flags = self.reading, self.reading.flags
        if "undo" in flags and self._only_goes_back():
            return self._undo()
        if "reset" in flags and reading.is_empty:
            return self._say(QUESTION, "reset", State())
        if "yes" in flags and self.state.pending and reading.is_empty and self.state.pending.tasks:
            return self._confirmed()
        if "same" in flags and reading.is_empty and self.state.last and not reading.unknown:
            return self._request(self.state.last)
        if "clip" in flags and not reading.is_empty:
            return self._say(REFUSAL, "clip", self.state)
        if "nothing" in flags or ("world" in flags and (reading.styles or reading.unknown or reading.scene)):
            return self._out_of_scope()
        if "asks" in flags or ("help" in flags and reading.is_empty):
            return self._help()
        if "swap" in flags and self.state.last and reading.is_empty:
            return self._request(make_wish(reading, self.served.styles, self.served.tasks, self.state.last))
        return self._asked()

    def _only_goes_back(self) -> bool:
        """Whether nothing is asked for beside going back; "it was nicer", "too strong" only tell why."""
        reading = self.reading
        only_amounts = (
            all(each.param in ("strength", "stroke_size") for each in reading.changes) and not self.numbers
        )
        return reading.is_empty or bool(
            self.state.last and not reading.styles and not reading.tasks and only_amounts
        )

    def _asked(self) -> Answer:
        reading = self.reading
        flags, probability = reading.flags, self.probability
        about = bool(reading.styles or "task" in flags)
        out = [*reading.out, *(reading.acted_on if about else reading.scene)]
        if reading.unknown_style and probability >= DOUBTFUL and not reading.tasks and not out:
            raise Unclear(
                "unknown_style", refused=True, choices=self.served.styles, style=reading.unknown_style
            )
        if reading.is_empty:
            return self._nothing(out, probability)
        if (
            not about
            and not (self.state.last or self.state.pending)
            and (out or (probability < SURE and reading.unknown))
        ):
            return self._out_of_scope()
        has_wish = any(change.task in reading.tasks for change in reading.changes) or reading.pictures
        asked = "help" in flags or "asks" in flags
        topic = DOUBTFUL if reading.styles or has_wish else SURE  # below this, what is spoken of counts
        if not about and asked and probability < SURE:
            return self._out_of_scope()
        if about and probability < SURE and (out or asked or (reading.scene and probability < topic)):
            return self._out_of_scope()
        wish = make_wish(reading, self.served.styles, self.served.tasks, self._base())
        if not wish.tasks:
            return self._nothing(out, probability)
        if out:
            return self._doubt("not_all", wish, words=", ".join(out))
        foreign = bool(reading.unknown or reading.scene)
        plain = self.state.last or "pictures" in flags
        if (
            probability < (UNLIKELY if has_wish else SURE if plain else LIKELY)
            and foreign
            and not reading.styles
        ):
            return self._doubt("really", wish)  # "restore my phone"
        foreign = not self.state.last and (foreign or bool(reading.acts and wish.tasks == (STYLIZE,)))
        apart = UNLIKELY if "becomes" in flags else TOLD_APART  # "as Monet" says more than the judge
        if probability < (apart if foreign else EXPLAINED if about else DOUBTFUL) and (foreign or about):
            return self._doubt("really", wish)  # words that nothing explains, and the judge doubts as well
        return self._request(wish)

    def _nothing(self, out: list[str], probability: float) -> Answer:
        """Answer a sentence that asks for nothing that can be done."""
        reading = self.reading
        if reading.refused_styles or reading.refused_tasks:
            return self._say(QUESTION, "what_instead", self.state, self.served.tasks)
        if "vague" in reading.flags and not out:
            return self._say(QUESTION, "not_understood", self.state)
        return (
            self._out_of_scope()
            if out or probability < SURE
            else self._say(QUESTION, "not_understood", self.state)
        )

    def _base(self) -> Wish | None:
        """The request that this sentence changes, if it does not begin a new one."""
        if self.state.pending:
            return self.state.pending
        flags = self.reading.flags
        if "rest" in flags and self.state.last:
            return self.state.last
        new = "task" in flags or (self.reading.styles and "weak" in flags)
        return None if new and not flags & {"instead", "continues"} else self.state.last

    def _request(self, wish: Wish) -> Answer:
        state = State((*self.state.requests, wish)[-MOST_REQUESTS:])
        line = sentence(wish, self.language)
        return Answer(REQUEST, "request", line, self.language, state, wish, command=command(wish))

    def _confirmed(self) -> Answer:
        pending = self.state.pending
        assert pending is not None
        if "stylize" in pending.tasks and "style" not in pending.params:
            return self._unclear(Unclear("which_style", choices=self.served.styles, wish=pending))
        return self._request(pending)

    def _doubt(self, code: str, wish: Wish, **values: Any) -> Answer:
        state = replace(self.state, pending=wish)
        return self._say(QUESTION, code, state, request=sentence(wish, self.language), **values)

    def _undo(self) -> Answer:
        if len(self.state.requests) < 2:
            return self._say(
                QUESTION, "nothing_to_undo" if not self.state.requests else "undone_all", State()
            )
        requests = self.state.requests[:-1]
        line = sentence(requests[-1], self.language)
        text = say("undone", self.language, request=line)
        return Answer(
            REQUEST, "undo", text, self.language, State(requests), requests[-1], command=command(requests[-1])
        )

    def _help(self) -> Answer:
        found = look_up(
            self.text,
            self.reading.tasks,
            [change.param for change in self.reading.changes],
            alike=ALIKE / 3 if self.probability >= SURE else 3 * ALIKE,
        )
        flags = self.reading.flags
        foreign = "this_picture" in flags or self.reading.styles or not knows(self.reading.unknown)
        elsewhere = self.reading.out or self.reading.scene or (foreign and "how_to" not in flags)
        if found is None or elsewhere:
            return self._out_of_scope()
        text = say("help", self.language, text=found.text, source=found.source)
        return Answer(HELP, "help", text, self.language, self.state, source=found.source)

    def _out_of_scope(self) -> Answer:
        tasks = say("comma", self.language).join(task_name(task, self.language) for task in self.served.tasks)
        return self._say(REFUSAL, "out_of_scope", self.state, tasks=tasks)

    def _unclear(self, unclear: Unclear) -> Answer:
        state = replace(self.state, pending=unclear.wish) if unclear.wish else self.state
        values, language = dict(unclear.values), self.language
        if unclear.code == "unknown_style":
            asked = values["style"]
            names = next((each for each in self.reading.styles if shown_names(each) == asked), None)
            values["style"] = shown_names(names, language) if names else asked
            near = get_close_matches(asked.lower(), [each.lower() for each in self.served.styles], 1, 0.5)
            values["near"] = say("near", language, style=near[0]) if near else ""
        if "task" in values:
            values["task"] = task_name(values["task"], language)
        named = [
            style_name(each, language) if each in self.served.styles else task_name(each, language)
            for each in unclear.choices
        ]
        values["choices"] = say("comma", language).join(named)
        return self._say(
            REFUSAL if unclear.refused else QUESTION, unclear.code, state, unclear.choices, **values
        )

    def _say(self, kind: str, code: str, state: State, offered: Sequence[str] = (), **values: Any) -> Answer:
        return Answer(
            kind, code, say(code, self.language, **values), self.language, state, choices=tuple(offered)
        )
