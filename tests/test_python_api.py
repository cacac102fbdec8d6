"""`stylefuse.load`, and pictures of every kind that a caller can give."""

import copy
import inspect
import io
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

import stylefuse
from served_models import fuser_weights, weights  # noqa: F401
from serving_examples import bytes_of, half_sharp, landscape, picture
from stylefuse.images.files import ImageError
from stylefuse.images.profiles import ADOBE_RGB, profile_of
from stylefuse.networks.weights import write_weights
from stylefuse.serving.bundle import ModelError
from stylefuse.tasks.validation import RequestError


@pytest.fixture(scope="module")
def folder(weights, fuser_weights, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("model")
    write_weights(folder / "generator.safetensors", weights)
    write_weights(folder / "fuser.safetensors", fuser_weights)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return stylefuse.load(folder, "cpu")


def ramp_16() -> Image.Image:
    return Image.fromarray(np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64))


def clear(mode: str) -> Image.Image:
    """Opaque on the left; on the right, black that is transparent."""
    rgba = picture(32, 32).convert("RGBA")
    rgba.paste((0, 0, 0, 0), (16, 0, 32, 32))
    if mode == "P":
        palette = Image.new("P", (32, 32), 1)
        palette.putpalette([0, 0, 0, 200, 30, 30])
        palette.paste(0, (16, 0, 32, 32))
        palette.info["transparency"] = 0
        return palette
    return rgba.convert(mode)


def with_profile() -> Image.Image:
    image = picture(32, 24)
    image.info["icc_profile"] = profile_of(ADOBE_RGB)
    return image


def sideways() -> Image.Image:
    exif = Image.Exif()
    exif[0x0112] = 6
    return Image.open(io.BytesIO(bytes_of(picture(40, 24), exif=exif)))


PICTURES = {
    "I;16": (ramp_16, "PNG"),
    "I": (lambda: Image.fromarray(np.asarray(ramp_16()).astype(np.int32)), "TIFF"),
    "F": (lambda: Image.fromarray(np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)), "TIFF"),
    "RGBA": (lambda: clear("RGBA"), "PNG"),
    "LA": (lambda: clear("LA"), "PNG"),
    "P": (lambda: clear("P"), "PNG"),
    "CMYK": (lambda: picture(32, 24).convert("CMYK"), "TIFF"),
    "L": (lambda: picture(32, 24).convert("L"), "PNG"),
    "1": (lambda: picture(32, 24).convert("1"), "PNG"),
    "LAB": (
        lambda: ImageCms.profileToProfile(
            picture(32, 24), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        ),
        "TIFF",
    ),
    "profile": (with_profile, "PNG"),
    "sideways": (sideways, None),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_pillows_picture_gives_what_its_file_gives(model, kind):
    make, file_format = PICTURES[kind]
    image = make()
    if file_format is None:
        exif = image.getexif()
        data = bytes_of(picture(40, 24), exif=exif)
    else:
        icc = image.info.get("icc_profile")
        data = bytes_of(image, file_format, **({"icc_profile": icc} if icc else {}))
    before = (image.mode, image.size, image.tobytes(), dict(image.info))
    assert np.array_equal(model.stylize(image, strength=0), model.stylize(data, strength=0))
    assert np.array_equal(
        model.stylize(Image.open(io.BytesIO(data)), strength=0), model.stylize(image, strength=0)
    )
    both = model.run("fuse", [image, image]).picture, model.run("fuse", [data, data]).picture
    assert both[0].dtype == both[1].dtype and np.array_equal(*both)
    assert (image.mode, image.size, image.tobytes(), dict(image.info)) == before


def test_16_bits_are_not_white():
    from stylefuse.images.given import decoded

    assert np.asarray(decoded(ramp_16(), deep=False)).mean() == pytest.approx(127.5, abs=0.1)
    assert np.array_equal(decoded(ramp_16(), deep=True), np.asarray(ramp_16()))


def test_transparent_pixels_are_white_and_phones_pictures_upright(model):
    assert np.asarray(model.stylize(clear("RGBA"), strength=0))[:, 16:].min() == 255
    assert model.stylize(sideways(), strength=0).size == (24, 40)


def test_results_carry_their_report_alone(model):
    image = with_profile()
    image.info |= {"exif": b"Exif\0\0", "comment": b"mine"}
    assert model.stylize(image, strength=0).info.keys() == {"report"}
    assert "icc_profile" in image.info


@pytest.mark.parametrize(
    "wrong",
    [
        *(np.zeros((64, 64, 3), dtype) for dtype in (np.float32, np.float64, bool, np.int64)),
        *(np.zeros(shape, np.uint8) for shape in ((64, 64, 4), (64,), (3, 64, 64), (0, 0), (0, 5, 3), ())),
        None,
        3,
        bytearray(b"x"),
        io.BytesIO(b"x"),
        {"a": 1},
        "no\0name",
        b"",
        b"no picture",
        "missing.jpg",
    ],
    ids=lambda wrong: f"{type(wrong).__name__}{getattr(wrong, 'shape', '')}{getattr(wrong, 'dtype', '')}",
)
def test_what_is_no_picture_is_named_by_its_position(model, wrong):
    with pytest.raises((RequestError, ImageError)) as refused:
        model.stylize(wrong)
    assert type(refused.value) in (RequestError, ImageError)
    with pytest.raises((RequestError, ImageError)) as refused:
        model.fuse([landscape(), wrong])
    name = "picture 2: " if not isinstance(wrong, str) else "missing.jpg: " if wrong.endswith("g") else "no"
    assert refused.value.message.startswith(name)
    if isinstance(wrong, np.ndarray):
        assert "H×W or H×W×3, uint8 or uint16" in refused.value.remedy


