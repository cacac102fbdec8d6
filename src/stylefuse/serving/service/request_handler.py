"""Handle one request in the worker: parse the body, run the model, encode the response. No HTTP here."""

import base64
import json
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from stylefuse.images.encoding import MIME_TYPES
from stylefuse.images.io import encode_png
from stylefuse.labels.options import Labelling
from stylefuse.serving.bodies import read_body, read_pictures
from stylefuse.serving.bundle import Bundle, Stored, load_bundle
from stylefuse.serving.maps import in_base64, make_maps
from stylefuse.serving.predictor import RequestPredictor, Response
from stylefuse.serving.request import FORMAT, IMAGE, REPORT, TASK
from stylefuse.serving.service.errors import STATUS, error_body, internal, out_of_memory
from stylefuse.serving.service.forms import EXPLAIN, accepted_format, read_form
from stylefuse.serving.service.ipc import Frame
from stylefuse.tasks.chains import listed_chains, parse_chain, picture_field
from stylefuse.tasks.validation import RequestError

log = logging.getLogger(__name__)
INVOCATIONS, CHECK = "invocations", "check"
JSON = "application/json"


class RequestHandler:
    """Answers requests with a model.

    Attributes:
        about: what the server publishes of the model: lists of names by what they are ("styles", "modes"), `tasks`
            and `digest`.

    Raises:
        ValueError: the model's weights do not fit this version's networks.
    """

    def __init__(self, model: Stored, labelling: Labelling = Labelling()):  # noqa: B008 (frozen)
        bundle = load_bundle(model)
        self.predictor = RequestPredictor(bundle, labelling)
        self.about = {**_listed(bundle), "tasks": listed_chains(bundle.tasks), "digest": model.digest}

    def warm_up(self) -> None:
        """Run every chain of `about` on small pictures, with details, without which some cannot be worked on.

        Raises:
            ValueError: a result holds values that are not numbers.
        """
        small = encode_png(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)))
        for chain in self.about["tasks"]:
            pictures = [small] * parse_chain(chain)[0].pictures[0]
            for response in self.predictor.predict(pictures, {TASK: chain}, [""] * len(pictures)):
                _report(response)

    def answer(self, ask: Mapping[str, Any], body: bytes) -> Frame:
        """Answer one request; refusals and faults are answers as well.

        Args:
            ask: `kind`, a chain of tasks, "invocations", or "check" with `task` and `params` to be checked;
                `content_type`; `json`, whether to answer a form with
                JSON, not with the picture itself; `accept`, the header of that name, if there is one; `languages`
                of the report in words, if it is wanted; `request_id`.

        Returns:
            A header with `status`, `content_type`, `headers` and, as far as they are known, `task`, `pixels` and
            the error's `code`; and the answer's body.
        """
        try:
            if ask["kind"] == INVOCATIONS:
                return self._invocations(body)
            if ask["kind"] == CHECK:
                self.predictor.check(ask["params"] | {TASK: ask["task"]})
                return _frame(200, JSON, b"{}")
            return self._form(ask, body)
        except RequestError as error:
            return _refusal(error, ask)
        except Exception as error:
            log.exception("request %s could not be answered", ask["request_id"])
            refused = out_of_memory() if _is_out_of_memory(error) else internal()
            text = error_body(refused.code, refused.message, "", ask["request_id"])
            return _frame(refused.status, JSON, text, code=refused.code)

    def _form(self, ask: Mapping[str, Any], body: bytes) -> Frame:
        form = read_form(ask["kind"], ask["content_type"], body)
        if form.maps and not ask["json"]:
            remedy = "send Accept: application/json"
            raise RequestError(EXPLAIN, "the maps come with an answer in JSON", remedy)
        params = {FORMAT: accepted_format(ask.get("accept", "")), **form.params}
        languages = ask.get("languages", ())
        (response,) = self.predictor.predict(form.pictures, params, form.names, form.also, languages)
        report = _report(response)
        facts = {"task": response.report["task"], "pixels": response.pixels}
        if not ask["json"]:
            kind = MIME_TYPES[response.report[FORMAT]]
            return _frame(200, kind, response.picture, {"X-Report": report}, **facts)
        fields = {IMAGE: _base64(response), REPORT: response.report, "request_id": ask["request_id"]}
        if form.maps:
            made, fields["maps_missing"] = make_maps(response.maps, form.maps)
            fields["maps"] = in_base64(made)
        return _frame(200, JSON, json.dumps(fields).encode(), **facts)

    def _invocations(self, body: bytes) -> Frame:
        sent = read_body(body)
        pictures = read_pictures(sent)
        names = [f"row {row}" for row in range(len(pictures))]
        responses = self.predictor.predict(pictures, sent.get("params"), names)
        rows = [{IMAGE: _base64(response), REPORT: _report(response)} for response in responses]
        text = json.dumps({"predictions": rows}).encode()
        facts = {"task": responses[0].report["task"], "pixels": sum(each.pixels for each in responses)}
        return _frame(200, JSON, text, **facts)


def _listed(bundle: Bundle) -> dict[str, list[str]]:
    """The values that parameters of the bundle's tasks may take, by the name under which they are listed."""
    found = {}
    for spec in (spec for task in bundle.tasks for spec in task.specs.values() if spec.listed_as):
        found[spec.listed_as] = list(bundle.names[spec.names_of] if spec.names_of else spec.names)
    return found


def _refusal(error: RequestError, ask: Mapping[str, Any]) -> Frame:
    if ask["kind"] == INVOCATIONS:
        # What MLflow's server answers, and what the other routes answer.
        more = {"error_code": "INVALID_PARAMETER_VALUE", "remedy": error.remedy}
        text = error_body(error.code, str(error), error.field, ask["request_id"], **more)
        return _frame(400, JSON, text, code=error.code)
    field, numbers = error.field, {}
    if error.field == IMAGE and ask["kind"] != CHECK:
        task = parse_chain(ask["kind"])[0]
        field = picture_field(task)
        numbers = {"pictures": error.pictures} if task.takes_several and error.pictures else {}
    text = error_body(
        error.code, f"{field}: {error.message}; {error.remedy}", field, ask["request_id"], **numbers
    )
    return _frame(STATUS.get(error.code, 400), JSON, text, code=error.code)


def _frame(
    status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None, **facts: Any
) -> Frame:
    header = {"status": status, "content_type": content_type, "headers": dict(headers or {}), **facts}
    return Frame(header, body)


def _report(response: Response) -> str:
    """The report as JSON in ASCII, as a header's value must be. NaN is a fault of ours, and raises ValueError."""
    return json.dumps(response.report, allow_nan=False)


def _base64(response: Response) -> str:
    return base64.b64encode(response.picture).decode("ascii")


def _is_out_of_memory(error: Exception) -> bool:
    """Python's own, PyTorch's (a RuntimeError on CPUs) and OpenCV's."""
    return isinstance(error, MemoryError) or any(
        text in str(error) for text in ("allocate memory", "out of memory", "Insufficient memory")
    )
