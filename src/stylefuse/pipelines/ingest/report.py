"""Write the data report: the files in the folders, and what ingest did with them."""

from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from stylefuse.images.grid import contact_sheet
from stylefuse.images.io import save
from stylefuse.images.manifest import SPLITS, all_styles, data_hash, kept
from stylefuse.images.store import ImageStore
from stylefuse.pipelines.folders import printable
from stylefuse.pipelines.ingest.notes import short_sides

# Enough to judge a style by eye; a sheet of all pictures of a large style would be too large to open.
_SHEET_PICTURES, _SHEET_COLUMNS, _CELL = 96, 12, 112
_LABEL = 40  # characters

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Data report</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
td,th{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child,.text td{text-align:left}
img{max-width:100%;height:auto;border:1px solid #ddd}
.warning{background:#fff4d6;padding:.4rem .8rem;margin:.3rem 0;border-left:4px solid #e0a800}
code{background:#f3f3f3;padding:0 .2rem;overflow-wrap:anywhere}
</style></head><body>
<h1>Data report</h1>
<p>{{ total }} files, {{ kept }} kept. Data hash <code>{{ data_hash }}</code>.</p>
{% for note in notes %}<p class="warning">{{ note }}</p>{% else %}<p>No warnings.</p>{% endfor %}
<h2>Splits</h2>
<p><b>train</b>: the generator and its classifier learn from it. <b>judge</b>: only the judge does.
<b>test</b>: nobody does; results are measured on it.</p>
<table><tr><th>style</th><th>files</th><th>kept</th>{% for s in splits %}<th>{{ s }}</th>{% endfor %}
<th>duplicates</th><th>quarantined</th><th>trimmed</th><th>short side, median (smallest – largest)</th>
<th>MB</th></tr>
{% for r in table %}<tr><td>{{ r.style }}</td><td>{{ r.files }}</td><td>{{ r.kept }}</td>
{% for s in splits %}<td>{{ r[s] }}</td>{% endfor %}<td>{{ r.duplicates }}</td><td>{{ r.quarantined }}</td>
<td>{{ r.trimmed }}</td><td>{{ r.sides }}</td><td>{{ r.mb }}</td></tr>{% endfor %}</table>
{% for title, rows in dropped if rows %}<h2>{{ title }}: {{ rows|length }}</h2>
<table class="text"><tr><th>file</th><th>reason</th></tr>
{% for r in rows %}<tr><td><code>{{ r.where }}</code></td><td>{{ r.reason }}</td></tr>{% endfor %}
</table>{% endfor %}
{% for sheet in sheets %}<h2>{{ sheet.style }}</h2><p>{{ sheet.shown }} of {{ sheet.kept }} kept pictures,
as they are learned from.</p><img src="{{ sheet.file }}" alt="contact sheet of {{ sheet.style }}">{% endfor %}
</body></html>
"""


def write_report(folder: Path, manifest: pd.DataFrame, store: ImageStore, notes: list[str]) -> None:
    """Write index.html, and a contact sheet for each style with a kept picture, into `folder`."""
    styles = all_styles(manifest)
    with_pictures = set(kept(manifest)["style"])
    sheets = [
        _sheet(folder, i, style, manifest, store) for i, style in enumerate(styles) if style in with_pictures
    ]
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(_PAGE)
    html = page.render(
        total=len(manifest),
        kept=len(kept(manifest)),
        data_hash=data_hash(manifest),
        notes=notes,
        splits=SPLITS,
        table=[_counts(style, manifest[manifest["style"] == style]) for style in styles],
        dropped=[
            ("Quarantined", _dropped(manifest, "quarantined")),
            ("Duplicates", _dropped(manifest, "duplicate")),
        ],
        sheets=sheets,
    )
    (folder / "index.html").write_text(html, encoding="utf-8")


def _sheet(
    folder: Path, index: int, style: str, manifest: pd.DataFrame, store: ImageStore
) -> dict[str, object]:
    ok = kept(manifest)
    ok = ok[ok["style"] == style]
    # Evenly spread over the files: neighbouring files are often similar.
    shown = ok.iloc[np.unique(np.linspace(0, len(ok) - 1, min(len(ok), _SHEET_PICTURES)).round().astype(int))]
    file = f"style_{index}.png"  # by index: a style's name may hold anything a folder's name may
    # The end of the name, where names differ; no more fits under a cell.
    names = [printable(path.rpartition("/")[2])[-_LABEL:] for path in shown["path"]]
    pictures = [store[row] for row in shown["row"]]
    save(contact_sheet(pictures, _SHEET_COLUMNS, _CELL, labels=names), folder / file)
    return {"style": style, "file": file, "shown": len(shown), "kept": len(ok)}


def _counts(style: str, rows: pd.DataFrame) -> dict[str, object]:
    sides = short_sides(kept(rows))
    return {
        "style": style,
        "files": len(rows),
        "kept": len(sides),
        **{split: int((rows["split"] == split).sum()) for split in SPLITS},
        "duplicates": int((rows["verdict"] == "duplicate").sum()),
        "quarantined": int((rows["verdict"] == "quarantined").sum()),
        "trimmed": int((rows["trim"] != "").sum()),
        "sides": f"{np.median(sides):.0f} ({sides.min()} – {sides.max()})" if len(sides) else "–",
        "mb": f"{rows['bytes'].sum() / 1e6:.1f}",
    }


def _dropped(manifest: pd.DataFrame, verdict: str) -> list[dict[str, str]]:
    rows = manifest[manifest["verdict"] == verdict]
    return [
        {"where": f"{r.style}: {printable(r.path)}" if r.style else printable(r.path), "reason": r.reason}
        for r in rows.itertuples()
    ]
