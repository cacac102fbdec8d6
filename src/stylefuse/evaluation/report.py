"""The HTML report of an evaluation: a folder with index.html and its pictures, readable without a server."""

from pathlib import Path
from typing import Any

import jinja2

from stylefuse.evaluation.grids import Figure
from stylefuse.evaluation.summary import VIEWING, number, percent, viewing_rows

DISTANCES = {
    "sw_judge": "Sliced Wasserstein, judge's features",
    "kid_judge": "Kernel distance (KID's formula), judge's features",
    "frechet_judge": "Fréchet distance (FID's formula), judge's features",
    "kid": "KID, Inception's features",
    "fid": "FID, Inception's features",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
td,th{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}
img{max-width:100%;height:auto;border:1px solid #ddd}
p{max-width:60rem}
.note,.reason{color:#666}
.left,.reason{text-align:left}
.warning{background:#fff4d6;padding:.4rem .8rem;margin:.3rem 0;border-left:4px solid #e0a800}
</style></head><body>
<h1>Evaluation</h1>
<p>{{ about.photos }} photos and {{ about.paintings.values()|join(" + ") }} paintings that nothing
was trained on, at {{ about.image_size }} px{% if about.images_seen %}; generator after
{{ about.images_seen }} training pictures{% endif %}.</p>
{% for warning in warnings %}<p class="warning">{{ warning }}</p>
{% endfor %}

<h2>Is it in the style?</h2>
<p>An independent classifier (the judge) names the style of each picture. It took no part in training the
generator. Compare the first column with the second: real paintings are the ceiling, untouched photos the
floor.</p>
<table><tr><th>style</th><th>restyled photos</th><th>real paintings</th><th>untouched photos</th>
<th>mean probability, restyled</th><th>real</th><th>gap of the training signal</th></tr>
{% for name, s in styles.items() %}<tr><td>{{ name }}</td><td><b>{{ s.judge.accuracy_fakes|percent }}</b></td>
<td>{{ s.judge.accuracy_paintings|percent }}</td><td>{{ s.judge.accuracy_photos|percent }}</td>
<td>{{ s.judge.probability_fakes|number }}</td><td>{{ s.judge.probability_paintings|number }}</td>
<td>{{ s.classifier.gap_to_judge|number }}</td></tr>{% endfor %}</table>
<p class="note">Gap of the training signal: accuracy of the classifier used in training less that of the
judge. A large gap means that the generator was fitted to that classifier.</p>

<h2>Does the set look like the paintings?</h2>
<p>Score: 0 = the restyled photos are as far from the paintings as the untouched photos, 1 = as close as one
half of the paintings is to the other; below 0 = further away than before. Compare scores between rows, but
distances only within a row.</p>
<table><tr><th>style</th><th>distance</th><th>score</th><th>90 % interval</th>
<th>restyled</th><th>photos</th>
<th>paintings, half to half</th><th>pictures a set</th><th>all pictures</th></tr>
{% for name, s in styles.items() %}{% for key, d in s.distances.items() %}<tr><td>{{ name }}</td>
<td class="left">{{ distances[key] }}</td><td><b>{{ d.score|number }}</b></td>
<td>{{ d.score_low|number }} … {{ d.score_high|number }}</td><td>{{ d.fake|number(3) }}</td>
<td>{{ d.photo|number(3) }}</td><td>{{ d.half|number(3) }}</td><td>{{ d.n }}</td>
<td>{{ d.all|number(3) }}</td></tr>
{% if d.reason %}<tr><td></td><td colspan="8" class="reason">no score: {{ d.reason }}</td></tr>{% endif %}
{% endfor %}{% endfor %}</table>
<p class="note">Fréchet distances of few pictures are too large: compare them within a row only. The kernel
distance is unbiased and can be below 0.</p>

{% if viewing %}<h2>What is seen at viewing size?</h2>
<p>{{ viewing_text }}</p>
<table><tr>{% for name in viewing[0] %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in viewing %}<tr>{% for text in row.values() %}<td>{{ text }}</td>{% endfor %}</tr>
{% endfor %}</table>{% endif %}

<h2>Is the content kept?</h2>
<p>1 = the photo itself. Colour and contrast do not count, they belong to the style. In brackets: the score
against the wrong photo; for patches, that of guessing.</p>
<table><tr><th>style</th><th>SSIM on standardised luma</th><th>edge correlation</th>
<th>patches found again</th></tr>
{% for name, s in styles.items() %}<tr><td>{{ name }}</td>
{% for key in ("ssim", "edge_correlation") %}
<td>{{ s.content[key]|number }} ({{ s.content[key ~ "_wrong_photo"]|number }})</td>{% endfor %}
<td>{{ s.content.patch_retrieval|number }} ({{ s.content.patch_retrieval_chance|number }})</td></tr>
{% endfor %}</table>
<p>With the identity style the result has {{ identity.psnr|number(1) }} dB PSNR to the photo (above 30 the
difference is hard to see).</p>

<h2>Is it near the truth?</h2>
{% if styles.values()|selectattr("truth.pictures")|list %}
<p>For some held-out paintings the clean picture that they were made from is known. Restyled, it should be
closer to the painting than untouched.</p>
<table><tr><th>style</th><th>pictures</th><th>PSNR, dB</th><th>untouched</th><th>SSIM</th><th>untouched</th>
</tr>
{% for name, s in styles.items() if s.truth.pictures %}<tr><td>{{ name }}</td><td>{{ s.truth.pictures }}</td>
<td>{{ s.truth.psnr|number(2) }}</td><td>{{ s.truth.psnr_untouched|number(2) }}</td>
<td>{{ s.truth.ssim|number(3) }}</td><td>{{ s.truth.ssim_untouched|number(3) }}</td></tr>
{% endfor %}</table>
{% else %}<p>Not computed: the truth is known for the embedded sample only.</p>{% endif %}

<h2>Are styles and pictures varied?</h2>
<p>Mean distance in the judge's features between pictures of different styles:
{{ variety.separation_fakes|number }} restyled, {{ variety.separation_paintings|number }} among
real paintings; the same photo in two styles: {{ variety.same_photo_between_styles|number }} (0 = the
styles look alike).</p>
<table><tr><th>style</th><th>variance of restyled photos over that of paintings</th></tr>
{% for name, ratio in variety.variance_ratio.items() %}<tr><td>{{ name }}</td><td>{{ ratio|number }}</td></tr>
{% endfor %}</table>
<p class="note">Towards 0: every photo becomes the same picture.</p>

<h2>Confusion of the judge</h2>
{% for title, counts in (("Real pictures", confusion.real), ("Restyled photos", confusion.fakes)) %}
<p>{{ title }}: rows the {{ "wanted" if loop.last else "true" }} style, columns the judge's answer.</p>
<table><tr><th></th>{% for s in confusion.styles %}<th>{{ s }}</th>{% endfor %}</tr>
{% for row in counts %}<tr><td>{{ confusion.styles[loop.index0] }}</td>
{% for n in row %}<td>{{ n }}</td>{% endfor %}</tr>{% endfor %}</table>{% endfor %}

{% for f in figures %}<h2>{{ f.title }}</h2><p>{{ f.caption }}</p><img src="{{ f.file }}" alt="{{ f.title }}">
{% endfor %}
<h2>Not computed</h2>
<p>{% for name, why in not_computed.items() %}{{ name }}: {{ why }}. {% endfor %}</p>
</body></html>
"""


def write_report(folder: Path, evaluation: dict[str, Any], figures: list[Figure]) -> None:
    """Write index.html into the folder that holds the figures."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    # "all" is missing where a set was too small for it: show a dash for that, too.
    environment.filters["number"] = lambda v, digits=2: (
        "–" if isinstance(v, jinja2.Undefined) else number(v, digits)
    )
    environment.filters["percent"] = percent
    page = environment.from_string(_PAGE).render(
        about=evaluation["about"],
        warnings=evaluation["warnings"],
        styles=evaluation["styles"],
        identity=evaluation["identity"],
        variety=evaluation["not_collapsed"],
        confusion=evaluation["judge_confusion"],
        not_computed=evaluation["not_computed"],
        distances=DISTANCES,
        viewing=viewing_rows(evaluation["viewing"]),
        viewing_text=VIEWING,
        figures=figures,
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
