"""`stylefuse stylize clip.mp4`: clips on the command line, their label, and what is refused."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av", reason="needs the extra video")

from clip_files import packets, pictures_of, scene, write_clip

from stylefuse.command_line import main
from stylefuse.labels.aigc import label_of
from stylefuse.labels.marks import COMPOSITE
from stylefuse.labels.verify import Code, verify
from stylefuse.video.options import VideoOptions
from stylefuse.video.reading import metadata_of_clip


def out(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_clip_is_restyled_and_labelled(here, capsys, ending):
    source = write_clip(Path("a.mp4"), scene(1, 3))
    assert main(["stylize", "a.mp4", "-o", f"b.{ending}", "--style", "ink", "--json"]) == 0
    (line,) = out(capsys)
    assert line["report"]["style"] == "ink" and line["report"]["frames"] == 3
    assert line["report"]["label"] == "metadata" and line["output"] == f"b.{ending}"
    target = Path(f"b.{ending}")
    assert [data for _, data in packets(target, "audio")] == [data for _, data in packets(source, "audio")]
    assert np.abs(pictures_of(target)[0][1].astype(float) - pictures_of(source)[0][1]).mean() > 3
    verdict = verify(target)
    assert verdict.code is Code.UNSIGNED and verdict.facts["tool"].endswith("stylize")
    number = verdict.facts["number"]
    assert verdict.facts["aigc"] == label_of("StyleFuse", number)
    assert main(["verify", f"b.{ending}", "--json"]) == Code.UNSIGNED
    # Made again from the result, it still has one label: that of its source.
    for _ in range(3):
        assert main(["stylize", f"b.{ending}", "-o", f"c.{ending}", "--force"]) == 0
        Path(f"c.{ending}").replace(target)
    assert verify(target).facts["aigc"] == label_of("StyleFuse", number)
    keys = [key.lower() for key in metadata_of_clip(target)]
    assert keys.count("aigc") == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_label_of_a_clip(here, capsys):
    write_clip(Path("a.mp4"), scene(1, 2))
    for ending, group in (("mp4", "Keys"), ("mkv", "Matroska")):
        assert main(["stylize", "a.mp4", "-o", f"b.{ending}"]) == 0
        done = subprocess.run(
            ["exiftool", "-j", "-G1", f"b.{ending}"], capture_output=True, text=True, check=True
        )
        found = {key.lower(): value for key, value in json.loads(done.stdout)[0].items()}
        assert found[f"{group}:AIGC".lower()] == verify(Path(f"b.{ending}")).facts["aigc"]
        assert found[f"{group}:DigitalSourceType".lower()] == COMPOSITE


def test_an_untouched_clip_has_only_an_inherited_label(here, capsys):
    write_clip(Path("a.mp4"), scene(1, 2))
    write_clip(Path("b.mp4"), scene(1, 2), metadata={"AIGC": label_of("Others", "7")})
    for name, label, code in (("a", "none", Code.NOTHING), ("b", "inherited", Code.UNSIGNED)):
        assert main(["stylize", f"{name}.mp4", "-o", f"{name}2.mp4", "--strength", "0", "--json"]) == 0
        assert out(capsys)[0]["report"]["label"] == label
        assert verify(Path(f"{name}2.mp4")).code is code


def test_a_visible_label_is_on_every_frame(here):
    write_clip(Path("a.mp4"), scene(1, 3, (160, 120)), sound=False)
    for label in ("metadata", "visible"):
        assert main(["stylize", "a.mp4", "-o", f"{label}.mp4", "--label", label]) == 0
    apart = [
        np.abs(a[1].astype(float) - b[1]).max() > 60
        for a, b in zip(pictures_of(Path("metadata.mp4")), pictures_of(Path("visible.mp4")), strict=True)
    ]
    assert apart == [True] * 3


def test_a_folder_of_clips_and_pictures(here, capsys):
    Path("in").mkdir()
    write_clip(Path("in/a.mp4"), scene(1, 2))
    write_clip(Path("in/b.mkv"), scene(1, 2))
    Path("in/c.mp4").write_bytes(b"no clip")
    Image.fromarray(scene(1, 1)[0]).save("in/d.png")
    assert main(["stylize", "in", "-o", "out", "--json"]) == 1
    lines = out(capsys)
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.mp4", "b.mkv", "d.png"]
    (fault,) = [line["error"] for line in lines if "error" in line]
    assert fault["code"] == "damaged" and "cannot be opened" in fault["message"]
    assert main(["stylize", "in", "-o", "out", "--skip-existing"]) == 1


def test_a_preview_and_names_of_results(here, capsys):
    write_clip(Path("a.mov"), scene(1, 5))
    assert main(["stylize", "a.mov", "--preview", "2", "--steady", "0", "--crf", "30", "--json"]) == 0
    assert out(capsys)[0]["output"] == "a-restyled.mp4"
    assert len(pictures_of(Path("a-restyled.mp4"))) == 2


@pytest.mark.parametrize(
    "command, words",
    [
        ("panorama a.mp4 b.mp4 -o c.mp4", "is a clip, and the task panorama takes pictures"),
        ("fuse a.mp4 d.png -o c.mp4", "there are pictures of one set, and clips"),
        ("fuse a.mp4 -o c.mp4 --steady 0.5", "--steady has no effect on fuse"),
        ("stylize a.mp4 -o c.png", "end it in .mp4, .mov or .mkv"),
        ("stylize a.mp4 -o c.mp4 --crf 99", "crf is 99: use 0 to 51"),
        ("stylize a.mp4 -o c.mp4 --steady 1", "steady is 1.0: use 0 to 0.98"),
        ("upscale a.mp4 -o c.mp4 --steady 0.5", "--steady has no effect on upscale"),
        ("stylize a.mp4 -o c.mp4 --explain maps", "--explain makes maps of pictures"),
        ("stylize a.mp4 -o c.mp4 --preview -1", "use a number of frames"),
    ],
)
def test_wrong_use(here, capsys, command, words):
    for name in ("a.mp4", "b.mp4"):
        write_clip(Path(name), scene(1, 2))
    Image.fromarray(scene(1, 1)[0]).save("d.png")
    assert main(command.split()) == 2
    assert words in capsys.readouterr().err


def test_noise_is_fused_away_without_a_fuser(here, capsys):
    clean = scene(1, 6, (96, 64))
    rng = np.random.default_rng(5)
    noisy = [np.clip(each + rng.normal(0, 20, each.shape), 0, 255).astype(np.uint8) for each in clean]
    source = write_clip(Path("a.mp4"), noisy)
    assert main(["fuse", "a.mp4", "-o", "b.mp4", "--json"]) == 0
    (line,) = out(capsys)
    assert line["report"]["frames_fused"] == 5 and line["report"]["label"] == "none"
    assert packets(Path("b.mp4"), "audio") == packets(source, "audio")
    errors = [
        np.mean(
            [np.square(a[1].astype(float) - b).mean() for a, b in zip(pictures_of(path), clean, strict=True)]
        )
        for path in (source, Path("b.mp4"))
    ]
    assert errors[1] < 0.45 * errors[0]
    assert main(["fuse", "a.mp4", "-o", "c.mp4", "--align"]) == 1
    assert "aligned in any case" in capsys.readouterr().err
    assert main(["fuse+stylize", "a.mp4", "-o", "c.mp4", "--style", "ink", "--json"]) == 0
    assert out(capsys)[0]["report"]["style"] == "ink"


def test_from_python(here, loaded):
    write_clip(Path("a.mp4"), scene(1, 2))
    steps = []
    report = loaded.run_video(
        "stylize",
        "a.mp4",
        "b.mp4",
        style="ink",
        options=VideoOptions(steady=0),
        progress=lambda *at: steps.append(at),
    )
    assert report["shots"] == 1 and steps == [(1, 2), (2, 2)]
    assert len(pictures_of(Path("b.mp4"))) == 2


def test_without_pyav(here, monkeypatch, capsys):
    write_clip(Path("a.mp4"), scene(1, 2))
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    assert main(["stylize", "a.mp4", "-o", "b.mp4"]) == 1
    assert "install stylefuse[video]" in capsys.readouterr().err
    assert main(["verify", "a.mp4"]) == 1
