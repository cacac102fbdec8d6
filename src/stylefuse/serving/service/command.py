"""The command `stylefuse serve`: its options, and checks of them before the server starts."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any

from stylefuse.labels.flags import add_flags, read_flags
from stylefuse.labels.options import LabellingError
from stylefuse.serving.default_model import CHAMPION
from stylefuse.serving.service.access import Access, host_name, is_local, origin_name
from stylefuse.serving.service.process import StartFailed
from stylefuse.serving.service.server import serve
from stylefuse.serving.service.settings import TOKEN, Settings
from stylefuse.serving.service.source import Source

_DEFAULT = Settings()
_LEAST = {
    **{"workers": 1, "threads": 0, "queue": 1, "timeout": 0.1, "drain": 0},
    **{"clips": 0, "clip_bytes": 1, "clips_bytes": 1, "clip_seconds": 1},
}


class CannotStart(Exception):  # noqa: N818
    """Why, and what to do."""


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--model",
        help="a registered model, models:/<name>@<alias> or models:/<name>/<version>, or a folder; one that does not "
        f"exist is answered with those that do. By default {CHAMPION}, or the ready-made model where there is none",
    )
    add("--host", default="127.0.0.1", help="address to listen at (%(default)s: this machine alone)")
    add("--port", type=int, default=8080, help="0 takes a free one (%(default)s)")
    add("--token-file", type=Path, help=f"file with the token that requests must bear; or set ${TOKEN}")
    add("--insecure", action="store_true", help="listen to other machines without a token")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which clients reach this server, as it stands after http://; repeat it for several names. "
        "Without a token, requests under other names are refused, because a web page could have sent them; accepted "
        "are localhost, 127.0.0.1, [::1], the value of --host and, where other machines are let in, any IP address. "
        "With a token, every name is accepted",
    )
    add(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a site whose pages may send requests and read the answers, as https://app.example; repeat it for several "
        "sites. Requests from pages of other sites are refused; programs such as curl need no permission",
    )
    add("--workers", type=int, default=_DEFAULT.workers, help="requests in work at once (%(default)s)")
    add("--threads", type=int, default=_DEFAULT.threads, help="of a worker (0: the cores, shared out)")
    add("--queue", type=int, default=_DEFAULT.queue, help="requests that may wait (%(default)s)")
    add("--timeout", type=float, default=_DEFAULT.timeout, help="seconds a request may take (%(default)g)")
    add("--drain", type=float, default=_DEFAULT.drain, help="seconds to finish what is in work (%(default)g)")
    add("--clips", type=int, default=_DEFAULT.clips, help="clips that there may be; 0: none (%(default)s)")
    add("--clip-bytes", type=int, default=_DEFAULT.clip_bytes, help="of a clip (%(default)s)")
    add("--clips-bytes", type=int, default=_DEFAULT.clips_bytes, help="of clips and results (%(default)s)")
    add("--clip-seconds", type=float, default=_DEFAULT.clip_seconds, help="to keep a result (%(default)g)")
    add_flags(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Returns:
        0; 1 if it could not start, with the reason on standard error; 130 after Ctrl-C while it started.
    """
    logging.basicConfig(format="%(asctime)s server %(levelname)s %(message)s", level=logging.INFO)
    try:
        settings = _settings(options)
        token = read_token(options.token_file)
        check_address(options.host, token, options.insecure)
        access = read_access(options.host, options.allow_host, options.allow_origin, token)
        listener = bind(options.host, options.port)
        with (
            contextlib.closing(listener),
            ended_by_signals() as run_loop,
            contextlib.closing(Source(options.model)) as source,
        ):
            run_loop(serve(listener, source, settings, token, access=access, token_file=options.token_file))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except (CannotStart, StartFailed, OSError) as error:
        print(f"stylefuse serve: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def ended_by_signals() -> Iterator[Callable[[Coroutine], None]]:
    """Have SIGTERM and SIGHUP raise SystemExit: a server that is still starting then removes its copy of the model.

    Yields:
        What runs a coroutine, as `asyncio.run` does. A signal cancels it, as Ctrl-C does there, and SystemExit follows:
        raised at once, it would leave open what the event loop is about to start.
    """
    numbers = [
        getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]  # Windows has one
    found = {number: signal.getsignal(number) for number in numbers}
    ended: list[int] = []
    main: asyncio.Task | None = None

    def end(number: int, _: FrameType | None) -> None:
        if main is None or main.done():
            sys.exit(128 + number)
        ended.append(number)
        # The loop's other tasks, also asyncio's own, go on: they close what is open.
        main.get_loop().call_soon_threadsafe(main.cancel)

    async def noted(work: Coroutine) -> None:
        nonlocal main
        main = asyncio.current_task()
        await work

    for number, handler in found.items():
        if handler != signal.SIG_IGN:  # as nohup leaves SIGHUP
            signal.signal(number, end)
    try:
        yield lambda work: asyncio.run(noted(work))
    except asyncio.CancelledError:
        if not ended:
            raise
        sys.exit(128 + ended[0])
    finally:
        for number, handler in found.items():
            signal.signal(number, handler)


def _settings(options: argparse.Namespace) -> Settings:
    for name, least in _LEAST.items():
        if not least <= getattr(options, name) < float("inf"):
            flag = name.replace("_", "-")
            raise CannotStart(f"--{flag} {getattr(options, name)}: give at least {least}")
    try:
        labelling = read_flags(options)
    except LabellingError as error:
        raise CannotStart(str(error)) from None
    given = {f.name: getattr(options, f.name) for f in fields(Settings) if f.name in options}
    return Settings(labelling=labelling, **given)


def read_token(file: Path | None) -> str | None:
    """The token from a file, or the environment; None if there is none.

    Raises:
        CannotStart: there is a file or a variable, but no usable token in it.
    """
    if file is not None:
        try:
            token, where = file.read_text(encoding="utf-8").strip(), str(file)
        except (OSError, UnicodeDecodeError) as error:
            raise CannotStart(f"--token-file {file} cannot be read ({error})") from None
    elif TOKEN in os.environ:
        token, where = os.environ[TOKEN].strip(), f"${TOKEN}"
    else:
        return None
    if not token or not token.isascii() or any(character.isspace() for character in token):
        raise CannotStart(
            f"{where} holds no token: write one of ASCII letters, digits and signs, without spaces"
        )
    return token


def check_address(host: str, token: str | None, insecure: bool) -> None:
    """Raises CannotStart where others could send requests and no token keeps them out."""
    if not (is_local(host) or token or insecure):
        remedy = f"set ${TOKEN} or give --token-file, or say --insecure"
        raise CannotStart(f"--host {host} lets other machines in, and there is no token: {remedy}")


def read_access(host: str, hosts: Sequence[str], origins: Sequence[str], token: str | None) -> Access:
    """Which requests are answered.

    Args:
        host: where the server listens.
        hosts, origins: further names of the server, and sites whose pages may ask.
        token: which requests must bear.

    Raises:
        CannotStart: a name or an origin is none.
    """
    named: dict[str, Any] = {text: host_name(text) for text in hosts}
    sites: dict[str, Any] = {text: origin_name(text) for text in origins}
    for text in (text for text, name in named.items() if name is None):
        raise CannotStart(
            f"--allow-host {text}: give a name as example.org, without http:// and without a path"
        )
    for text in (text for text, site in sites.items() if site is None):
        raise CannotStart(f"--allow-origin {text}: give an origin as https://app.example, without a path")
    return Access(
        frozenset({*named.values(), host.lower()}),
        frozenset(sites.values()),
        any_address=not is_local(host),
        any_name=token is not None,
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address.

    Raises:
        CannotStart: it is taken, or none of this machine's.
    """
    if not 0 <= port < 65_536:  # of others, the lowest 16 bits would be taken
        raise CannotStart(f"--port {port}: give one from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotStart(f"--host {host} --port {port}: no such address ({error})") from None
    try:
        if sys.platform != "win32":  # where it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        remedy = "stop the other server, or choose another with --port"
        raise CannotStart(f"port {port} at {host} cannot be used ({error.strerror}): {remedy}") from None
    return listener