def test_a_tensor_is_no_list_of_pictures(model):
    with pytest.raises(ImageError, match="this is a Tensor, not a picture: give a Pillow picture, an array"):
        model.stylize(torch.zeros(3, 8, 8))


def test_pictures_come_from_any_iterable(model):
    pair = half_sharp(landscape())
    fused = model.fuse(pair)
    assert np.array_equal(model.fuse(iter(pair)), fused) and np.array_equal(model.fuse(tuple(pair)), fused)


def test_the_count_has_its_noun(model):
    for given in (landscape(), [landscape()], "one.jpg"):
        with pytest.raises(RequestError, match="there is 1 picture for the task fuse; give 2 to 8"):
            model.fuse(given)
    with pytest.raises(RequestError, match="there are 0 pictures for the task stylize; give 1"):
        model.stylize([])


def test_the_default_of_the_signature_may_be_given(model):
    photo = landscape(32, 24)
    assert np.array_equal(model.stylize(photo, style=None, contrast=None), model.stylize(photo))
    defaults = {
        p.name: p.default
        for p in inspect.signature(model.fuse).parameters.values()
        if p.kind == p.KEYWORD_ONLY
    }
    pair = half_sharp(landscape())
    assert np.array_equal(model.fuse(pair, **defaults), model.fuse(pair))


def test_a_style_restyles_what_was_fused(model):
    pair = half_sharp(landscape())
    fused = model.fuse(pair, style="ink")
    whole = model.run("fuse+stylize", pair, style="ink")
    assert np.array_equal(fused, whole.picture) and fused.info["report"] == whole.report
    assert not np.array_equal(fused, model.fuse(pair))
    with pytest.raises(RequestError, match="send style or strength as well"):
        model.fuse(pair, contrast=2.0)
    with pytest.raises(RequestError, match="unknown parameter"):
        model.stylize(pair[0], mode="focus")
    assert "style" in inspect.signature(model.fuse).parameters
    assert "style or strength" in model.fuse.__doc__ and "style or strength" not in model.stylize.__doc__


def test_a_model_is_copied_and_has_no_hidden_names(model):
    assert copy.copy(model).tasks == model.tasks
    with pytest.raises(AttributeError):
        model._nothing()
    with pytest.raises(AttributeError, match="no task 'nothing'"):
        model.nothing(landscape())


@pytest.mark.parametrize("device", ["foo", "meta", "cuda", "cuda:7", ""])
def test_the_device_is_checked_first(device, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(ModelError, match=r"device .* use cpu"):
        stylefuse.load("no such folder", device)


def test_what_is_no_generator_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="these are weights of a fuser, not of a generator"):
        stylefuse.load(folder / "fuser.safetensors")
    with pytest.raises(ModelError, match="no folder"):
        stylefuse.load("~nosuchuser/x")
    assert stylefuse.load(folder / "generator.safetensors").tasks == [
        "stylize",
        "panorama",
        "panorama+stylize",
    ]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda *a, **k: subprocess.CompletedProcess(a, 1, b"Killed\n"), "status 1 and without an answer"),
        (lambda *a, **k: subprocess.CompletedProcess(a, -9, b""), "status -9 and without an answer"),
        (lambda *a, **k: subprocess.CompletedProcess(a, 0, b"[]\n"), "without an answer"),
        (
            lambda *a, **k: (_ for _ in ()).throw(subprocess.TimeoutExpired(a, k["timeout"])),
            "more than 120 s",
        ),
        (lambda *a, **k: subprocess.CompletedProcess(a, 1, b'{"error": "there is none"}\n'), "there is none"),
    ],
)
def test_the_registrys_answer_may_be_bad(monkeypatch, program, words):
    monkeypatch.setattr("stylefuse.serving.registered.subprocess.run", program)
    with pytest.raises(ModelError, match=words):
        stylefuse.load("models:/m@champion")


def test_a_name_with_a_null_character():
    with pytest.raises(ModelError, match="no name of a model"):
        stylefuse.load("models:/a\0b@champion")


def test_a_result_too_large_for_its_format_is_refused_before_it_is_computed(model, monkeypatch):
    monkeypatch.setattr("stylefuse.model.run_labelled", lambda *_: pytest.fail("it was computed"))
    with pytest.raises(ImageError, match="webp holds 16383"):
        model.prepare("stylize", {}, "webp")(np.zeros((2, 16_384, 3), np.uint8))


def test_the_package_lists_its_api():
    assert {"load", "Model"} <= set(dir(stylefuse))
