"""The benchmark of the service: its numbers from known answers, and its command on small loads."""

import json

import pytest

from benchmarks.common.tables import records_to_markdown
from benchmarks.serving import __main__ as serving
from benchmarks.serving.requests import bad, form, invocation, photo, stylize
from benchmarks.serving.senders import Sent, summary
from stylefuse.images.io import decode
from stylefuse.serving.bodies import read_body, read_pictures
from stylefuse.serving.service.forms import read_form


def test_a_summary_counts_each_answer_once():
    sent = [
        Sent(200, 0.1),
        Sent(200, 0.3),
        Sent(503, 0.001, True),
        Sent(503, 0.001),
        Sent(400, 0.01),
        Sent(0, 9.0),
    ]
    numbers = summary(sent, 2.0)
    assert (numbers["sent"], numbers["answered"], numbers["refused 4xx"], numbers["refused 503"]) == (
        6,
        2,
        1,
        1,
    )
    assert (numbers["failed"], numbers["p50 ms"], numbers["a second"]) == (2, 200.0, 1.0)
    assert summary([Sent(503, 0.1, True)])["p95 ms"] is None


def test_requests_are_what_the_service_reads():
    file = photo(60, 40)
    assert decode(file).size == (60, 40)
    assert read_form("stylize", stylize(file).content_type, stylize(file).body).pictures == [file]
    both = form("/v1/fuse", "images", [file, file])
    assert read_form("fuse", both.content_type, both.body).pictures == [file, file]
    assert len(read_pictures(read_body(invocation(file).body))) == 1
    assert b"html" in bad().body


def test_tables_are_markdown():
    rows = [{"clients": 1, "p50 ms": 2.5}, {"clients": 4, "p50 ms": None}]
    assert records_to_markdown(rows).splitlines()[2:] == ["| 1 | 2.5 |", "| 4 |  |"]


def test_times_must_be_above_zero(tmp_path, capsys):
    assert serving.main(["--model", "m", "--out", str(tmp_path), "--seconds", "0"]) == 2
    assert "--seconds" in capsys.readouterr().err


@pytest.mark.slow
def test_all_parts_give_numbers(model_folder, tmp_path):
    small = ["--seconds", "1", "--soak-minutes", "0.1", "--repeats", "2", "--threads", "1"]
    parts = [name for name in serving.PARTS if name not in ("clients", "large")]  # these take their time
    assert serving.main([*parts, "--model", str(model_folder), "--out", str(tmp_path), *small]) == 0
    results = json.loads((tmp_path / "serving.json").read_text())
    assert list(results) == parts
    (stop,), (burst,) = results["stop"]["rows"], results["burst"]["rows"]
    assert (stop["exit code"], stop["answered"], burst["failed"]) == (0, 3, 0)
    assert all(row["p50 ms"] > 0 for row in results["latency"]["rows"] + results["overhead"]["rows"])
    assert (tmp_path / "serving.md").read_text().count("## ") == len(parts)
