"""The batch pipeline of a task takes clips among the pictures of a folder."""

import pytest
from PIL import Image

pytest.importorskip("av", reason="needs the extra video")

from clip_files import pictures_of, scene, write_clip

from served_models import weights  # noqa: F401
from stylefuse.pipelines.batches.nodes import run_folder
from stylefuse.pipelines.batches.options import batch_options
from stylefuse.tasks.stylize import TASK


def test_clips_and_pictures_of_a_folder(tmp_path, weights, monkeypatch):  # noqa: F811
    monkeypatch.setattr("stylefuse.video.transform._PART", 2)
    folder, staging = tmp_path / "in", tmp_path / "out" / ".incoming"
    for each in (folder, staging):
        each.mkdir(parents=True)
    write_clip(folder / "a.mkv", scene(1, 5))
    (folder / "b.mp4").write_bytes(b"no clip")
    Image.fromarray(scene(1, 1)[0]).save(folder / "c.png")
    options = batch_options(TASK)(style="ink")

    def run():
        return run_folder(TASK, {"generator": weights}, folder, staging, options)[1]

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("stylefuse.video.transform.join", stop)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert len(list(staging.glob(".*.parts/*.part.npz"))) == 3
    report = run()
    assert list(report["output"]) == ["a.mkv", "", "c.png"]
    assert "cannot be opened" in report["reason"][1]
    assert '"frames": 5' in report["look"][0]
    assert len(pictures_of(staging / "a.mkv")) == 5
    assert sorted(path.name for path in staging.iterdir() if path.suffix == ".parts") == []
