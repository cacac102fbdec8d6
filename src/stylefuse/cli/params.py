"""Parse `--params` of `kedro run`. Kedro reads all values as YAML; here, parameters declared as text stay text."""

import re
from typing import Any

import click
from omegaconf import OmegaConf

from stylefuse.cli.declared import UnknownParameterError, declared_type, takes_none, takes_text
from stylefuse.configuration import expanded
from stylefuse.hooks import PATHS

# Parameters that are paths, beside those of the catalog (PATHS).
FILES = {"evaluate.inception_weights"}
# `key="value"`; a quotation mark ends the value only if a comma or the end follows, so the value may contain some.
_QUOTED = re.compile(r"""[^=,]+=\s*(["']).*?\1\s*(?=,|\Z)""", re.DOTALL)


def split_params(context: click.Context, option: click.Parameter, value: Any) -> dict[str, Any]:
    """Parse `key=value,key=value`.

    A comma separates two parameters only if `key=` follows; other commas belong to the value. A value in quotes may
    contain commas and equals signs. `null` means None if the parameter may be None. Paths may begin with `~`.

    Raises:
        click.ClickException: an item without a key, or an unknown key.
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
    parsed: Any = OmegaConf.to_container(OmegaConf.from_dotlist(plain))
    for key, text in texts.items():
        _set_nested(parsed, key.split("."), text)
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
    """Replace `~` by the home folder, and make a relative path absolute from the project's root."""
    path = expanded(text)
    # Kedro makes the catalog's paths absolute.
    root = getattr(context.obj, "project_path", None)
    return str(root / path) if key in FILES and root else path


def _set_nested(mapping: dict[str, Any], keys: list[str], value: str) -> None:
    *above, last = keys
    for key in above:
        mapping = mapping.setdefault(key, {})
    mapping[last] = value
