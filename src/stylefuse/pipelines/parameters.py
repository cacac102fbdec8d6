"""Base class of typed parameters, which refuses unknown keys, and functions that read the fields of such classes."""

import dataclasses
import types
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError


class Parameters(BaseModel):
    """Base class of every pipeline's options: frozen; an unknown key is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Read options from a mapping; Kedro calls this.

        Raises:
            ValueError: one line for each wrong parameter; it begins with the parameter's dotted name.
        """
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise ValueError("\n".join(_line(cls, each) for each in error.errors())) from None


def fields_of(kind: Any) -> dict[str, Any]:
    """Names and types of the fields of an options class, also of `Options | None`; empty for any other type."""
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
    """Describe one of pydantic's errors in a sentence that names the allowed values."""
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
