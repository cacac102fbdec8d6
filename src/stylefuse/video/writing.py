"""Write a clip: encoded frames are joined with all else that the source holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from stylefuse._atomic import replacing
from stylefuse.images.names import printable
from stylefuse.video.encoding import Packed, codec, configure, stored_size
from stylefuse.video.errors import VideoError, load_av
from stylefuse.video.names import CONTAINERS
from stylefuse.video.options import DEFAULT_CRF
from stylefuse.video.reading import Clip, opened, video_stream
from stylefuse.video.remark import Remark

# Metadata that tell of the source's file, not of its content.
_OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "number_of_")
_OWN_PLACE = ("language", "handler_name")


@dataclass(frozen=True)
class Target:
    """What is written beside the frames.

    size: of the upright frames. metadata: of the file; they replace those of the source. whole: whether these are all
    frames of the source; else sound, subtitles and chapters are left out.
    """

    size: tuple[int, int]
    crf: int = DEFAULT_CRF
    metadata: Mapping[str, str] | None = None
    whole: bool = True


def check_target(target: Path) -> None:
    """Raise VideoError where a clip cannot be written under this name."""
    if target.suffix.lower() not in CONTAINERS:
        name = printable(target.name)
        raise VideoError("wrong_use", f"a clip cannot be called {name}", "end it in .mp4, .mov or .mkv")


def join(clip: Clip, packets: Iterator[Packed], target: Path, about: Target) -> list[Remark]:
    """Write packets as a clip. Sound and subtitles, bit by bit, chapters and metadata are those of the source.

    Returns:
        Remarks on what the target cannot hold.

    Raises:
        VideoError: the container cannot hold the source's sound.
        OSError: the file cannot be written.
    """
    check_target(target)
    av = load_av()
    suffix = target.suffix.lower()
    # Without use_metadata_tags, MP4 drops keys that FFmpeg does not know, the label's among them.
    options = {} if suffix == ".mkv" else {"movflags": "use_metadata_tags+faststart"}
    with (
        opened(clip.path) as source,
        replacing(target) as partial,
        av.open(str(partial), "w", format=CONTAINERS[suffix], options=options) as container,
    ):
        picture = container.add_stream(codec(), rate=clip.rate)
        configure(picture.codec_context, clip, stored_size(clip, about.size), about.crf)
        picture.time_base = clip.time_base
        old = video_stream(source, clip.path)
        picture.metadata.update(_told(old.metadata))
        if clip.display:
            picture.set_display_matrix(clip.display)
        container.metadata.update(_told(source.metadata) | dict(about.metadata or {}))
        copied, remarks = _add_copied(source, container, old, target) if about.whole else ({}, [])
        if about.whole:
            container.set_chapters(source.chapters())
        try:
            container.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            raise _cannot_hold(target, str(error)) from None
        for packet in _in_order(_pictures(packets, picture, clip, about.whole), _others(source, copied)):
            container.mux(packet)
    return remarks


def _add_copied(
    source: Any, container: Any, picture: Any, target: Path
) -> tuple[dict[int, Any], list[Remark]]:
    """Add a stream for each that is copied; returns them by the number of the old one, and remarks."""
    copied: dict[int, Any] = {}
    remarks = []
    for old in source.streams:
        if old.index == picture.index:
            continue
        named = f"the {old.type} stream {old.index}" + (f" ({old.name})" if old.name else "")
        if old.type not in ("audio", "subtitle"):
            remarks.append(
                Remark("stream_left_out", f"{named} was left out", {"stream": old.index, "kind": old.type})
            )
            continue
        try:
            new = container.add_stream_from_template(old)
        except (ValueError, load_av().FFmpegError):
            if old.type == "audio":
                raise _cannot_hold(target, named) from None
            sentence = f"{named} was left out, which {target.suffix} cannot hold: .mkv may"
            remarks.append(
                Remark("subtitles_left_out", sentence, {"stream": old.index, "ending": target.suffix})
            )
            continue
        new.metadata.update(_told(old.metadata))
        new.disposition = old.disposition
        copied[old.index] = new
    return copied, remarks


def _cannot_hold(target: Path, what: str) -> VideoError:
    message = f"{printable(target.name)} cannot hold what the source has ({what})"
    return VideoError("container", message, "end the result's name in .mkv")


def _pictures(packets: Iterator[Packed], stream: Any, clip: Clip, whole: bool) -> Iterator[Any]:
    """The packets for PyAV. A frame lasts until the next one; the last one of all until the clip's end."""
    av = load_av()
    usual = round(1 / (clip.rate * clip.time_base))
    for each, following in pairwise(chain(packets, [None])):
        assert each is not None  # only the last one is
        packet = av.Packet(each.data)
        packet.time_base = clip.time_base
        packet.pts = packet.dts = each.pts
        left = clip.end - each.pts if whole else 0
        packet.duration = following.pts - each.pts if following else left if left > 0 else usual
        packet.is_keyframe = each.key
        packet.stream = stream
        yield packet


def _others(source: Any, copied: Mapping[int, Any]) -> Iterator[Any]:
    if not copied:
        return
    for packet in source.demux([source.streams[index] for index in copied]):
        if packet.dts is None:  # the end
            continue
        packet.stream = copied[packet.stream.index]
        yield packet


def _in_order(one: Iterator[Any], other: Iterator[Any]) -> Iterator[Any]:
    """Packets of both by time: what is written out of order would be held in memory until it fits."""
    a, b = next(one, None), next(other, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a.dts * a.time_base <= b.dts * b.time_base):
            yield a
            a = next(one, None)
        else:
            yield b
            b = next(other, None)


def _told(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if not key.lower().startswith(_OF_THE_FILE)}
