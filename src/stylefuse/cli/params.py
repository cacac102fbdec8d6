"""`--params` of `kedro run`: Kedro reads all values as YAML; here what is declared as text stays as it was typed."""

import re
from typing import Any

import click
from omegaconf import OmegaConf

from stylefuse.cli.declared import UnknownParameterError, declared_type, takes_none, takes_text
from stylefuse.configuration import expanded
from stylefuse.hooks import PATHS

# Paths among the parameters; those of the catalog are in PATHS.
FILES = {"evaluate.inception_weights"}
# `key="value"`; a quotation mark ends the value only where a comma or the end follows, so it may also be in it.
_QUOTED = re.compile(r"""[^=,]+=\s*(["']).*?\1\s*(?=,|\Z)""", re.DOTALL)


def split_params(context: click.Context, option: click.Parameter, value: Any) -> dict[str, Any]:
    """Parse `key=value,key=value`.

    A comma separates two parameters only where a `key=` follows: others belong to the value. A value in quotes is
    all that is between them, also commas and equals signs. `null` is None where a parameter may be None. Paths may
    begin with `~`.

    Raises:
        click.ClickException: an item without a key, or a key that no options class knows.
    """
    if isinstance(value, dict):  # from the file of --config
        return value
    plain, texts = [], {}
    for item in _items(value):
        key, equals, text = (part.strip() for part in item.partition("="))
        if not key or not equals:
            raise click.ClickException(f"--params: {item!r} is no key=value")
        try:
            kind = str if key in PATHS else declared_type(key)
        except UnknownParameterError as error:
            raise click.ClickException(f"--params: {error}") from None
        if not takes_text(kind) or (takes_none(kind) and _is_null(text)):
            plain.append(f"{key}={text}")
        else:
            texts[key] = _as_path(key, _unquoted(text), context) if key in PATHS | FILES else _unquoted(text)
    parsed = OmegaConf.to_container(OmegaConf.from_dotlist(plain))
    for key, text in texts.items():
        _put(parsed, key.split("."), text)
    return parsed


def _items(value: str) -> list[str]:
    items: list[str] = []
    start = 0
    while start <= len(value):
        quoted = _QUOTED.match(value, start)
        end = quoted.end() if quoted else value.find(",", start)
        end = end if end >= 0 else len(value)
        piece = value[start:end]
        if "=" in piece or not items:
            items.append(piece)
        else:
            items[-1] += f",{piece}"
        start = end + 1
    return [item.rstrip(", ") for item in items if item.strip(", ")]


def _is_null(text: str) -> bool:
    return text in ("", "~", "null", "Null", "NULL")


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _as_path(key: str, text: str, context: click.Context) -> str:
    """The path with the home folder in place of `~`; a relative one counts from the project's root."""
    path = expanded(text)
    # The catalog's own are made absolute by Kedro.
    root = getattr(context.obj, "project_path", None)
    return str(root / path) if key in FILES and root else path


def _put(nest: dict[str, Any], keys: list[str], value: str) -> None:
    *above, last = keys
    for key in above:
        nest = nest.setdefault(key, {})
    nest[last] = value
