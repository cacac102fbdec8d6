"""Match all pairs of a set, and find the pictures that belong together."""

import itertools
from collections.abc import Sequence

from stylefuse._progress import tell
from stylefuse.tasks.panorama.features import Features, Pair, match

__all__ = ["Pair", "belonging", "match_all"]


def match_all(features: Sequence[Features]) -> list[Pair]:
    """Match every picture with every later one."""
    every = list(itertools.combinations(range(len(features)), 2))
    found = []
    for i, j in every:
        found.append(match(i, j, features[i], features[j]))
        tell(len(found) / len(every))
    return found


def belonging(pairs: Sequence[Pair], count: int) -> list[int]:
    """The largest group that matched pairs connect, as sorted numbers; of equal ones that with the first picture."""
    group = list(range(count))
    for pair in pairs:
        if pair.verdict == "matched":
            old, new = group[pair.second], group[pair.first]
            group = [new if each == old else each for each in group]
    members = [[i for i in range(count) if group[i] == each] for each in dict.fromkeys(group)]
    return max(members, key=len)
