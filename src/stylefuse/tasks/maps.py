"""Maps that explain a result, each made when it is first read, so that a map which nobody asks for costs nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Map = Sequence["np.ndarray"]  # h×w floats in [0, 1], one or several


class MapError(ValueError):
    """A map cannot be made; the message says why and what to do, `code` says it to programs."""

    def __init__(self, message: str, code: str):
        super().__init__(message)
        self.code = code


class Maps(Mapping[str, Map]):
    """Maps by name. Reading one makes it, once, and raises MapError where it cannot be made.

    Args:
        makers: a function a map.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Map]]):
        self._makers = dict(makers)
        self._made: dict[str, Map] = {}

    def __getitem__(self, name: str) -> Map:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def joined(first: Mapping[str, Map], second: Mapping[str, Map]) -> Maps:
    """The maps of both, none of them made by this; of equal names the second's."""
    return Maps({name: partial(maps.__getitem__, name) for maps in (first, second) for name in maps})
