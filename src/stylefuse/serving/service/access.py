"""Check the host name and the origin of each request, against web pages that use the server without permission.

Browsers let any page send requests to any address, also to this machine. If the page's own name is made to point here
(DNS rebinding), the page can read the answers; `Host` is then the page's name. Otherwise it can only send forms and
cannot read what comes back; the browser then names the page in `Origin` or `Sec-Fetch-Site`. Programs send neither.
A link of another page is followed without `Origin`. It is answered: GET changes nothing, and the user alone reads it.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from stylefuse.serving.service.errors import Refused
from stylefuse.tasks.validation import shown

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]/?#@\s]+)(?P<port>:[0-9]*)?")
_ORIGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>[^/?#@\s]+)/?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# What pages of allowed sites may send and read beyond what browsers always let pass.
_METHODS = "GET, HEAD, POST, DELETE"
_SENT = "Accept, Authorization, Content-Type, Range, X-Request-ID"
_READ = "X-Report, X-Model-Version, X-Request-ID, Location, Content-Disposition, Content-Range"
_PREFLIGHT_SECONDS = 600
# They change nothing, and browsers keep the answers from pages of other sites.
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    hosts: names of the server, as `host_name` returns them; localhost and loopback addresses always are.
    origins: sites whose pages may ask, as `origin_name` returns them.
    any_address: whether any IP address is accepted in `Host`, for a server that other machines can reach: DNS cannot
        make an address point elsewhere.
    any_name: whether every `Host` is accepted, for a server with a token: pages of other sites do not know the token.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    any_address: bool = False
    any_name: bool = False

    def check(self, method: str, headers: Mapping[str, str]) -> None:
        """Check the method and the headers of a request.

        Raises:
            Refused: 421, `Host` is not a name of this server; 403, a page sent it whose site is not allowed.
        """
        host = headers.get("host")
        if host is not None and not self._is_ours(host):
            text = f"Host: {shown(host_name(host) or host)} is not a name of this server"
            remedy = "to have it answer under that name, start it with --allow-host and the name"
            raise Refused(421, "wrong_host", f"{text}: {remedy}", "Host")
        origin = headers.get("origin")
        if self.allows(origin):
            return
        remedy = "to allow that, start this server with --allow-origin and the origin of the page"
        if origin is not None and not _same(origin, host):
            message = f"Origin: a page of {shown(origin)} sent this request: {remedy}"
            if origin == "null":
                message = (
                    "Origin: a page without an origin, as one opened from a file, sent this request: load it "
                )
                message += (
                    "from a web server, and start this one with --allow-origin and that server's origin"
                )
            raise Refused(403, "foreign_origin", message, "Origin")
        site = headers.get("sec-fetch-site", "none")
        if method not in _SAFE and site not in ("same-origin", "none"):
            message = f"Sec-Fetch-Site: a page of another site sent this request ({shown(site)}): {remedy}"
            raise Refused(403, "foreign_origin", message, "Sec-Fetch-Site")

    def allows(self, origin: str | None) -> bool:
        """Whether pages of this origin may send requests and read the answers."""
        return origin is not None and origin_name(origin) in self.origins

    def answers(self, headers: Mapping[str, str], preflight: bool) -> dict[str, str]:
        """Headers that let a page of an allowed site read the answer, or a preflight go on (CORS)."""
        if not self.origins:
            return {}
        origin = headers.get("origin")
        if origin is None or not self.allows(origin):
            return {"Vary": "Origin"}
        allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        if not preflight:
            return {**allowed, "Access-Control-Expose-Headers": _READ}
        return {
            **allowed,
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
            # Chrome asks for it where a page of the internet calls a server of the local network.
            "Access-Control-Allow-Private-Network": "true",
        }

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        if self.any_name or name is None:
            return self.any_name
        return is_local(name) or name in self.hosts or (self.any_address and _address(name) is not None)


THIS_MACHINE = Access()


def host_name(host: str) -> str | None:
    """A host without its port, in lower case, without the dot at its end; None if it is none."""
    found = _HOST.fullmatch(host)
    return found["name"].lower().removesuffix(".") or None if found else None


def origin_name(origin: str) -> str | None:
    """An origin in lower case, without a default port; None if it is none, as "null" is."""
    found = _ORIGIN.fullmatch(origin)
    if found is None or not _HOST.fullmatch(found["host"]):
        return None
    scheme, host = found["scheme"].lower(), found["host"].lower()
    return f"{scheme}://{host.removesuffix(_DEFAULT_PORTS.get(scheme, ' '))}"


def is_local(name: str) -> bool:
    """Whether a host name always means this machine; of other names, DNS says what they mean."""
    address = _address(name)
    return name == "localhost" if address is None else address.is_loopback


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks if a page may send a request."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def _same(origin: str, host: str | None) -> bool:
    """Whether a page was loaded from the host that it asks. Proxies that add TLS change the scheme only."""
    named = origin_name(origin)
    return (
        named is not None and host is not None and named == origin_name(f"{named.partition(':')[0]}://{host}")
    )


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None
