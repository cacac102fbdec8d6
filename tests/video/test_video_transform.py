"""A clip in, a clip out: pixels change, and all else stays."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="needs the extra video")

from clip_files import packets, pictures_of, scene, write_clip  # noqa: E402

from stylefuse.video.errors import Cancelled, VideoError  # noqa: E402
from stylefuse.video.options import VideoOptions  # noqa: E402
from stylefuse.video.transform import transform_video  # noqa: E402

STILL = VideoOptions(steady=0)


def inverted(samples):
    return lambda frame: 255 - frame


def unchanged(samples):
    return lambda frame: frame


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_all_but_the_pixels_stays(tmp_path, ending):
    times = [0, 512, 1536, 1600, 4000, 4512, 5024, 5632]  # variable frame rate
    source = write_clip(
        tmp_path / f"a{ending}",
        scene(1, 8),
        times=times,
        turn=90,
        aspect=Fraction(4, 3),
        chapters=True,
        metadata={"title": "Sea"},
    )
    target = tmp_path / f"b{ending}"
    done = transform_video(source, target, inverted, options=STILL)
    assert (done.frames, done.shots, done.kept) == (8, 1, 0)
    assert packets(target, "audio") == packets(source, "audio")
    old, new = pictures_of(source), pictures_of(target)
    assert [time for time, _ in new] == [time for time, _ in old]
    assert np.abs(255.0 - new[3][1] - old[3][1]).mean() < 6
    with av.open(str(source)) as a, av.open(str(target)) as b:
        assert b.metadata["title"] == "Sea"
        assert [each["metadata"] for each in b.chapters()] == [each["metadata"] for each in a.chapters()]
        assert [each["start"] for each in b.chapters()] == [each["start"] for each in a.chapters()]
        assert b.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
        assert next(b.decode(video=0)).rotation == next(a.decode(video=0)).rotation
        assert abs(b.duration - a.duration) <= 1e6 / 25


def test_frames_are_painted_upright(tmp_path):
    source, seen = write_clip(tmp_path / "a.mp4", scene(1, 2, (64, 32)), turn=90, sound=False), []

    def painter(samples):
        return lambda frame: seen.append(frame) or frame

    transform_video(source, tmp_path / "b.mp4", painter, options=STILL)
    assert seen[0].shape == (64, 32, 3)
    assert pictures_of(tmp_path / "b.mp4")[0][1].shape == (32, 64, 3)


def test_odd_sides_work_and_are_told(tmp_path):
    source = write_clip(tmp_path / "a.mkv", scene(1, 3, (65, 49)), codec="ffv1", pixels="bgr0", sound=False)
    done = transform_video(source, tmp_path / "b.mp4", unchanged, options=STILL)
    assert "65×49 has an odd side" in done.remarks[0].sentence
    old, new = pictures_of(source), pictures_of(tmp_path / "b.mp4")
    assert new[0][1].shape == (50, 66, 3)
    assert np.abs(new[0][1][:49, :65].astype(float) - old[0][1]).mean() < 6


def test_larger_results_keep_times(tmp_path):
    source = write_clip(tmp_path / "a.mp4", scene(1, 3))
    transform_video(source, tmp_path / "b.mp4", lambda samples: lambda frame: frame.repeat(2, 0).repeat(2, 1))
    new = pictures_of(tmp_path / "b.mp4")
    assert new[0][1].shape == (96, 128, 3) and [time for time, _ in new] == [0, 0.04, 0.08]


@pytest.mark.parametrize("curve, kind", [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_or_reduced(tmp_path, curve, kind):
    source = write_clip(tmp_path / "a.mkv", scene(1, 2), pixels="yuv420p10le", curve=curve, sound=False)
    with pytest.raises(VideoError, match=rf"is HDR \({kind}\).*--tone-map") as refused:
        transform_video(source, tmp_path / "b.mp4", unchanged)
    assert refused.value.code == "hdr"
    done = transform_video(source, tmp_path / "b.mp4", unchanged, options=VideoOptions(tone_map=True))
    assert kind in done.remarks[0].sentence
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert next(file.decode(video=0)).color_trc == 1


def test_what_is_no_clip(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no clip")
    with pytest.raises(VideoError, match="cannot be opened"):
        transform_video(tmp_path / "a.mp4", tmp_path / "b.mp4", unchanged)
    source = write_clip(tmp_path / "c.mp4", scene(1, 2))
    with pytest.raises(VideoError, match="end it in"):
        transform_video(source, tmp_path / "b.gif", unchanged)


def test_sound_that_the_container_cannot_hold(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as file:
        video, audio = file.add_stream("libx264", rate=25), file.add_stream("wavpack", rate=16000)
        audio.layout = "mono"
        video.width, video.height = 64, 48
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), "fltp", "mono")
        wave.sample_rate, wave.pts = 16000, 0
        file.mux(audio.encode(wave))
        for each in [av.VideoFrame.from_ndarray(scene(1, 1)[0], "rgb24"), None]:
            file.mux(video.encode(each))
        file.mux(audio.encode(None))
    with pytest.raises(VideoError, match=r"cannot hold.*\.mkv"):
        transform_video(tmp_path / "a.mkv", tmp_path / "b.mp4", unchanged)
    transform_video(tmp_path / "a.mkv", tmp_path / "b.mkv", unchanged)
    assert packets(tmp_path / "b.mkv", "audio") == packets(tmp_path / "a.mkv", "audio")


def test_a_preview_is_of_the_first_shot(tmp_path):
    source = write_clip(tmp_path / "a.mp4", scene(1, 4) + scene(2, 4))
    for frames, made in ((3, 3), (6, 4)):
        options = VideoOptions(preview=frames)
        assert transform_video(source, tmp_path / "b.mp4", unchanged, options=options).frames == made
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert not file.streams.audio


def test_a_cut_is_not_blended_over(tmp_path):
    source = write_clip(tmp_path / "a.mp4", scene(1, 4) + scene(2, 5), sound=False)
    samples_of, seen = [], []

    def painter(samples):
        samples_of.append(len(samples))
        return lambda frame: 255 - frame

    transform_video(source, tmp_path / "b.mp4", painter, finish=lambda frame: seen.append(frame) or frame)
    decoded = [255 - picture for _, picture in pictures_of(source)]
    alike = [np.abs(a.astype(float) - b).mean() < 1.5 for a, b in zip(seen, decoded, strict=True)]
    assert alike[0] and alike[4]
    assert samples_of == [4, 3]


def test_what_is_left_out_is_told(tmp_path):
    source = write_clip(tmp_path / "a.mkv", scene(1, 2), attachment=b"font")
    done = transform_video(source, tmp_path / "b.mkv", unchanged)
    assert "the attachment stream" in done.remarks[0].sentence and "was left out" in done.remarks[0].sentence


def cancel_after_four(source, target, **settings):
    steps: list[int] = []
    with pytest.raises(Cancelled):
        transform_video(
            source,
            target,
            inverted,
            progress=lambda done, _: steps.append(done),
            cancelled=lambda: 4 in steps,
            **settings,
        )


def test_cancelled_work_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("stylefuse.video.transform._PART", 2)
    source = write_clip(tmp_path / "a.mp4", scene(1, 5) + scene(2, 4))
    whole, target = tmp_path / "whole.mp4", tmp_path / "b.mp4"
    transform_video(source, whole, inverted)
    cancel_after_four(source, target)
    assert not target.exists() and len(list(tmp_path.glob(".*.parts"))) == 1
    done = transform_video(source, target, inverted)
    assert done.kept == 4 and done.frames == 9
    assert target.read_bytes() == whole.read_bytes()
    assert list(tmp_path.glob(".*")) == []


def test_other_settings_begin_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("stylefuse.video.transform._PART", 2)
    source, target = write_clip(tmp_path / "a.mp4", scene(1, 5)), tmp_path / "b.mp4"
    cancel_after_four(source, target, settings={"style": "ink"})
    assert transform_video(source, target, inverted, settings={"style": "sea"}).kept == 0
    assert list(tmp_path.glob(".*")) == []


def test_two_at_once_are_refused(tmp_path):
    source, target = write_clip(tmp_path / "a.mp4", scene(1, 3)), tmp_path / "b.mp4"

    def again(samples):
        with pytest.raises(VideoError, match="another process writes"):
            transform_video(source, target, inverted)
        return inverted(samples)

    transform_video(source, target, again)
    assert Path(target).exists()
