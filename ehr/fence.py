"""What one session may reach: origins, paths, seconds, bytes.

A fence is judged on the *prepared* URL. While preparing, `requests` turns `%2e%2e`
into `..` after dot segments were removed, so a check of what the caller wrote proves
nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from ehr.errors import ForeignOrigin

DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST_URL = 8_192  # characters; requests of ours stay far below
MEGABYTE = 1_000_000

_PARTS = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?"
    r"(?:\?[^#]*)?"
)
_VISIBLE = re.compile(r"[!-~]+")
_SEGMENT = re.compile(r"[A-Za-z0-9._~$:-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, after our own strict reading of it."""

    scheme: str
    host: str  # lower case; an IPv6 address in brackets
    port: int
    path: str  # always begins with a slash

    @property
    def origin(self) -> str:
        """`https://host` or `https://host:8443`, never with the default port."""
        if self.port == DEFAULT_PORTS[self.scheme]:
            return f"{self.scheme}://{self.host}"
        return f"{self.scheme}://{self.host}:{self.port}"


def place_of(url: str) -> Place:
    """Read a URL in the one form we use.

    Raises:
        ForeignOrigin: user info, a trailing dot, upper case in the host, blanks,
            backslashes, a fragment, another scheme: everything two parsers might read
            in two ways.
    """
    if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url):
        raise ForeignOrigin("unreadable address")
    found = _PARTS.fullmatch(url)
    if found is None:
        raise ForeignOrigin("unreadable address")
    scheme, host = found["scheme"], found["host"]
    port = int(found["port"]) if found["port"] else DEFAULT_PORTS[scheme]
    if not 0 < port < 65_536 or ".." in host:
        raise ForeignOrigin("unreadable address")
    return Place(scheme, host, port, found["path"] or "/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its written address or as `localhost`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Fence:
    """What a session may reach.

    Args:
        bases: full URLs; a request goes to one of them or below it.
        dev: allows `http://` to this machine and nothing else.
        private_addresses: allows addresses of private networks.
        ca_file: certificates to trust instead of the usual ones.
        connect_seconds: longest time until a connection stands.
        read_seconds: longest silence.
        total_seconds: longest time from first byte to last.
        most_bytes: largest decoded body.
        most_header_bytes: largest sum of header names and values.
    """

    bases: tuple[str, ...]
    dev: bool = False
    private_addresses: bool = False
    ca_file: str | None = None
    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    total_seconds: float = 10.0
    most_bytes: int = 10 * MEGABYTE
    most_header_bytes: int = 64_000

    def check(self, prepared_url: str) -> None:
        """Let a prepared URL pass.

        Raises:
            ForeignOrigin: it is not one of the bases nor below one, or `http://`
                without both `dev` and this machine.
        """
        place = place_of(prepared_url)
        if place.scheme == "http" and not (self.dev and is_loopback(place.host)):
            raise ForeignOrigin("plain http")
        if not any(_is_below(place, place_of(base)) for base in self.bases):
            raise ForeignOrigin("not an address of this tenant")

    def allows_address(self, address: str) -> bool:
        """Whether to connect to a numeric address; DNS has been asked before."""
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        if found.is_loopback:
            return self.dev or self.private_addresses
        if found.is_multicast or found.is_unspecified or found.is_link_local:
            return False  # 169.254.169.254 hands out a cloud machine's credentials
        return found.is_global or self.private_addresses


def _is_below(place: Place, base: Place) -> bool:
    if (place.scheme, place.host, place.port) != (base.scheme, base.host, base.port):
        return False
    if place.path == base.path:
        return True
    root = base.path.removesuffix("/")
    if place.path == root:
        return True
    if not place.path.startswith(f"{root}/"):
        return False
    return _are_plain(place.path.removeprefix(f"{root}/").split("/"))


def _are_plain(segments: Sequence[str]) -> bool:
    # A last empty segment is a closing slash: `/fhir/` for base `/fhir`.
    if segments[-1] == "":
        segments = segments[:-1]
    return all(
        _SEGMENT.fullmatch(each) and each != "." and not each.startswith("..")
        for each in segments
    )
