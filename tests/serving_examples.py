"""Requests, good and bad."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter


def picture(width=24, height=16) -> Image.Image:
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.FLIP_TOP_BOTTOM), ramp))


def landscape(width=96, height=64, seed=0) -> Image.Image:
    """Hills of colour with fine grain: something to be sharp or blurred."""
    random = np.random.default_rng(seed)
    hills = Image.fromarray(random.integers(40, 215, (5, 6, 3), np.uint8))
    pixels = np.asarray(hills.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    grain = random.integers(-30, 31, (height, width, 1))
    return Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))


def half_sharp(image: Image.Image) -> list[Image.Image]:
    """Two pictures of the scene: one sharp on the left, one on the right."""
    blurred = image.filter(ImageFilter.GaussianBlur(3))
    left = Image.new("L", image.size)
    left.paste(255, (0, 0, image.width // 2, image.height))
    return [Image.composite(image, blurred, left), Image.composite(blurred, image, left)]


def bytes_of(image: Image.Image, file_format="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def encoded(image: Image.Image, file_format="PNG", **options) -> str:
    return base64.b64encode(bytes_of(image, file_format, **options)).decode()


def decoded(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


# (what a bad request is about, body, field that the answer names, words of its message)
def bad_requests() -> list:
    good = encoded(picture())

    def body(image=good, **params):
        return {"dataframe_records": [{"image": image}], "params": params}

    def rows(images, **params):
        records = [{"image": image} for image in images]
        return {"dataframe_records": records, "params": {"task": "fuse", **params}}

    def pair(**params):
        return rows([good, good], **params)

    cut = base64.b64encode(base64.b64decode(encoded(picture(), "JPEG"))[:300]).decode()
    long = encoded(Image.new("L", (16_384, 1)))
    wide = encoded(Image.new("L", (50_001, 1_000)))
    cases = [
        ("unknown style", body(style="manet"), "style", "ink, monet"),
        ("photo is no style", body(style="photo"), "style", "ink, monet"),
        ("style of another type", body(style=1), "style", "ink, monet"),
        ("style null", body(style=None), "style", "ink, monet"),
        ("unknown parameter", body(stlye="monet"), "stlye", "style, strength"),
        ("strength above", body(strength=1.5), "strength", "from 0"),
        ("strength below", body(strength=-0.1), "strength", "from 0"),
        ("strength NaN", body(strength=float("nan")), "strength", "from 0"),
        ("strength infinite", body(strength=float("inf")), "strength", "from 0"),
        ("strength huge", body(strength=10**400), "strength", "from 0"),
        ("strength text", body(strength="0.5"), "strength", "from 0"),
        ("strength true", body(strength=True), "strength", "from 0"),
        ("strength null", body(strength=None), "strength", "from 0"),
        ("strength list", body(strength=[0.5]), "strength", "from 0"),
        (
            "a mixture with an unknown style",
            body(style="ink:0.5,manet:0.5"),
            "style",
            "'manet' is not a style",
        ),
        ("a mixture with the photo", body(style="ink:0.5,photo:0.5"), "style", "ink, monet"),
        ("a mixture without weights", body(style="ink,monet"), "style", "ink:0.7,monet:0.3"),
        ("a mixture that names one twice", body(style="ink:1,ink:1"), "style", "once"),
        ("a mixture of one without weight", body(style="ink:1,monet"), "style", "monet:0.7"),
        ("a mixture that goes on", body(style="ink:1,"), "style", "ink, monet"),
        ("a mixture of weight 0", body(style="ink:1,monet:0"), "style", "positive"),
        ("a mixture of weight -1", body(style="ink:1,monet:-1"), "style", "positive"),
        ("a mixture of weight NaN", body(style="ink:1,monet:nan"), "style", "positive"),
        ("a mixture of weight 1e999", body(style="ink:1,monet:1e999"), "style", "positive"),
        ("a mixture as an object", body(style={"ink": 1.0}), "style", "ink:0.7,monet:0.3"),
        ("preserve_color unknown", body(preserve_color="chroma"), "preserve_color", "none, luma, match"),
        ("preserve_color true", body(preserve_color=True), "preserve_color", "none, luma, match"),
        ("preserve_color null", body(preserve_color=None), "preserve_color", "none, luma, match"),
        ("preserve_color in British", body(preserve_colour="luma"), "preserve_colour", "preserve_color"),
        ("contrast above", body(contrast=2.1), "contrast", "from 0.5 to 2; 1 changes nothing"),
        ("contrast below", body(contrast=0), "contrast", "from 0.5 to 2"),
        ("contrast NaN", body(contrast=float("nan")), "contrast", "from 0.5 to 2"),
        ("contrast true", body(contrast=True), "contrast", "from 0.5 to 2"),
        ("contrast text", body(contrast="1"), "contrast", "from 0.5 to 2"),
        ("contrast huge", body(contrast=10**400), "contrast", "from 0.5 to 2"),
        ("sharpen above", body(sharpen=2.1), "sharpen", "from 0 to 2; 0 changes nothing"),
        ("sharpen below", body(sharpen=-0.1), "sharpen", "from 0 to 2"),
        ("sharpen NaN", body(sharpen=float("nan")), "sharpen", "from 0 to 2"),
        ("sharpen true", body(sharpen=True), "sharpen", "from 0 to 2"),
        ("sharpen text", body(sharpen="0.5"), "sharpen", "from 0 to 2"),
        ("sharpen huge", body(sharpen=-(10**400)), "sharpen", "from 0 to 2"),
        ("format unknown", body(format="tiff"), "format", "png, jpeg, webp"),
        ("format null", body(format=None), "format", "png, jpeg, webp"),
        ("format in capitals", body(format="PNG"), "format", "png, jpeg, webp"),
        ("format too small for the picture", body(long, format="webp"), "format", "16383"),
        ("params list", {**body(), "params": ["monet"]}, "params", "send"),
        ("parameter beside params", {**body(), "strength": 0.5}, "strength", "params"),
        ("style is a path", body(style="../../etc/passwd"), "style", "ink, monet"),
        ("style in Chinese", body(style="水墨"), "style", "ink, monet"),
        ("strength 1e308", body(strength=1e308), "strength", "from 0"),
        ("a thousand parameters", body(**{f"p{n}": n for n in range(1000)}), "p0", "995 more"),
        ("a thousand keys", {**body(), **{f"k{n}": n for n in range(1000)}}, "k0", "995 more"),
        ("not base64", body("no*base64"), "image", "standard alphabet"),
        ("url alphabet", body("_-_-"), "image", "standard alphabet"),
        ("line break", body(good[:40] + "\n" + good[40:]), "image", "line breaks"),
        ("data URI", body("data:image/png;base64," + good), "image", "comma"),
        ("empty", body(""), "image", "base64"),
        ("null", body(None), "image", "base64"),
        ("number", body(5), "image", "base64"),
        ("nested", body({"b64": good}), "image", "base64"),
        ("not an image", body(base64.b64encode(b"\x9f\x01\x02\x03" * 9).decode()), "image", "JPEG"),
        ("truncated", body(cut), "image", "again"),
        ("too many pixels", body(wide), "image", "scale"),
        ("too many bytes", body("A" * 28_000_000), "image", "20 MB"),
        ("misspelt column", {"dataframe_records": [{"imagee": good}]}, "imagee", "image"),
        ("extra column", {"dataframe_records": [{"image": good, "style": "monet"}]}, "style", "image"),
        ("no rows", {"dataframe_records": []}, "image", "dataframe_records"),
        ("empty row", {"dataframe_records": [{}]}, "image", "dataframe_records"),
        ("no pictures", {"params": {}}, "body", "dataframe_records"),
        ("pictures twice", {**body(), "inputs": [good]}, "body", "dataframe_records"),
        ("second row bad", {"dataframe_records": [{"image": good}, {"image": "*"}]}, "image", "row 1"),
        ("misspelt in inputs", {"inputs": {"imagee": [good]}}, "imagee", "image"),
        ("bad in inputs", {"inputs": {"image": ["*"]}}, "image", "base64"),
        ("bad in list", {"inputs": ["*"]}, "image", "base64"),
        ("misspelt in instances", {"instances": [{"imagee": good}]}, "imagee", "image"),
        ("unknown task", body(task="merge"), "task", "send one of stylize, fuse, "),
        ("task of another type", body(task=1), "task", "send one of stylize, fuse, "),
        ("mode of a picture to restyle", body(mode="focus"), "mode", '"task": "fuse"'),
        ("align of a picture to restyle", body(align=True), "align", '"task": "fuse"'),
        ("style of pictures to fuse", pair(style="monet"), "style", "fuse+stylize"),
        ("strength of pictures to fuse", pair(strength=0.5), "strength", "fuse+stylize"),
        ("colours of pictures to fuse", pair(preserve_color="luma"), "preserve_color", "fuse+stylize"),
        ("contrast of pictures to fuse", pair(contrast=1.2), "contrast", "fuse+stylize"),
        ("sharpness of pictures to fuse", pair(sharpen=1.0), "sharpen", "fuse+stylize"),
        ("list for a strength", pair(strength=[1.0]), "strength", "fuse+stylize"),
        ("unknown mode", pair(mode="average"), "mode", "auto, focus, exposure"),
        ("mode null", pair(mode=None), "mode", "auto, focus"),
        ("align text", pair(align="true"), "align", "true or false"),
        ("align number", pair(align=1), "align", "true or false"),
        ("unknown style of a fusion", pair(task="fuse+stylize", style="manet"), "style", "ink, monet"),
        ("one picture to fuse", rows([good]), "image", "send 2 to 8 rows"),
        ("nine pictures to fuse", rows([good] * 9), "image", "send 2 to 8 rows"),
        ("two sizes", rows([good, encoded(picture(32, 24))]), "image", "align=true"),
        ("too small to fuse", rows([encoded(picture(15, 40))] * 2), "image", "16 pixels"),
        ("second of a set bad", rows([good, "*"]), "image", "row 1"),
        (
            "misspelt in split",
            {"dataframe_split": {"columns": ["imagee"], "data": [[good]]}},
            "imagee",
            "image",
        ),
    ]
    return [pytest.param(*case[1:], id=case[0]) for case in cases]


def assert_clean(text: str) -> None:
    """No stack trace, no path, and not the request's picture."""
    assert len(text) < 1000
    for leak in (
        "Traceback",
        "stack_trace",
        "site-packages",
        ".py",
        "/tmp",
        "/home",
        str(Path(__file__).parents[2]),
        "/usr",
        'File "',
    ):
        assert leak not in text
