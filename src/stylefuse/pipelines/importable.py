"""Functions of nodes that are made at run time."""

import sys
from collections.abc import Callable
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])


def importable(function: Function, module: str, name: str) -> Function:
    """Make a function an attribute of a module, so that a process of a parallel runner can import it.

    Args:
        function: made at run time, for instance within another function.
        module: name of a module that is imported.
        name: of the attribute, and from now on of the function.
    """
    function.__module__, function.__name__, function.__qualname__ = module, name, name
    setattr(sys.modules[module], name, function)
    return function
