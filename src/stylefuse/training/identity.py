"""What a training is: options, pictures, code. Two that differ in it must not go on from each other's states."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from stylefuse.images.manifest import kept, pixels_hash
from stylefuse.images.store import ImageStore


def pictures_of(manifest: pd.DataFrame, store: ImageStore) -> dict[str, Any]:
    """The pictures as an identity names them: a short hash each, by style; and `pixels_hash` of the whole."""
    ok = kept(manifest)
    # Cut margins and split belong to a picture: they decide what of it is seen.
    marks = ok["sha256"].str[:12] + " " + ok["split"] + " " + ok["trim"]
    by_style = {style: sorted(group) for style, group in marks.groupby(ok["style"])}
    return {"pictures": by_style, "pixels": pixels_hash(manifest, store.index())}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between two identities, a line each: "options.batch_size: 8 -> 4", "data: photo 2 added".

    Args:
        old, new: nests of mappings; what `pictures_of` gave stands under "data", a hash of the code under "code".
    """
    old, new = (json.loads(json.dumps(each)) for each in (old, new))  # tuples are lists after a file
    lines = [_in_pictures(old.pop("data", None), new.pop("data", None))]
    before, now = (dict(_leaves(each, "")) for each in (old, new))
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            changed = f"{before.get(key, '(none)')} -> {now.get(key, '(none)')}"
            lines.append(
                "code: the training's modules were changed" if key == "code" else f"{key}: {changed}"
            )
    return [line for line in lines if line]


def check_options(facts: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Refuse the checkpoint of another training, before its tensors are put where they do not belong.

    Args:
        facts: of the checkpoint.
        options: the `identity()` of those that would go on from it.

    Raises:
        ValueError: it was written under other options, which are named, or by a version that did not note them.
    """
    if "options" not in facts:
        raise ValueError(
            "this checkpoint is of an older version of StyleFuse, which did not note its options: "
            "finish that training with the version that began it, or begin anew"
        )
    if lines := differences({"options": facts["options"]}, {"options": options}):
        raise ValueError(f"this checkpoint was written under other options: {'; '.join(lines)}")


def _in_pictures(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    if old == new:
        return ""
    old, new = ({"pictures": {}} if each is None else each for each in (old, new))
    parts = []
    for style in sorted(old["pictures"].keys() | new["pictures"].keys()):
        before, now = (Counter(each["pictures"].get(style, ())) for each in (old, new))
        counts = ((now - before).total(), "added"), ((before - now).total(), "removed")
        said = [f"{count} {what}" for count, what in counts if count]
        parts += [f"{style} {', '.join(said)}"] if said else []
    return f"data: {'; '.join(parts) or 'the same pictures, stored in another size or order'}"


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value
