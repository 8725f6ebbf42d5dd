"""Who may connect: hosts, origins and tokens (one rule for WebSocket and HTTP)."""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from .tokens import Tokens

TOKEN_PARAMETERS = ("token", "execmon_token")
"""Query parameters that may carry the token; a Jupyter proxy in front takes the first for its own."""


class Access:
    """The rules of one server.

    Parameters
    ----------
    tokens
        None in standalone mode.
    origins
        Origins, besides the server's own, whose pages may connect in standalone mode, for example
        ``"http://localhost:8888"``.
    hosts
        Host names, besides those of the loopback, by which the server may be called in standalone mode.
    """

    def __init__(
        self, tokens: Tokens | None = None, origins: Iterable[str] = (), hosts: Iterable[str] = ()
    ) -> None:
        self._tokens = tokens
        self._origins = {origin.rstrip("/").lower() for origin in origins}
        self._hosts = {host.lower() for host in hosts}

    def refusal(self, host: str | None, origin: str | None) -> str | None:
        """Say why a request is refused before anything else is looked at.

        A page of any web site may open a socket to this machine (`origin`), under a name that resolves to it
        (`host`). A token guards against both, so in server mode nothing is refused here.

        Returns
        -------
        str or None
            None when it may go on.
        """
        if self._tokens is not None:
            return None
        name = _host_name(host)
        if name is None or not (_is_loopback(name) or name in self._hosts):
            return "the Host header is not this server's; allow it by name with allowed_hosts"
        if origin is None or origin.rstrip("/").lower() in self._origins:
            return None
        parts = urlsplit(origin)
        if parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower():
            return None
        return "the Origin is not this server's; allow it by name with allowed_origins"

    def client(self, query: Mapping[str, str], authorization: str | None, remote: str) -> str | None:
        """Tell who a client is: its token's name in server mode, its address in standalone mode.

        Returns
        -------
        str or None
            None for one without a valid token.
        """
        if self._tokens is None:
            return remote
        scheme, _, credentials = (authorization or "").partition(" ")
        offered = [query[name] for name in TOKEN_PARAMETERS if name in query]
        if scheme.lower() == "bearer":
            offered.append(credentials.strip())
        names = [self._tokens.name_of(token) for token in offered]
        return next((name for name in names if name is not None), None)


def _host_name(host: str | None) -> str | None:
    if not host or "@" in host or "/" in host:
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
