"""A process that is killed while it works on a clip: the same call goes on, and makes the same file."""

import subprocess
import sys
import time

import pytest

pytest.importorskip("av", reason="needs the extra video")

from clip_files import scene, write_clip

_PROGRAM = """
import sys, time
from pathlib import Path
from stylefuse.video import transform
transform._PART = 2
source, target, pause = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
def painter(samples):
    def paint(frame):
        time.sleep(pause)
        return 255 - frame
    return paint
print(transform.transform_video(source, target, painter).kept)
"""


def test_after_a_kill_the_same_call_goes_on(tmp_path):
    source = write_clip(tmp_path / "a.mp4", scene(1, 8))
    whole, target = tmp_path / "whole.mp4", tmp_path / "b.mp4"

    def command(target, pause):
        return [sys.executable, "-c", _PROGRAM, str(source), str(target), str(pause)]

    killed = subprocess.Popen(command(target, 0.3))
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".*.parts/*.part.npz")) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        killed.kill()
        killed.wait()
    assert not target.exists()
    again = subprocess.run(command(target, 0), capture_output=True, text=True, check=True)
    assert int(again.stdout) >= 2
    subprocess.run(command(whole, 0), check=True, capture_output=True)
    assert target.read_bytes() == whole.read_bytes()
    assert list(tmp_path.glob(".*")) == []
