"""Get the model to serve from a folder or from the registry, again at each reload."""

import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import NamedTuple

from stylefuse.serving.bundle import ModelError
from stylefuse.serving.default_model import CHAMPION, VERSION, use_ready_made
from stylefuse.serving.service.process import StartFailed, kill
from stylefuse.serving.service.settings import Settings

log = logging.getLogger(__name__)
# MLflow alone takes seconds to import, and waits for a locked database.
FETCH_SECONDS = 120.0


class Model(NamedTuple):
    """folder: where its files are; version: as registered; empty where it is not."""

    folder: Path
    version: str


class Source:
    """Gets models. Registered ones are copied: workers that start later read them when the registry is away.

    Args:
        name: a folder, or `models:/<name>@<alias>` and the like; None: the champion, or the ready-made model where
            there is none.
    """

    def __init__(self, name: str | None):
        self._name = name or CHAMPION
        self._is_default = name is None
        self._copies: Path | None = None

    @property
    def _is_folder(self) -> bool:
        return not self._name.startswith("models:")

    async def get(self) -> Model:
        """The model as it is now.

        Raises:
            StartFailed: the registry does not give it, or the package lacks the ready-made model; the message says why.
        """
        if self._is_folder:
            return Model(Path(self._name).absolute(), "")
        if self._copies is None:  # made here, where a signal cannot come between the folder and its name
            self._copies = Path(tempfile.mkdtemp(prefix="stylefuse-serve-"))
        copy = tempfile.mkdtemp(dir=self._copies)
        command = [sys.executable, "-m", "stylefuse.serving.service.registry", self._name, copy]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                text, _ = await process.communicate()
            found = json.loads(text.splitlines()[-1])
        except TimeoutError:
            raise StartFailed(f"{self._name}: the registry did not answer in {FETCH_SECONDS:g} s") from None
        except (ValueError, IndexError):
            raise StartFailed(f"{self._name}: the registry could not be asked") from None
        finally:
            await kill(process)
        if "absent" in found and self._is_default:
            try:
                ready_made, notice = use_ready_made(found["absent"])
            except ModelError as error:
                raise StartFailed(str(error)) from None
            log.warning(notice)
            return Model(ready_made, VERSION)
        if "error" in found:
            raise StartFailed(f"{self._name} cannot be fetched from the registry: {found['error']}")
        return Model(Path(found["folder"]), found["version"])

    def close(self) -> None:
        """Remove the copies."""
        if self._copies:
            shutil.rmtree(self._copies, ignore_errors=True)


def worker_command(model: Model, settings: Settings) -> list[str]:
    """What starts a worker that serves this model."""
    return [
        *(sys.executable, "-m", "stylefuse.serving.service.worker", str(model.folder)),
        *("--threads", str(threads_of(settings)), "--labelling", json.dumps(settings.labelling.as_dict())),
    ]


def threads_of(settings: Settings) -> int:
    """The threads of a worker."""
    return settings.threads or max(1, (os.cpu_count() or 1) // settings.workers)
