"""The address of an execution, as people have it: the WebSocket's, or the same with http."""

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_ENDPOINT = "/ws/executions/"
_SCHEMES = {"ws": ("ws", "http"), "http": ("ws", "http"), "wss": ("wss", "https"), "https": ("wss", "https")}
_SECRETS = ("token", "execmon_token")


@dataclass(frozen=True)
class Address:
    """Where an execution is served; what stands before ``/ws/`` in the path (a proxy's prefix) is kept.

    Attributes
    ----------
    websocket
        The endpoint, ``ws://…/ws/executions/<execution_id>``, with the query as it was given.
    server
        The server's HTTP side, without a slash at its end.
    execution_id
        The last part of the path.
    """

    websocket: str
    server: str
    execution_id: str
    _query: str = ""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read an address.

        Parameters
        ----------
        url
            ``ws://…/ws/executions/<execution_id>``; wss, http and https will do as well.

        Raises
        ------
        ValueError
            When it is no such address; the text says what one looks like.
        """
        parts = urlsplit(url.strip())
        prefix, endpoint, execution_id = parts.path.rpartition(_ENDPOINT)
        execution_id = execution_id.rstrip("/")
        if parts.scheme not in _SCHEMES or not parts.hostname or not endpoint or not execution_id:
            shown = urlunsplit(parts._replace(query="", fragment=""))  # the query may hold a token
            raise ValueError(
                f"{shown!r} is no execution's address; one looks like ws://host:port{_ENDPOINT}<execution_id>"
            )
        if "/" in execution_id:
            raise ValueError(
                f"nothing may follow the execution's id in its address, but {execution_id!r} does"
            )
        websocket, http = _SCHEMES[parts.scheme]
        secrets = [(name, value) for name, value in parse_qsl(parts.query) if name in _SECRETS]
        return cls(
            websocket=urlunsplit(
                (websocket, parts.netloc, f"{prefix}{endpoint}{execution_id}", parts.query, "")
            ),
            server=urlunsplit((http, parts.netloc, prefix, "", "")),
            execution_id=execution_id,
            _query=urlencode(secrets),
        )

    def of(self, execution_id: str) -> "Address":
        """Return the address of another execution of the same server."""
        before, _, query = self.websocket.partition("?")
        before = before.removesuffix(self.execution_id) + execution_id
        return replace(self, websocket=before + (f"?{query}" if query else ""), execution_id=execution_id)

    def http(self, path: str) -> str:
        """Return the address of something on the server's HTTP side, with the tokens of this one.

        Parameters
        ----------
        path
            As messages give it, for example ``/api/v1/artifacts/screenshots/….png``.
        """
        separator = "&" if "?" in path else "?"
        return self.server + path + (separator + self._query if self._query else "")
