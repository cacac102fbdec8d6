"""Restyle whole clips, and check what has to stay: sound, times, duration, label."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.common.memory import peak_bytes
from benchmarks.video.clips import add_clips, clips_of
from stylefuse.labels.verify import verify
from stylefuse.model import load
from stylefuse.video.errors import load_av


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_clips(parser)
    add("--model", help="as `stylefuse.load` takes it")
    add("--style", default="vangogh", help="of the model (%(default)s)")
    add("--ending", default=".mp4", choices=(".mp4", ".mkv"), help="of the results (%(default)s)")
    add("--out", type=Path, required=True, help="folder of the results")


def run(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    model = load(options.model, "cpu")
    for source in clips_of(options):
        target = options.out / f"{source.stem}{options.ending}"
        start = time.perf_counter()
        report = model.run_video("stylize", source, target, style=options.style)
        seconds = time.perf_counter() - start
        old, new = _facts(source), _facts(target)
        found = {
            "clip": source.name,
            "frames": report["frames"],
            "shots": report["shots"],
            "frames_per_second": round(report["frames"] / seconds, 2),
            "sound_equal": old["sound"] == new["sound"],
            "packets_of_sound": len(old["sound"]),
            "times_equal": old["times"] == new["times"],
            "duration_differs_by_seconds": abs(old["duration"] - new["duration"]),
            "verify": verify(target).code.name,
            "peak_bytes": peak_bytes(),
        }
        print(json.dumps(found), flush=True)


def _facts(path: Path) -> dict[str, Any]:
    """Packets of sound, times of the frames and duration, s."""
    with load_av().open(str(path)) as file:
        streams = file.streams.audio
        sound = [
            (each.pts * each.time_base, bytes(each))
            for each in (file.demux(streams[0]) if streams else ())
            if each.dts is not None
        ]
    with load_av().open(str(path)) as file:
        times = [frame.time for frame in file.decode(video=0)]
        return {"sound": sound, "times": times, "duration": file.duration / 1e6}
