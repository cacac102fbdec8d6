"""Names of chains: a chain that cannot be is refused with the reason, through all the doors."""

import pytest

from service_support import Client, inline_app
from serving_examples import bytes_of, encoded, landscape
from stylefuse.command_line import main
from stylefuse.model import Model
from stylefuse.serving.bundle import Bundle, Stored
from stylefuse.serving.request import read_params
from stylefuse.serving.service.clips.form import read_request
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.chains import read_chain
from stylefuse.tasks.validation import RequestError

FAULTS = {
    "restore+paint": "there is no task 'paint'; send one of ",
    "restore+": "there is no task ''; send one of ",
    "restore+fuse": "fuse works on several pictures, and a task of a chain gives it only one; begin with fuse; "
    "after another task there can be stylize, restore, upscale",
    "restore+upscale+restore": "restore stands in the chain twice; name each task once",
}


@pytest.fixture
def client(weights):
    return Client(inline_app(RequestHandler(Stored({"generator": weights}, "0" * 64))))


def test_a_chain_is_its_tasks_in_order():
    assert [task.name for task in read_chain("restore+upscale+stylize")] == ["restore", "upscale", "stylize"]


@pytest.mark.parametrize("name", [*FAULTS, 7])
@pytest.mark.parametrize("read", [read_chain, lambda name: read_params({"task": name}, {"styles": ("ink",)})])
def test_the_task_at_fault_is_named(name, read):
    with pytest.raises(RequestError) as refused:
        read(name)
    assert str(refused.value).startswith(f"task: {FAULTS.get(name, 'there is no task 7; ')}")


@pytest.mark.parametrize("name", FAULTS)
def test_python_and_clips_and_the_command_say_the_same(weights, name, capsys):
    with pytest.raises(RequestError) as refused:
        Model(Bundle({"generator": weights}, "cpu")).run(name, landscape(32, 24))
    assert FAULTS[name] in str(refused.value)
    with pytest.raises(RequestError) as refused:
        read_request({"task": name})
    assert FAULTS[name] in str(refused.value)
    with pytest.raises(SystemExit) as ended:
        main([name, "a.png"])
    assert ended.value.code == 2 and f"{name}: {FAULTS[name]}" in capsys.readouterr().err


@pytest.mark.parametrize("name", FAULTS)
def test_the_service_says_the_same(client, name):
    answer = client.post(f"/v1/{name}", files={"image": ("a.png", bytes_of(landscape(32, 24)))})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")
    assert answer.json()["message"].startswith(FAULTS[name].split(";")[0])


def test_a_mask_for_a_later_task_is_refused_with_the_reason(client, capsys):
    said = "mask: it goes to restore, which takes it only as the first task of a chain"
    answer = client.post("/v1/stylize+restore", json={"image": encoded(landscape(32, 24)), "mask": "x"})
    assert answer.status_code == 400 and answer.json()["message"].startswith(said)
    assert main(["stylize+restore", "a.png", "--mask", "m.png"]) == 2
    assert said in capsys.readouterr().err
