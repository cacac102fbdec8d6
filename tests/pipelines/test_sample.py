import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from pydantic import ValidationError

from project import session
from stylefuse.output_folder import LOCK
from stylefuse.pipelines import sample
from stylefuse.pipelines.sample import drawing
from stylefuse.pipelines.sample.nodes import make_sample
from stylefuse.pipelines.sample.options import SampleOptions

STYLES = ["brush", "glass", "ink"]
SMALL = {"photos": 8, "pictures": 6, "size": 96, "seed": 7, "workers": 1}


def _digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("sample"), SampleOptions(**SMALL))


def test_the_folder_holds_photos_styles_twins_and_facts(made):
    names = set(_digests(made))
    assert len([n for n in names if n.startswith("photos/")]) == 8
    for style in STYLES:
        pictures = {n.rpartition("/")[2] for n in names if n.startswith(f"styles/{style}/")}
        twins = {n.rpartition("/")[2] for n in names if n.startswith(f"twins/{style}/")}
        assert len(pictures) == 6
        assert pictures == twins
    assert len(names) == 8 + 3 * 6 * 2 + 1
    for name in names - {"sample.json"}:
        with Image.open(made / name) as picture:
            assert (picture.size, picture.mode, picture.format) == ((96, 96), "RGB", "PNG")


def test_no_two_pictures_are_the_same_file(made):
    digests = [digest for name, digest in _digests(made).items() if not name.startswith("twins/")]
    assert len(set(digests)) == len(digests)


def test_facts_tell_where_each_file_comes_from(made):
    facts = json.loads((made / "sample.json").read_text(encoding="utf-8"))
    assert facts["made_by"] == "stylefuse.pipelines.sample"
    assert facts["options"] == {"photos": 8, "pictures": 6, "size": 96, "seed": 7}
    assert facts["counts"] == {"photos": 8, **dict.fromkeys(STYLES, 6)}
    assert {"stylefuse", "numpy", "pillow", "scikit-image"} <= set(facts["versions"])
    assert set(facts["files"]) == {n for n in _digests(made) if n.startswith(("photos/", "styles/"))}


def test_no_pixel_is_both_in_a_photo_and_in_a_painting(made):
    files = json.loads((made / "sample.json").read_text(encoding="utf-8"))["files"]
    photos = [fact for name, fact in files.items() if name.startswith("photos/")]
    paintings = [fact for name, fact in files.items() if name.startswith("styles/")]
    for a in photos:
        for b in paintings:
            if a["photograph"] == b["photograph"]:
                (left, top, right, bottom), (left_b, top_b, right_b, bottom_b) = a["box"], b["box"]
                assert right <= left_b or right_b <= left or bottom <= top_b or bottom_b <= top


@pytest.mark.parametrize("style", STYLES)
def test_twins_show_what_their_painting_shows(made, style):
    def small(path):
        return np.asarray(Image.open(path).convert("L").resize((12, 12), Image.Resampling.BOX), float).ravel()

    names = sorted(path.name for path in (made / "styles" / style).iterdir())
    paintings = [small(made / "styles" / style / name) for name in names]
    twins = [small(made / "twins" / style / name) for name in names]
    match = np.corrcoef(paintings, twins)[: len(names), len(names) :]
    assert (match.argmax(1) == np.arange(len(names))).all()
    assert np.diag(match).min() > 0.6


def test_same_options_same_bytes_other_seed_other_pictures(made, tmp_path):
    again = _digests(make_sample(tmp_path / "again", SampleOptions(**SMALL)))
    assert again == _digests(made)
    other = _digests(make_sample(tmp_path / "other", SampleOptions(**{**SMALL, "seed": 8})))
    assert not set(other.values()) & set(again.values())


def test_workers_do_not_change_a_byte(made, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "WORTH_A_PROCESS", 1)
    assert _digests(make_sample(tmp_path, SampleOptions(**{**SMALL, "workers": 2}))) == _digests(made)


def run_sample(folder: Path, **options) -> None:
    """Run the pipeline as Kedro does, into `folder`."""
    with session("test", data_root=str(folder), sample={**SMALL, **options}) as kedro:
        kedro.run(pipeline_names=["sample"])


def test_pictures_of_ones_own_beside_the_samples_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    run_sample(tmp_path)
    folder = tmp_path / "01_raw" / "sample"
    drawn = _digests(folder)
    own = {"styles/my grandmother/1.png": b"one", "photos/holiday.jpg": b"two"}
    for name, content in own.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    with_own = _digests(folder)
    run_sample(tmp_path, make=False)
    assert _digests(folder) == with_own
    run_sample(tmp_path, seed=8, pictures=5)
    assert {name: (folder / name).read_bytes() for name in own} == own
    left = {name for name in drawn if not name.startswith(".")} - _digests(folder).keys()
    assert any(
        name.startswith("styles/") for name in left
    )  # fewer pictures than before: the old ones are gone
    run_sample(tmp_path)
    assert {name: _digests(folder)[name] for name in drawn} == drawn


def test_make_off_makes_no_more_than_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    run_sample(tmp_path, make=False)
    assert [path.name for path in (tmp_path / "01_raw" / "sample").iterdir()] == [LOCK]


@pytest.mark.parametrize("wrong", [{"photo": 3}, {"photos": 0}, {"size": 8}, {"workers": -1}, {"seed": "a"}])
def test_wrong_options_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        SampleOptions(**wrong)


def test_parameter_files_fit_the_options(pytestconfig):
    conf = pytestconfig.rootpath / "conf"
    base = yaml.safe_load((conf / "base/parameters_sample.yml").read_text(encoding="utf-8"))["sample"]
    assert set(base) == set(SampleOptions.model_fields)
    assert SampleOptions(**base) == SampleOptions()
    for environment in ("test", "paintings"):
        path = conf / environment / "parameters_sample.yml"
        SampleOptions(**{**base, **yaml.safe_load(path.read_text(encoding="utf-8"))["sample"]})


def test_the_pipeline_makes_the_catalogs_sample():
    pipeline = sample.create_pipeline()
    assert pipeline.inputs() == {"sample_staging", "params:sample"}
    assert pipeline.outputs() == {"sample"}
