"""Serve the page for people at `/`: one document, one stylesheet, one script; nothing comes from other hosts."""

import gzip
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request, Response

import stylefuse

HOME, STATIC = "/", "/static/"
_PACKAGE = Path(stylefuse.__file__).parent
_FOLDER, _MESSAGES = _PACKAGE / "page", _PACKAGE / "messages"
# In this order, every module after those that it imports; joined, so that the page loads with few requests.
MODULES = (
    *("dom", "words", "api", "zip", "store", "settings", "photos", "viewer", "tiles", "controls", "summary"),
    *("maps", "keeping", "jobs", "ask", "also", "clips", "results", "drawing", "preview", "work", "main"),
)
_IMPORT = re.compile(r'^import .* from "\./\w+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|let|function|async|class)", re.MULTILINE)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS = {
    # Scripts and styles in the document itself are refused as well. The icons in it are `data:`.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


def is_page(path: str) -> bool:
    """Whether a path is a part of the page: these hold nothing secret, and are loaded before the token is asked."""
    return path == HOME or path.startswith(STATIC)


def add_page(app: FastAPI) -> None:
    """Add the routes of the page."""
    for path, name in (
        (HOME, "index.html"),
        (f"{STATIC}page.css", "page.css"),
        (f"{STATIC}page.js", "page.js"),
    ):
        _add_file(app, path, name)


def _add_file(app: FastAPI, path: str, name: str) -> None:
    @app.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    async def file(request: Request) -> Response:
        content, packed, tag = _contents(name)
        headers = {**_HEADERS, "ETag": tag}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = packed, "gzip"
        return Response(content, headers=headers, media_type=_TYPES[name.rpartition(".")[2]])


@cache
def _contents(name: str) -> tuple[bytes, bytes, str]:
    """A file of the page as it is, packed, and its ETag."""
    content = (script() if name == "page.js" else (_FOLDER / name).read_text(encoding="utf-8")).encode()
    return content, gzip.compress(content, mtime=0), f'"{hashlib.sha256(content).hexdigest()[:20]}"'


def script() -> str:
    """All modules of the page as one, with the texts of all languages in front as `MESSAGES`."""
    messages = {file.parent.name: json.loads(file.read_text(encoding="utf-8")) for file in _catalogues()}
    modules = [(_FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8") for name in MODULES]
    joined = "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in modules)
    return f"const MESSAGES = {json.dumps(messages, ensure_ascii=False)};\n{joined}"


def _catalogues() -> list[Path]:
    return sorted(_MESSAGES.glob("*/page.json"))
