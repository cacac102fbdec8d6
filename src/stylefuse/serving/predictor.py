"""Answer requests with a bundle: read the parameters, decode the pictures, run the chain, encode the result."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from stylefuse.labels.options import Labelling
from stylefuse.serving.bundle import Bundle
from stylefuse.serving.chain import check_chain, result_size, size_of
from stylefuse.serving.in_words import in_words
from stylefuse.serving.labelled import encode_labelled, run_labelled
from stylefuse.serving.request import (
    FORMAT,
    TASK,
    Request,
    check_format,
    check_rows,
    read_also,
    read_file,
    read_params,
    read_pictures,
)
from stylefuse.tasks.task import Task, find_heads
from stylefuse.tasks.validation import RequestError


class Response(NamedTuple):
    """What a request is answered with.

    picture: a file; report: plain values for JSON, how it was made; pixels: of its input pictures together; maps: see
    `tasks.task.Result`.
    """

    picture: bytes
    report: dict[str, Any]
    pixels: int
    maps: Mapping[str, Sequence[np.ndarray]] = {}


class RequestPredictor:
    """Answers requests; safe to share between threads. `labelling` says how results are labelled."""

    def __init__(self, bundle: Bundle, labelling: Labelling = Labelling()):  # noqa: B008 (frozen)
        self.bundle, self.labelling = bundle, labelling

    def predict(
        self,
        values: Sequence[Any],
        params: Mapping[str, Any] | None,
        names: Sequence[str],
        also: Mapping[str, Any] | None = None,
        languages: Sequence[str] = (),
    ) -> list[Response]:
        """Run a request's chain, on every picture or on all of them as one set.

        Args:
            values: picture files, each as bytes or base64.
            params: see `request.read_params`.
            names: what messages call the pictures.
            also: optional pictures of the chain's first task, by name, as `values`.
            languages: of the report in words, which is then in the report as `words`, with what was `measured`.

        Returns:
            A response a picture, or one for a set.

        Raises:
            RequestError: the request cannot be served as it is.
        """
        request = self.check(params)._replace(also=also or {}, languages=languages)
        check_rows(len(values), request)
        return list(self._each(values, request, names))

    def predict_each(
        self, values: Sequence[Any], params: Mapping[str, Any] | None, names: Sequence[str]
    ) -> Iterator[Response]:
        """Do the same with any number of pictures that are worked on one by one, as the responses are taken."""
        request = self.check(params)
        if request.first.takes_several:
            check_rows(len(values), request)
        return self._each(values, request, names)

    def check(self, params: Mapping[str, Any] | None) -> Request:
        """Read the parameters of a request, before there is a picture.

        Raises:
            RequestError: the request cannot be served as it is.
        """
        request = read_params(params, self.bundle.names)
        for task, _ in request.steps:
            if task not in self.bundle.tasks:
                raise missing(self.bundle, task)
        check_chain(self.bundle, request.steps)
        return request

    def _each(self, values: Sequence[Any], request: Request, names: Sequence[str]) -> Iterator[Response]:
        if request.first.takes_several:
            yield self._run(values, request, names, "the result")
            return
        # One picture's pixels in memory at a time.
        for value, name in zip(values, names, strict=True):
            yield self._run([value], request, [name], name)

    def _run(self, values: Sequence[Any], request: Request, names: Sequence[str], result: str) -> Response:
        files = [read_file(value, name) for value, name in zip(values, names, strict=True)]
        pictures = read_pictures(files, names, request.first.deep)
        sizes = [size_of(picture) for picture in pictures]
        if size := result_size(request.steps, sizes):
            check_format(size, request.file_format, names[0])
        also = read_also(request.also)
        made = run_labelled(self.bundle, request.steps, pictures, files, self.labelling, also)
        check_format(size_of(made.picture), request.file_format, result)
        data, _ = encode_labelled(made, request.file_format, self.labelling, files)
        report = {TASK: request.chain, FORMAT: request.file_format, **made.report}
        if request.languages:
            report = in_words(report, pictures, made.picture, request.languages)
        return Response(data, report, sum(width * height for width, height in sizes), made.maps)


def missing(bundle: Bundle, task: Task) -> RequestError:
    """Return the error for a task that the bundle lacks weights of; it says which pipeline trains them."""
    name = next(name for name in task.needs if name not in bundle.weights)
    head = find_heads().get(name)
    remedy = (
        f"run the {head.trained_by} pipeline and use the model that it registers"
        if head
        else "register the model again"
    )
    return RequestError(TASK, f"this model was registered without a {name}", remedy, f"no_{name}")
