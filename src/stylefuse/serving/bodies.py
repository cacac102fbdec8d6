"""Read the JSON bodies of MLflow's server, with the same checks in our service and in MLflow's."""

import json
from collections.abc import Iterable
from typing import Any

from stylefuse.tasks.chains import IMAGE
from stylefuse.tasks.task import default_task
from stylefuse.tasks.validation import RequestError, refuse_unknown

FORMATS = ("dataframe_records", "dataframe_split", "instances", "inputs")  # MLflow's; a body has one of them
_PARAMS = ", ".join(f'"{name}": …' for name in list(default_task().specs)[:2])
EXAMPLE = f'send {{"dataframe_records": [{{"image": "<base64>"}}], "params": {{{_PARAMS}}}}}'


def parse(data: str | bytes | bytearray, example: str) -> dict[str, Any]:
    """Parse a JSON object.

    Args:
        example: what to send instead, if it is none.

    Raises:
        RequestError: it is none, or has a name twice, of which JSON does not say what it means.
    """
    try:
        body = json.loads(data, object_pairs_hook=_once)
    except RequestError:
        raise
    except (ValueError, RecursionError) as error:
        raise RequestError("body", f"it is not valid JSON ({str(error)[:80]})", example, "not_json") from None
    if not isinstance(body, dict):
        raise RequestError("body", f"it is a {type(body).__name__}, not an object", example, "not_json")
    return body


def twice(name: str) -> RequestError:
    """What to raise where a name comes a second time."""
    return RequestError(name[:40], "it is there more than once", "send it once", "duplicate_field")


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise twice(name)
        fields[name] = value
    return fields


def read_body(data: str | bytes) -> dict[str, Any]:
    """Parse a body: an object with one of `FORMATS`, perhaps "params", and nothing else.

    Raises:
        RequestError: it is something else.
    """
    body = parse(data, EXAMPLE)
    refuse_unknown(body, (*FORMATS, "params"), "key")
    if sum(name in body for name in FORMATS) != 1:
        raise RequestError("body", f"it must have exactly one of the keys {', '.join(FORMATS)}", EXAMPLE)
    return body


def no_pictures() -> RequestError:
    """What to raise where the pictures are not where they belong."""
    return RequestError(IMAGE, "this column is missing, or its values are not text", EXAMPLE)


def read_pictures(body: dict[str, Any]) -> list[Any]:
    """The values of the column `image` of a body that `read_body` has passed, whatever they are.

    Raises:
        RequestError: there is no such column, there are others, or the rows are none.
    """
    name = next(name for name in FORMATS if name in body)
    rows = body[name]
    if name == "dataframe_split":
        rows = _split(rows)
    elif name == "inputs" and isinstance(rows, dict):
        refuse_unknown(rows, (IMAGE,), "column")
        rows = rows.get(IMAGE)
        rows = [rows] if isinstance(rows, str) else rows
    if not isinstance(rows, list) or not rows:
        raise no_pictures()
    if all(isinstance(row, dict) for row in rows):
        if name == "inputs":
            raise no_pictures()
        refuse_unknown({key: None for row in rows for key in row}, (IMAGE,), "column")
        if not any(rows):
            raise no_pictures()
        return [row.get(IMAGE) for row in rows]
    # Only tensors, as MLflow calls them, come without the column's name.
    if name in ("dataframe_records", "dataframe_split") or any(isinstance(row, dict) for row in rows):
        raise no_pictures()
    return rows


def _split(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, dict):
        raise no_pictures()
    refuse_unknown(rows, ("columns", "data", "index"), "key")
    columns, data = rows.get("columns"), rows.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        raise no_pictures()
    refuse_unknown(columns, (IMAGE,), "column")
    if len(columns) != 1 or not all(isinstance(row, list) and len(row) == 1 for row in data):
        raise no_pictures()
    return [{IMAGE: row[0]} for row in data]
