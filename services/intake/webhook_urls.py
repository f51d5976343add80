"""Which addresses events may be sent to, as far as the address itself tells; the sender looks again at each attempt."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shared.domain.errors import InvalidValue

LENGTH_MAX: Final = 2000
_LOCAL: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain", "arpa")


def check_url(url: str, *, allow_private: bool = False) -> str:
    """The same address.

    `allow_private` also takes private addresses and plain http, for development.

    Raises:
        InvalidValue: not https, no host, with credentials or a fragment, or a host that is not public.
    """
    fault = _fault(url, allow_private=allow_private)
    if fault is not None:
        raise InvalidValue("/url", fault)
    return url


def _fault(url: str, *, allow_private: bool) -> str | None:
    if len(url) > LENGTH_MAX or not url.isascii() or not url.isprintable() or set(url) & {" ", "\\"}:
        return f"An address of at most {LENGTH_MAX} visible ASCII characters; write others percent-encoded."
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "Not an address."
    return _shape_fault(parts, host, port, allow_private=allow_private) or (
        None if allow_private else _host_fault(host)
    )


def _shape_fault(parts: SplitResult, host: str, port: int | None, *, allow_private: bool) -> str | None:
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "Begins with https://, so that nobody else reads what is sent."
    if not host or port == 0:
        return "Names no host."
    if "@" in parts.netloc:
        return "Holds credentials; the signature tells who is sending."
    return "Has a fragment, which is never sent." if "#" in parts.geturl() else None


def _host_fault(host: str) -> str | None:
    literal = _literal(host)
    if literal is not None:
        return None if literal.is_global and not literal.is_multicast else "Not a public address."
    name = host.rstrip(".")
    if "." not in name or name.rpartition(".")[2] in _LOCAL:
        return "Not a public host name."
    # 0x7f.1, 127.1 and 2130706433 are addresses to many resolvers, and no top-level domain begins with a digit.
    return "Not a host name." if name.rpartition(".")[2][:1].isdigit() else None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address
