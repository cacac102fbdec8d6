"""Functions of nodes, and classes of their parameters, that are made at run time."""

import sys
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made", bound=Callable[..., object])


def importable(made: Made, module: str, name: str) -> Made:
    """Make a function or a class an attribute of a module, so that a process of a parallel runner can import it.

    Args:
        made: at run time, for instance within a function.
        module: name of a module that is imported.
        name: of the attribute, and from now on of what was made.
    """
    made.__module__, made.__name__, made.__qualname__ = module, name, name
    setattr(sys.modules[module], name, made)
    return made
