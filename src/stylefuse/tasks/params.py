"""Parameters of tasks: one pydantic model a task, from which forms, flags, schemas and documents are made."""

from collections.abc import Mapping, Sequence
from enum import Enum
from numbers import Real
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation, ValidationError
from pydantic.fields import FieldInfo

from stylefuse.tasks.validation import RequestError, refuse_unknown, shown


class Kind(Enum):
    """What a parameter holds."""

    TEXT = str
    NUMBER = float
    INTEGER = int
    FLAG = bool


class Spec(NamedTuple):
    """One parameter, as forms, flags and schemas need it.

    names: of its values, where only some are allowed. names_of: the bundle's list of names that it takes, "styles".
    listed_as: where a server's overview lists the allowed values.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    least: float | None = None
    most: float | None = None
    names: tuple[str, ...] = ()
    names_of: str = ""
    listed_as: str = ""
    remedy: str = ""

    def default_in(self, names: Mapping[str, Sequence[str]]) -> Any:
        """The default in a bundle with these lists of names: of a parameter that takes one of them, the first."""
        return names[self.names_of][0] if self.names_of and self.default is None else self.default


def number(default: float, least: float, most: float, help: str, remedy: str = "") -> Any:
    """Declare a number from `least` to `most`, both allowed.

    Args:
        help: one sentence for `--help`, /openapi.json and the model card.
        remedy: what to send instead of a wrong value; by default the range, and which value changes nothing.
    """
    remedy = remedy or f"send a number from {least:g} to {most:g}; {default:g} changes nothing"
    return Field(default, ge=least, le=most, description=help, json_schema_extra={"remedy": remedy})


def choice(default: str, help: str, listed_as: str = "") -> Any:
    """Declare one of a few names; the field's type is the `Literal` of them."""
    return Field(default, description=help, json_schema_extra={"listed_as": listed_as})


def flag(default: bool, help: str) -> Any:
    """Declare true or false."""
    return Field(default, description=help)


def name_of(list_name: str, help: str, listed_as: str = "") -> Any:
    """Declare a name out of a list that the bundle has, such as its styles; by default the first."""
    return Field(
        None, description=help, json_schema_extra={"names_of": list_name, "listed_as": listed_as or list_name}
    )


def _plain(value: Any) -> Any:
    """A NumPy scalar, as MLflow hands over, as Python's own."""
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


def _real(value: Any) -> Any:
    value = _plain(value)
    number: Any = value if isinstance(value, Real) else None
    if number is not None and not isinstance(number, bool):
        try:
            return float(number)
        except OverflowError:
            return float("inf") if number > 0 else float("-inf")
    return value


Number = Annotated[float, BeforeValidator(_real)]
Flag = Annotated[bool, BeforeValidator(_plain)]
# Checked by the predictor, which knows the names that there are.
Name = Annotated[str | None, SkipValidation]


class Params(BaseModel):
    """Base of all parameters: frozen, strict, and no name that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Check values of a request.

        Raises:
            RequestError: a name is unknown, or a value of the wrong type or out of range; it names the parameter.
        """
        refuse_unknown(values, tuple(cls.model_fields), "parameter")
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _refusal(specs(cls), values, error) from None


def specs(params: type[BaseModel]) -> dict[str, Spec]:
    """Every parameter of a model by its name, in the order of their declaration.

    Raises:
        TypeError: a parameter has no default, a type that forms and flags cannot hold, or a bound that is excluded.
    """
    return {name: _spec(name, field) for name, field in params.model_fields.items()}


def _spec(name: str, field: FieldInfo) -> Spec:
    if field.is_required():
        raise TypeError(f"the parameter {name} has no default: every parameter of a task needs one")
    bounds: dict[str, Any] = {}
    for each in field.metadata:
        if hasattr(each, "gt") or hasattr(each, "lt"):
            raise TypeError(
                f"the parameter {name} has a bound that is excluded: use number(default, least, most, …)"
            )
        bounds |= {key: getattr(each, key) for key in ("ge", "le") if hasattr(each, key)}
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    names, kind = _values(name, field.annotation)
    return Spec(
        name,
        kind,
        field.default,
        field.description or "",
        bounds.get("ge"),
        bounds.get("le"),
        names,
        str(extra.get("names_of", "")),
        str(extra.get("listed_as", "")),
        str(extra.get("remedy", "")),
    )


def _values(name: str, annotation: Any) -> tuple[tuple[str, ...], Kind]:
    """The names of a `Literal`, and the kind of the values."""
    if get_origin(annotation) is Literal:
        return get_args(annotation), Kind.TEXT
    if annotation == str | None:  # the type of `Name`
        return (), Kind.TEXT
    if annotation not in {kind.value for kind in Kind}:
        raise TypeError(
            f"the parameter {name} is of type {annotation}: use Number, int, Flag, str, Name or Literal"
        )
    return (), Kind(annotation)


def _refusal(known: Mapping[str, Spec], values: Mapping[str, Any], error: ValidationError) -> RequestError:
    """The first of pydantic's errors as a sentence with what to send instead."""
    first = error.errors()[0]
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, RequestError):
        return inner
    spec = known[str(first["loc"][0])]
    value = shown(_plain(values.get(spec.name)))
    if spec.names:
        return RequestError(
            spec.name, f"{value} is not an allowed value", f"send one of {', '.join(spec.names)}"
        )
    if spec.kind is Kind.FLAG:
        return RequestError(spec.name, f"{value} is neither true nor false", "send true or false")
    if spec.kind in (Kind.NUMBER, Kind.INTEGER):
        what = "number" if spec.kind is Kind.NUMBER else "whole number"
        span = "" if spec.least is None or spec.most is None else f" from {spec.least:g} to {spec.most:g}"
        remedy = spec.remedy or f"send a {what}{span}"
        return RequestError(spec.name, f"{value} is not a {what}{span}", remedy)
    return RequestError(spec.name, f"{value} is not text", "send text")
