"""A style that is added to a model: old styles to the byte, removal, refusals, resume."""

import hashlib
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.command_line import main
from stylefuse.model import load
from stylefuse.networks.added import base_model, blank, pack_added, with_added
from stylefuse.networks.features import EfficientNetLite0
from stylefuse.networks.generator import Generator, GeneratorConfig, load_generator, pack_generator
from stylefuse.networks.weights import write_weights
from stylefuse.tasks.stylize.add_style import learn
from stylefuse.tasks.stylize.add_style.copies import copy_ratio
from stylefuse.tasks.stylize.add_style.keeping import content_factor
from stylefuse.tasks.stylize.add_style.options import AddStyleOptions
from stylefuse.tasks.stylize.add_style.pictures import StyleRefusedError, check_name, read_pictures
from stylefuse.tasks.stylize.add_style.target import find_target
from stylefuse.tasks.stylize.reviser import Reviser, ReviserConfig, pack_reviser
from stylefuse.training.run_lock import TrainingRefusedError

STYLES = ["photo", "ink", "monet"]
SHORT = {"image_size": 32, "batch_size": 2, "precision": "fp32", "device": "cpu", "nce_places": 4}


@pytest.fixture(autouse=True)
def small_features(monkeypatch):
    """The ImageNet network with random weights."""

    def build():
        torch.manual_seed(0)
        return EfficientNetLite0().eval().requires_grad_(False)

    monkeypatch.setattr(learn, "imagenet_efficientnet", build)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    generator = Generator(3, GeneratorConfig((4, 8, 8), 1))
    for name, parameter in generator.named_parameters():
        if name.endswith(("shift", "palette")):
            torch.nn.init.normal_(parameter, std=0.3)
    reviser = Reviser(3, ReviserConfig(draft_side=48, width=4, blocks=1))
    for parameter in reviser.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return {
        "generator": pack_generator(generator, STYLES, image_size=32, images_seen=0, fingerprint="f" * 16),
        "reviser": pack_reviser(reviser, styles=STYLES, generator="f" * 16, fingerprint="a" * 16),
    }


@pytest.fixture
def folder(networks, tmp_path):
    (tmp_path / "model").mkdir()
    for name, weights in networks.items():
        write_weights(tmp_path / "model" / f"{name}.safetensors", weights)
    return tmp_path / "model"


def random_style(name, base):
    """An added style of random rows."""
    torch.manual_seed(len(base.styles))
    tensors = {key: torch.randn_like(t) * 0.3 for key, t in blank(name, base).tensors.items()}
    return pack_added(name, tensors, base)


def added_to(networks, *names):
    """The networks with random styles added one after the other."""
    added = []
    for name in names:
        added.append(random_style(name, base_model(networks, added)))
    return with_added(networks, added)


def pictures(count, side=140, seed=0):
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 7, 9, 3), dtype=np.uint8)
    return [
        np.asarray(Image.fromarray(c).resize((side + 20, side), Image.Resampling.BICUBIC)) for c in coarse
    ]


def written(folder, count, **settings):
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures(count, **settings)):
        Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


def test_old_styles_and_mixtures_keep_every_byte_and_the_new_style_is_another(networks):
    x = torch.rand(1, 3, 40, 52) * 2 - 1
    old = load_generator(networks["generator"])
    for names in (("ukiyoe",), ("ukiyoe", "pop", "mosaic")):
        new = load_generator(added_to(networks, *names)["generator"])
        assert new.rows == 3 + len(names)
        for weights in ([0, 1, 0], [0.5, 0, 0.5], [0.3, 0, 0.7], [0.1, 0.52, 0.38]):
            style = torch.tensor([weights], dtype=torch.float32)
            wider = torch.cat([style, torch.zeros(1, len(names))], 1)
            with torch.inference_mode():
                assert torch.equal(old(x, style), new(x, wider))
        fresh = torch.eye(new.rows)[3:4]
        with torch.inference_mode():
            assert not torch.allclose(new(x, fresh), old(x, torch.eye(3)[1:2]), atol=0.01)


def test_a_change_of_convolutions_alone_is_seen_and_tiles_paint_the_same(networks):
    from stylefuse.networks.tiled import HEIGHT, Layer, repaint_tiled

    base = base_model(networks)
    tensors = blank("ukiyoe", base).tensors
    torch.manual_seed(0)
    changed = {k: torch.randn_like(t) if k.endswith(("_down", "_up")) else t for k, t in tensors.items()}
    same, other = (
        load_generator(with_added(networks, [pack_added("ukiyoe", t, base)])["generator"])
        for t in (tensors, changed)
    )
    x, style = torch.rand(1, 3, 160, 40) * 2 - 1, torch.eye(4)[3:]
    with torch.inference_mode():
        whole = other(x, style)
        assert not torch.allclose(whole, same(x, style), atol=0.01)
        tiles = repaint_tiled(other, Layer(lambda a, b: x[:, :, a:b], 160, 32, HEIGHT), style)
        assert torch.allclose(torch.cat([tile for *_, tile in tiles], 2), whole, atol=1e-4)


