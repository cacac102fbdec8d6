"""Look up the parameters that the pipelines declare, and their types."""

from functools import cache
from typing import Any

from stylefuse.pipelines.parameters import alternatives, fields_of


class UnknownParameterError(ValueError):
    """No options class has this parameter; the message lists the known ones."""


@cache
def sections() -> dict[str, type]:
    """Return the options class of each section of the parameters, by the section's name."""
    from kedro.validation.type_extractor import TypeExtractor

    from stylefuse.pipeline_registry import register_pipelines

    return TypeExtractor(register_pipelines()).extract_types_from_pipelines()


def declared_type(key: str) -> Any:
    """Return the type of a parameter such as "train_hybrid.training.images".

    None if no type is declared: for an unknown section, which the run refuses later with the list of sections, and for
    values inside a list or a mapping.

    Raises:
        UnknownParameterError: the section has no such parameter.
    """
    section, *names = key.split(".")
    kind: Any = sections().get(section)
    for depth, name in enumerate(names):
        known = fields_of(kind)
        if not known:
            return None
        if name.partition("[")[0] not in known:
            place = ".".join([section, *names[: depth + 1]])
            raise UnknownParameterError(f"unknown parameter {place}; known are {', '.join(sorted(known))}")
        kind = known.get(name)
    return kind


def takes_text(kind: Any) -> bool:
    """Whether the type is text, or text or None."""
    return {inner for inner in alternatives(kind) if inner is not type(None)} == {str}


def takes_none(kind: Any) -> bool:
    return type(None) in alternatives(kind)
