"""Files of cameras, packed by hand: raw files, which are TIFFs whose first page is a preview, and their like."""

import struct

SHORT, LONG = 3, 4
REDUCED, MASK = 1, 4
CFA = 32803


def page(width, height, **more):
    """The tags of a page of RGB pixels, 8 bits; `more` are further tags by the names below."""
    tags = {
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (8, 8, 8)),
        259: (SHORT, (1,)),
        262: (SHORT, (2,)),
        277: (SHORT, (3,)),
        278: (LONG, (height,)),
        "pixels": bytes(width * height * 3),
    }
    names = {"subfile": (254, LONG), "old_subfile": (255, SHORT), "compression": (259, SHORT)}
    names |= {"photometric": (262, SHORT), "dng": (50706, 1), "sony": (50740, LONG)}
    for name, value in more.items():
        tag, kind = names[name]
        tags[tag] = (kind, value if isinstance(value, tuple) else (value,))
    return tags


def tiff(*pages, parts=(), order="<", canon=False):
    """Pack pages one after another; `parts` are pages that the first one refers to by SubIFDs."""
    data = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 16 if canon else 8)
    data += b"CR\2\0" + bytes(4) if canon else b""
    sizes = [_size(tags, parts if number == 0 else ()) for number, tags in enumerate((*pages, *parts))]
    starts = [len(data) + sum(sizes[:number]) for number in range(len(sizes))]
    for number, tags in enumerate((*pages, *parts)):
        following = starts[number + 1] if number + 1 < len(pages) else 0
        places = tuple(starts[len(pages) :]) if number == 0 else ()
        data += _packed(tags, places, following, starts[number], order)
    return data


def _size(tags, parts):
    return len(_packed(tags, tuple(0 for _ in parts), 0, 0, "<"))


def _packed(tags, places, following, start, order):
    """A page at `start`: its tags, the values that do not fit into them, its pixels."""
    entries = {tag: value for tag, value in tags.items() if tag != "pixels"}
    entries |= {330: (LONG, places)} if places else {}
    entries |= {273: (LONG, (0,)), 279: (LONG, (len(tags["pixels"]),))}
    after = start + 2 + 12 * len(entries) + 4
    extra = b""
    sizes = {1: "B", SHORT: "H", LONG: "I"}
    kept = {tag: struct.pack(f"{order}{len(v)}{sizes[kind]}", *v) for tag, (kind, v) in entries.items()}
    beside = sum(len(value) for value in kept.values() if len(value) > 4)
    kept[273] = struct.pack(order + "I", after + beside)
    head = struct.pack(order + "H", len(entries))
    for tag, (kind, values) in sorted(entries.items()):
        value = kept[tag]
        if len(value) > 4:
            place = struct.pack(order + "I", after + len(extra))
            extra += value
            value = place
        head += struct.pack(order + "HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    return head + struct.pack(order + "I", following) + extra + tags["pixels"]
