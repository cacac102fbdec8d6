"""Clips at `stylefuse serve` with a model: sent, restyled, fetched; refused in words; nothing is left."""

import json
import time

import pytest
from test_service_clip_server import BOUNDARY, told

from service_support import real_server
from serving_examples import bytes_of, encoded, landscape
from small_clips import small_clip
from stylefuse.serving.service.clips import worker
from stylefuse.serving.service.clips.params import ClipParams
from stylefuse.video.errors import VideoError
from stylefuse.video.options import VideoOptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(model_folder, tmp_path_factory):
    pytest.importorskip("av", reason="PyAV is not there: pip install stylefuse[video]")
    folder = tmp_path_factory.mktemp("server")
    (folder / "tmp").mkdir()
    options = ("--model", str(model_folder), "--clip-bytes", "3000000")
    with real_server(folder, *options, env={"TMPDIR": str(folder / "tmp")}) as running:
        running.folder = folder
        yield running


def form(data: bytes, name: str, **fields: str) -> bytes:
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="clip"; filename="{name}"\r\n\r\n'
    return "".join(lines).encode() + head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def start(server, data: bytes, name: str = "ride.mp4", **fields: str):
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    status, _, body = server.send("/v1/video", body=form(data, name, **fields), headers=headers)
    return status, json.loads(body)


def ended(server, job: str) -> dict:
    return server.wait_for(lambda: (now := told(server, job))["state"] in ("done", "failed") and now, 300)


def test_a_clip_comes_back_restyled_with_its_sound_and_labelled(server, tmp_path):
    import av

    clip = small_clip(tmp_path / "ride.mp4")
    status, answer = start(server, clip.read_bytes(), style="monet", steady="0.5")
    assert status == 202
    job = f"/v1/jobs/{answer['id']}"
    now = ended(server, job)
    assert now["state"] == "done", now
    assert (now["frames"], now["total"], now["file"]) == (12, 12, "ride-monet.mp4")
    assert now["report"]["style"] == "monet" and now["report"]["shots"] == 2
    assert now["report"]["label"] == "metadata"
    result = tmp_path / "result.mp4"
    result.write_bytes(server.send(now["result"], method="GET")[2])
    with av.open(str(result)) as made:
        assert sum(1 for _ in made.decode(video=0)) == 12
        assert "AIGC" in str(made.metadata)
    with av.open(str(result)) as made, av.open(str(clip)) as sent:
        packets = [[bytes(p) for p in each.demux(each.streams.audio[0])] for each in (made, sent)]
        assert packets[0] == packets[1] and len(packets[0]) > 5
    part = server.send(now["result"], method="GET", headers={"Range": "bytes=4-7"})
    assert (part[0], part[2]) == (206, b"ftyp")
    assert server.send(job, method="DELETE")[0] == 204
    assert [path for path in (server.folder / "tmp").rglob("*") if path.suffix in (".mp4", ".mkv")] == []


def test_the_beginning_alone_is_a_preview_without_sound(server, tmp_path):
    import av

    status, answer = start(server, small_clip(tmp_path / "ride.mp4").read_bytes(), preview="48")
    assert status == 202
    now = ended(server, f"/v1/jobs/{answer['id']}")
    assert now["frames"] == 6, now  # up to the cut
    result = tmp_path / "result.mp4"
    result.write_bytes(server.send(now["result"], method="GET")[2])
    with av.open(str(result)) as made:
        assert len(made.streams.audio) == 0


def test_what_is_no_clip_fails_in_words(server):
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    for data in (b"x" * 5000, playlist, bytes_of(landscape())):
        status, answer = start(server, data)
        assert status == 202
        now = ended(server, f"/v1/jobs/{answer['id']}")
        assert (now["state"], now["error"]["field"]) == ("failed", "clip"), now
        assert now["error"]["message"].startswith("clip: ") and "/" not in now["error"]["message"]


def test_wrong_fields_and_large_clips_are_refused_at_once(server, tmp_path):
    data = small_clip(tmp_path / "ride.mp4").read_bytes()
    assert start(server, data, style="monte")[1]["field"] == "style"
    assert start(server, b"x" * 3_100_000)[0] == 413


def test_pictures_are_hardly_slower_while_a_clip_is_worked_on(server, tmp_path):
    """The seconds of a picture, alone and beside a clip; they are printed."""

    def seconds() -> float:
        body = json.dumps({"image": encoded(landscape(480, 320))})
        times = []
        for _ in range(5):
            began = time.monotonic()
            assert server.send(body=body, headers={"Content-Type": "application/json"})[0] == 200
            times.append(time.monotonic() - began)
        return sorted(times)[2]

    alone = seconds()
    clip = small_clip(tmp_path / "ride.mp4", 400, (320, 240))
    job = f"/v1/jobs/{start(server, clip.read_bytes())[1]['id']}"
    server.wait_for(lambda: told(server, job).get("frames"), 120)
    beside = seconds()
    assert told(server, job)["state"] == "working"
    assert server.send(job, method="DELETE")[0] == 204
    print(f"a picture: {alone:.2f} s alone, {beside:.2f} s beside a clip")
    assert beside < 2.5 * alone + 0.2


def test_limits_of_frames_and_pixels(tmp_path):
    clip = small_clip(tmp_path / "ride.mp4")
    worker.check_clip(clip, 12)
    with pytest.raises(VideoError, match="12 frames, more than 11"):
        worker.check_clip(clip, 11)


def test_defaults_are_those_of_the_library():
    assert VideoOptions(**ClipParams().model_dump()) == VideoOptions()
