"""Make a clip of a given length, work on it without a network, and print the peak memory (Linux only)."""

import argparse
import json
import tempfile
from itertools import cycle, islice
from pathlib import Path

from benchmarks.common.memory import peak_bytes
from benchmarks.video.clips import add_clips, clips_of, read_frames
from stylefuse.video.encoding import Encoder, Packed
from stylefuse.video.reading import read_clip
from stylefuse.video.transform import transform_video
from stylefuse.video.writing import Target, join


def add_options(parser: argparse.ArgumentParser) -> None:
    add_clips(parser)
    parser.add_argument("--frames", type=int, required=True, help="of the clip that is made")
    parser.add_argument("--lines", type=int, default=360, help="of its frames (%(default)s)")


def run(options: argparse.Namespace) -> None:
    source = clips_of(options)[-1]
    with tempfile.TemporaryDirectory() as folder:
        clip, made = read_clip(source), Path(folder) / "made.mkv"
        some = read_frames(source, 40, options.lines)
        size = some[0].shape[1], some[0].shape[0]
        encoder = Encoder(clip, size)
        packets: list[Packed] = []
        for number, picture in enumerate(islice(cycle([*some, *some[::-1]]), options.frames)):
            packets += encoder.encode(picture, 512 * number)
        join(clip, iter([*packets, *encoder.finish()]), made, Target(size, whole=False))
        before = peak_bytes()
        done = transform_video(made, Path(folder) / "result.mkv", lambda samples: lambda frame: 255 - frame)
    print(json.dumps({"frames": done.frames, "peak_bytes": peak_bytes(), "peak_bytes_before": before}))