def test_content_weighs_more_while_photos_lose_their_structure():
    photos = torch.rand(2, 3, 32, 32) * 2 - 1
    state = SimpleNamespace(values={"keeping": 1.0})
    noise = torch.rand(2, 3, 32, 32) * 2 - 1
    factors = [content_factor(state, photos, fake, 0.6) for fake in (noise, noise, photos, photos)]
    assert 1 < factors[0] < factors[1] > factors[2] > factors[3]
    assert content_factor(SimpleNamespace(values={"keeping": 8.0}), photos, noise, 0.9) == 8


def test_the_reviser_keeps_old_styles_and_knows_the_new_one(networks):
    from stylefuse.tasks.stylize.reviser import load_reviser

    old, new = load_reviser(networks["reviser"]), load_reviser(added_to(networks, "ukiyoe")["reviser"])
    draft, photo, detail = torch.rand(3, 1, 3, 32, 32)
    style = torch.tensor([[0.2, 0.5, 0.3]])
    with torch.inference_mode():
        before = old(draft, photo, detail, style)
        assert torch.equal(before, new(draft, photo, detail, torch.cat([style, torch.zeros(1, 1)], 1)))
        assert not torch.equal(before, new(draft, photo, detail, torch.eye(4)[3:4]))


def test_a_second_added_style_leaves_the_first_one_alone(networks):
    x, style = torch.rand(1, 3, 32, 32), torch.tensor([[0.1, 0.0, 0.3, 0.6]])
    one, two = (load_generator(added_to(networks, *n)["generator"]) for n in (("a",), ("a", "b", "c")))
    with torch.inference_mode():
        assert torch.equal(one(x, style), two(x, torch.cat([style, torch.zeros(1, 2)], 1)))


def test_a_style_added_to_another_model_is_refused(networks):
    added = random_style("ukiyoe", base_model(networks))
    other = {
        **networks,
        "generator": networks["generator"]._replace(facts={**networks["generator"].facts, "x": 1}),
    }
    with pytest.raises(ValueError, match=r"ukiyoe belongs to another generator.*add-style"):
        with_added(other, [added])
    with pytest.raises(ValueError, match="ukiyoe twice"):
        with_added(networks, [added, added])


def test_served_pictures_of_old_styles_are_the_same_and_removal_restores_the_folder(folder, networks, capsys):
    def digests():
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}

    photos = [Image.fromarray(picture) for picture in pictures(2, seed=3)]
    requests = [
        {"style": s, "strength": k} for s, k in itertools.product(["ink", "monet:0.7,ink:0.3"], [0.3, 1])
    ]
    before, files = load(folder, "cpu"), digests()
    write_weights(folder / "added-ukiyoe.safetensors", random_style("ukiyoe", base_model(networks)))
    after = load(folder, "cpu")
    assert after.styles == ["ink", "monet", "ukiyoe"]
    for photo, request in itertools.product(photos, requests):
        pair = [model.stylize(photo, **request) for model in (before, after)]
        assert np.array_equal(*map(np.asarray, pair))
    after.stylize(photos[0], style="ukiyoe:0.5,ink:0.5")
    assert main(["remove-style", "ukiyoe", "--model", str(folder)]) == 0
    assert digests() == files and load(folder, "cpu").styles == ["ink", "monet"]
    assert main(["remove-style", "ink", "--model", str(folder)]) == 1
    assert "ink was not added" in capsys.readouterr().err


def test_few_and_bad_pictures_are_refused_by_name(tmp_path):
    with pytest.raises(StyleRefusedError, match="there is no folder"):
        read_pictures(tmp_path / "none")
    some = written(tmp_path / "some", 2)
    with pytest.raises(StyleRefusedError, match="has 2 pictures: a style needs at least 3"):
        read_pictures(some)
    written(some, 4)
    assert len(read_pictures(some)) == 4
    (some / "3.png").write_bytes((some / "0.png").read_bytes())
    with pytest.raises(StyleRefusedError, match=r"3\.png shows the same picture as 0\.png"):
        read_pictures(some)
    (some / "3.png").write_bytes(b"no picture")
    with pytest.raises(StyleRefusedError, match=r"3\.png"):
        read_pictures(some)
    Image.new("RGB", (90, 300)).save(some / "3.png")
    with pytest.raises(StyleRefusedError, match=r"3\.png is 90 px"):
        read_pictures(some)


def test_names_that_are_taken_or_impossible_are_refused():
    with pytest.raises(StyleRefusedError, match="has a style ink already"):
        check_name("ink", STYLES)
    for name in ("", "photo", "a/b", "a,b", "a:b", " a"):
        with pytest.raises(StyleRefusedError, match="cannot be the name"):
            check_name(name, STYLES)
    check_name("浮世絵", STYLES)


def learned(networks, work, images, seed=0, **more):
    base = base_model(networks)
    options = AddStyleOptions(images=images, **{**SHORT, **more})
    return learn.learn_style("ukiyoe", base, pictures(4, seed=seed), pictures(5, seed=9), work, options)


