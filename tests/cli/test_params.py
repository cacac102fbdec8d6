"""`kedro run --params` as a shell hands it over: text stays text, and a misspelt name lists those that there are."""

from pathlib import Path

import click
import pytest
from kedro.framework.cli.cli import KedroCLI
from kedro.framework.session import KedroSession

from project import ROOT, configuration
from stylefuse.cli.declared import declared_type, sections, takes_text
from stylefuse.tasks.task import find_tasks


@pytest.fixture
def given(monkeypatch):
    """Parse `kedro run --params …` as `kedro` does; returns what the session gets."""

    def given(*params):
        got = {}
        monkeypatch.setattr(
            KedroSession, "run", lambda self, **_: got.update(self.store.get("runtime_params", {}))
        )
        arguments = ["run", "--params", ",".join(params)]
        KedroCLI(ROOT).main(args=arguments, standalone_mode=False)
        return got

    monkeypatch.chdir(ROOT)
    return given


@pytest.mark.parametrize(
    "name",
    [
        "1905",
        "true",
        "null1",
        "007",
        "1e3",
        "0x1F",
        "1_000",
        "2024-01-01",
        "a: b",
        "[a]",
        "{a}",
        "# 1",
        "no",
        "Anna's",
    ],
)
def test_names_are_text(given, name):
    assert given(f"stylize.style={name}") == {"stylize": {"style": name}}
    assert given(f"register.name={name}", "register.alias=1") == {"register": {"name": name, "alias": "1"}}
    assert given(f"stylize_input={name}") == {"stylize_input": name}


def test_what_is_no_text_keeps_its_type(given):
    assert given(
        "stylize.strength=0.5", "stylize.keep_metadata=true", "train_hybrid.training.images=400"
    ) == {
        "stylize": {"strength": 0.5, "keep_metadata": True},
        "train_hybrid": {"training": {"images": 400}},
    }


def test_null_is_none_where_none_is_allowed(given):
    assert given("stylize.style=null") == {"stylize": {"style": None}}
    assert given("stylize.style='null'") == {"stylize": {"style": "null"}}
    assert given("register.name=null") == {"register": {"name": "null"}}


def test_a_comma_belongs_to_the_value_unless_a_key_follows(given):
    assert given("stylize.style=monet:0.7,vangogh:0.3", "stylize.strength=1") == {
        "stylize": {"style": "monet:0.7,vangogh:0.3", "strength": 1}
    }
    assert given("photos=/a, b", "styles=/c,") == {"photos": "/a, b", "styles": "/c"}
    assert given("train_hybrid.training.generator.channels=[4,8]") == {
        "train_hybrid": {"training": {"generator": {"channels": [4, 8]}}}
    }


@pytest.mark.parametrize("quote", ["'", '"'])
def test_commas_and_equals_signs_in_quotes_belong_to_the_value(given, quote):
    place = f"{quote}/a,b=c{quote}"
    assert given(f"stylize_input={place}") == {"stylize_input": "/a,b=c"}
    assert given("stylize.strength=0.5", f"stylize_input = {place} ", f"photos={place}", "styles=/d,e") == {
        "stylize": {"strength": 0.5},
        "stylize_input": "/a,b=c",
        "photos": "/a,b=c",
        "styles": "/d,e",
    }
    assert given(f"stylize_input={quote}/it{quote}s,b=c{quote}") == {"stylize_input": f"/it{quote}s,b=c"}


def test_a_quotation_mark_that_nothing_closes_is_a_sign_as_any_other(given):
    assert given("photos=/Anna's,styles=/Ada's") == {"photos": "/Anna's", "styles": "/Ada's"}
    assert given("photos='/a,styles=/b") == {"photos": "'/a", "styles": "/b"}


def test_paths_may_begin_at_home_and_count_from_the_project(given, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert given("photos=~/my photos") == {"photos": f"{tmp_path}/my photos"}
    weights = {"evaluate": {"inception_weights": str(ROOT / "w.pth")}}
    assert given("evaluate.inception_weights=w.pth") == weights
    assert given("stylize.style=~monet") == {"stylize": {"style": "~monet"}}


def test_paths_of_the_catalog_may_begin_at_home_and_be_numbers(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    catalog = configuration("catalog", photos="~/my photos", styles=2024)
    assert catalog["photos"]["filepath"] == f"{tmp_path}/my photos"
    assert catalog["styles"]["filepath"] == "2024"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            "train_hybrid.trainin.images=4",
            "unknown parameter train_hybrid.trainin; known are restart, training",
        ),
        (
            "train_hybrid.training.generator.width=4",
            r"training.generator.width; known are blocks, channels, ",
        ),
        ("stylize.styl=ink", r"unknown parameter stylize.styl; known are .*style"),
        ("stylize", "'stylize' is no key=value"),
        ("=4", "'=4' is no key=value"),
    ],
)
def test_what_is_misspelt_is_refused_with_the_names_that_there_are(given, params, words):
    with pytest.raises(click.ClickException, match=words):
        given(params)


def test_a_file_of_parameters_is_taken_as_it_is(given, tmp_path, monkeypatch):
    got = {}
    monkeypatch.setattr(
        KedroSession, "run", lambda self, **_: got.update(self.store.get("runtime_params", {}))
    )
    file = tmp_path / "run.yml"
    file.write_text("run: {params: {stylize: {style: '1905'}}}")
    KedroCLI(ROOT).main(args=["run", "--config", str(file)], standalone_mode=False)
    assert got == {"stylize": {"style": "1905"}}


def test_every_name_that_a_user_chooses_is_declared_as_text():
    names = ["register.name", "register.alias", "stylize.style", "fuse.style", "evaluate.inception_weights"]
    assert all(takes_text(declared_type(name)) for name in names)
    assert {
        Path(file).stem.removeprefix("parameters_") for file in (ROOT / "conf/base").glob("parameters_*")
    } == set(sections()) - find_tasks().keys()
