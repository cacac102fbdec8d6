"""What was understood of a sentence: tasks, styles, changes of parameters, and what else it speaks of."""

from dataclasses import dataclass, field
from typing import Any

STYLIZE, FUSE = "stylize", "fuse"


@dataclass(frozen=True)
class Change:
    """A change of a parameter: `set` it to a value, or `times`/`plus` the value that it has."""

    task: str
    param: str
    how: str
    value: Any


@dataclass
class Reading:
    """What was understood.

    tasks: in the order of the chain. styles: of each mention the names that it may mean. weights: of the styles, as far
    as the sentence gives them. unknown: words that the lexicon lacks. scene, acted_on: what the picture
    shows, and what of it is to be changed. acts: words of changing what a picture shows, such as "erase". out: what
    StyleFuse cannot do. flags: roles that speak of the dialogue, and the kinds of `kinds.py`.
    """

    tasks: list[str] = field(default_factory=list)
    refused_tasks: list[str] = field(default_factory=list)
    styles: list[tuple[str, ...]] = field(default_factory=list)
    refused_styles: list[tuple[str, ...]] = field(default_factory=list)
    weights: list[float | None] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    pictures: int | None = None
    out: list[str] = field(default_factory=list)
    scene: list[str] = field(default_factory=list)
    acted_on: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unknown_style: str = ""
    alternatives: bool = False
    joined: bool = False
    flags: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        return not (self.tasks or self.styles or self.changes or "all_styles" in self.flags)