def test_training_changes_the_new_rows_alone_and_goes_on_bit_for_bit(networks, tmp_path, monkeypatch):
    whole = learned(networks, tmp_path / "a", 8, checkpoint_every=4)
    model = with_added(networks, [whole.weights])
    for name, network in networks.items():
        assert all(model[name].tensors[key] is tensor for key, tensor in network.tensors.items())
    assert whole.warnings[0].startswith("4 pictures are few")
    start = learned(networks, tmp_path / "c", 2, rate=1e-9)
    key = "generator/trunk.0.norm1.added_scale"
    assert not torch.allclose(start.weights.tensors[key], whole.weights.tensors[key], atol=1e-4)

    step, seen = learn.AddStyleTraining.step, []

    def interrupted(self, options):
        seen.append(1)
        if len(seen) == 3:
            raise RuntimeError("killed")
        return step(self, options)

    monkeypatch.setattr(learn.AddStyleTraining, "step", interrupted)
    with pytest.raises(RuntimeError, match="killed"):
        learned(networks, tmp_path / "b", 8, checkpoint_every=4)
    with pytest.raises(TrainingRefusedError, match="unfinished"):
        learned(networks, tmp_path / "b", 8, seed=1, checkpoint_every=4)
    again = learned(networks, tmp_path / "b", 8, checkpoint_every=4)
    assert all(torch.equal(t, again.weights.tensors[k]) for k, t in whole.weights.tensors.items())


def test_the_target_knows_its_pictures_from_photos_and_old_styles(networks):
    def flat(*colour):
        noise = torch.randn(24, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.1
        return noise + torch.tensor(colour)[:, None, None]

    photos, paintings = flat(-0.4, -0.4, -0.4), flat(0.5, 0.3, -0.3)
    features = learn.imagenet_efficientnet()
    generator = load_generator(added_to(networks, "ukiyoe")["generator"])
    target = find_target(features, generator, photos, paintings)
    assert target.nearest in (1, 2)
    with torch.no_grad():
        of_paintings, of_photos = (target.terms(p, features(p)) for p in (paintings, photos))
    assert sorted(of_paintings) == ["colours", "moments", "style"]
    assert all(of_paintings[name] < of_photos[name] for name in of_paintings)
    assert of_paintings["moments"] < 1e-4 and of_paintings["colours"] < 1e-4


def test_it_trains_in_bfloat16(networks, tmp_path):
    found = learned(networks, tmp_path, 4, precision="bf16")
    assert all(t.dtype is torch.float16 and t.isfinite().all() for t in found.weights.tensors.values())


def test_a_critic_that_knows_its_pictures_by_heart_stops_the_training(networks, tmp_path):
    base = base_model(networks)
    options = AddStyleOptions(images=40, guard_every=2, most_overfitting=-1e9, **SHORT)
    found = learn.learn_style("ukiyoe", base, pictures(8), pictures(3, seed=9), tmp_path, options)
    assert found.weights.facts["images_seen"] == 6
    assert any("by heart" in warning for warning in found.warnings)


def test_copies_are_told_from_pictures_of_their_own():
    random = torch.Generator().manual_seed(0)
    known, photos = (torch.rand(2, 3, 32, 32, generator=random) * 2 - 1 for _ in range(2))
    assert copy_ratio(known, photos, known) < 0.1 and copy_ratio(photos, photos, known) == 1


def test_the_command_writes_a_model_with_the_style(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("stylefuse.training.device._bf16_pays", lambda: False)
    target = tmp_path / "new"
    places = [str(written(tmp_path / "prints", 3)), "--photos", str(written(tmp_path / "photos", 2, seed=4))]
    command = ["add-style", "ukiyoe", *places, "--model", str(folder), "-o", str(target), "--images", "8"]
    assert main(command) == 0
    assert load(target, "cpu").styles == ["ink", "monet", "ukiyoe"]
    assert (target / "generator.safetensors").read_bytes() == (folder / "generator.safetensors").read_bytes()
    assert (target / "added-ukiyoe.safetensors").stat().st_size < 100_000
    assert list((tmp_path / "new-training" / "samples").iterdir())
    assert main(command) == 1
    assert "is not empty" in capsys.readouterr().err


def test_the_pipeline_asks_for_style_and_pictures(tmp_path):
    from stylefuse.pipelines.add_style.nodes import add_style
    from stylefuse.pipelines.add_style.options import AddStyleParameters

    options = AddStyleParameters(
        style="ukiyoe", pictures=None, model=None, restart=False, training=AddStyleOptions()
    )
    with pytest.raises(ValueError, match=r"add_style\.pictures="):
        add_style(tmp_path, tmp_path, options)


def test_the_benchmark_takes_a_style_out_of_a_model(networks):
    from benchmarks.style.add_style import without

    x = torch.rand(1, 3, 32, 32)
    fewer = load_generator(without(networks, "ink")["generator"])
    with torch.inference_mode():
        one = load_generator(networks["generator"])(x, torch.tensor([[0.0, 0.0, 1.0]]))
        assert torch.allclose(fewer(x, torch.tensor([[0.0, 1.0]])), one, atol=1e-6)
