"""Hooks of mkdocs: pages from files outside docs/, and links between files of the repository as links of the site."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# Files outside docs/ that are pages too, and the pages that they become.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
    "data/README.md": "data.md",
}
_SOURCES = {page: source for source, page in PAGES.items()}
# [text](target) and ![text](target), outside code; code first, so that it is skipped.
_LINK = re.compile(r"(?P<code>```.*?```|`[^`\n]+`)|(?P<text>!?\[[^]]*\])\((?P<target>[^)\s]+)\)", re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of PAGES that there are."""
    for source, page in PAGES.items():
        if (ROOT / source).is_file():
            files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links from file to file of the repository into links from page to page.

    A link to a file that is no page becomes its text and the file's path. One to a file that does not exist stays as
    it is, so that a strict build fails.
    """
    here = page.file.src_uri
    folder = PurePosixPath(_SOURCES.get(here, f"docs/{here}")).parent

    def link(match: re.Match[str]) -> Any:
        text, target = match["text"], match["target"]
        if match["code"] or re.match(r"[a-z]+:|#|/", target):
            return match[0]
        path, mark, anchor = target.partition("#")
        place = os.path.normpath(folder / unquote(path)).replace(os.sep, "/")
        uri = PAGES.get(place, place.removeprefix("docs/"))
        if files.get_file_from_path(uri) is not None:
            return f"{text}({os.path.relpath(uri, PurePosixPath(here).parent)}{mark}{anchor})"
        return f"{text[1:-1]} (`{place}`)" if (ROOT / place).exists() else match[0]

    return _LINK.sub(link, markdown)
