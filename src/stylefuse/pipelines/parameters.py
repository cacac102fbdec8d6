"""Typed parameters: what a parameters file may hold, and nothing else."""

import dataclasses
import types
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError


class Parameters(BaseModel):
    """Base of every pipeline's options: frozen, and a key it does not know is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Read options from a mapping; Kedro calls this.

        Raises:
            ValueError: a line for each wrong parameter, which begins with its dotted name.
        """
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise ValueError("\n".join(_line(cls, each) for each in error.errors())) from None


def fields_of(kind: Any) -> dict[str, Any]:
    """Names and types of the fields of an options class, or of such a class or None; empty for anything else."""
    kind = next((inner for inner in alternatives(kind) if inner is not type(None)), kind)
    if hasattr(kind, "model_fields"):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return {}


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The types of a union; of any other type, itself."""
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _line(options: type, error: Any) -> str:
    """One of pydantic's errors, in words, with what would be right."""
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        for part in error["loc"][:-1]:
            # A number is the place within a tuple of options.
            options = get_args(options)[0] if isinstance(part, int) else fields_of(options)[part]
        return f"{name}: unknown; known are {', '.join(sorted(fields_of(options)))}"
    text = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_type":
        text = "is not text; in a file, write it in quotes"
    shown = error["input"]
    if isinstance(shown, (str, int, float, bool)):
        text += f" (it is {shown!r})"
    return f"{name}: {text}" if name else text
