"""Inspect the pages of a TIFF by their tags (TIFF 6.0, TIFF/EP, DNG 1.7), without a decoder.

Raw files of cameras are TIFFs whose first page is a small preview, which a decoder would return as the picture.
"""

import struct
from collections.abc import Iterator

from PIL.TiffImagePlugin import COMPRESSION_INFO

from stylefuse.images.signatures import RAW, UNSUPPORTED, Kind

# Tags.
_SUBFILE, _OLD_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 255, 258, 259, 262
_SUB_PAGES, _SAMPLE_FORMAT = 330, 339
_DNG_VERSION, _SONY_PRIVATE = 50706, 50740
# Values.
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED = 2
_SENSOR = {32803, 34892}  # PhotometricInterpretation: colour filter array, linear raw
_MAKERS = {
    32767,
    32769,
    32770,
    34713,
    65000,
    65535,
}  # Compression: of Sony, Epson, Samsung, Nikon, Kodak, Pentax
_FLOATING, _MASK_PIXELS = 3, 4
_COLOUR_BITS = (8, 16)
_ONE_BYTE = (1, 2, 7)  # types
_SIZES = {1: "B", 2: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # type → format of a number
# Far more than real files have: limits the time that a malicious file can take.
_MOST_PAGES, _MOST_TAGS, _MOST_NUMBERS = 64, 1_000, 16

_Page = dict[int, tuple[int, ...]]


def is_tiff(data: bytes) -> bool:
    """Whether a file starts as TIFF or BigTIFF; includes two invalid forms that Pillow reads."""
    return data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")


def unfit(data: bytes) -> Kind | None:
    """Return the kind of a TIFF whose first page cannot be read or is not the actual picture; None if it is fine.

    Args:
        data: the bytes of a file for which `is_tiff`.
    """
    pages = _pages(data)
    first = next(pages, None)
    if first is None:
        return None
    parts = [page for at in first.get(_SUB_PAGES, ()) if (page := _page(data, at)[0])]
    reduced = _has(first, _SUBFILE, _REDUCED) or first.get(_OLD_SUBFILE) == (_OLD_REDUCED,)
    if (
        data[8:10] == b"CR"  # Canon's CR2
        or _DNG_VERSION in first
        or (_SONY_PRIVATE in first and _SUB_PAGES in first)
        or (reduced and _SUB_PAGES in first)
        or any(_of_a_sensor(page) for page in (first, *parts))
    ):
        return RAW
    is_mask = _has(first, _SUBFILE, _MASK) or first.get(_PHOTOMETRIC) == (_MASK_PIXELS,)
    others = (page for page in pages if not _has(page, _SUBFILE, _REDUCED | _MASK))
    if (reduced or is_mask) and any(page.get(_OLD_SUBFILE) != (_OLD_REDUCED,) for page in others):
        what = "a mask" if is_mask else "a reduced copy of the picture"
        return Kind(UNSUPPORTED, f"a TIFF whose first page is {what}", "export the picture alone")
    return _not_read(first)


def contents(data: bytes, tag: int) -> list[bytes]:
    """Return the bytes that each page has under a tag of bytes; pages without it are left out.

    Args:
        data: the bytes of a file for which `is_tiff`.
    """
    order, big = _order(data)
    found: list[bytes] = []
    seen: set[int] = set()
    at = _first_page(data)
    while at and at not in seen and len(seen) < _MOST_PAGES:
        seen.add(at)
        entries, at = _entries(data, at)
        for name, kind, count, value in entries:
            if name != tag or kind not in _ONE_BYTE:
                continue
            start = 0 if count <= len(value) else struct.unpack(order + ("Q" if big else "I"), value)[0]
            found.append((value if count <= len(value) else data)[start : start + count])
    return found


def _not_read(page: _Page) -> Kind | None:
    """Return the kind of a page whose pixels no available decoder reads; None if one does."""
    bits, floating = page.get(_BITS, ()), page.get(_SAMPLE_FORMAT, (1,))[:1] == (_FLOATING,)
    if len(bits) > 1 and (floating or bits[0] not in _COLOUR_BITS):
        kind = "floating-point numbers" if floating else "integers"
        name = f"a TIFF with {len(bits)} channels of {bits[0]}-bit {kind}, which is not supported"
        return Kind(UNSUPPORTED, name, "export it with 8 or 16 bits a channel")
    compression = page.get(_COMPRESSION, (1,))[:1]
    if compression and compression[0] not in COMPRESSION_INFO:
        name = f"a TIFF with an unsupported compression (number {compression[0]})"
        return Kind(UNSUPPORTED, name, "export it with LZW or Deflate, or as PNG")
    return None


def _has(page: _Page, tag: int, bits: int) -> bool:
    return bool((page.get(tag) or (0,))[0] & bits)


def _of_a_sensor(page: _Page) -> bool:
    photometric, compression = (page.get(tag, ())[:1] for tag in (_PHOTOMETRIC, _COMPRESSION))
    return bool(_SENSOR & set(photometric) or _MAKERS & set(compression))


def _pages(data: bytes) -> Iterator[_Page]:
    at = _first_page(data)
    for _ in range(_MOST_PAGES):
        page, at = _page(data, at) if at else ({}, 0)
        if not page:
            return
        yield page


def _page(data: bytes, at: int) -> tuple[_Page, int]:
    """Return the first numbers of each tag of the page at `at`, and the next page's offset, 0 if there is none."""
    order, _ = _order(data)
    entries, following = _entries(data, at)
    page: _Page = {}
    try:
        for tag, kind, count, value in entries:
            if kind in _SIZES:
                page[tag] = _numbers(data, order, _SIZES[kind], min(count, _MOST_NUMBERS), value)
    except (struct.error, OverflowError):
        return page, 0
    return page, following


def _entries(data: bytes, at: int) -> tuple[list[tuple[int, int, int, bytes]], int]:
    """Return tag, type, count and value, or its offset, of what a page lists; and the next page's offset, or 0."""
    order, big = _order(data)
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    entries: list[tuple[int, int, int, bytes]] = []
    try:
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
        at += 8 if big else 2
        for number in range(min(count, _MOST_TAGS)):
            entries.append(entry.unpack_from(data, at + number * entry.size))
        (following,) = struct.unpack_from(order + ("Q" if big else "I"), data, at + count * entry.size)
    except (struct.error, OverflowError):
        return entries, 0
    return entries, following


def _first_page(data: bytes) -> int:
    """The offset of the first page; 0 if the file ends before it."""
    order, big = _order(data)
    try:
        return struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    except struct.error:
        return 0


def _numbers(data: bytes, order: str, size: str, numbers: int, value: bytes) -> tuple[int, ...]:
    wanted = struct.Struct(f"{order}{numbers}{size}")
    if wanted.size <= len(value):
        return wanted.unpack_from(value)
    (at,) = struct.unpack(order + ("Q" if len(value) == 8 else "I"), value)
    return wanted.unpack_from(data, at)


def _order(data: bytes) -> tuple[str, bool]:
    return "<" if data[:2] == b"II" else ">", b"+" in data[2:4]
