"""An execution that runs elsewhere, followed to its end in the terminal."""

from websockets.exceptions import InvalidHandshake, InvalidStatus

from .client import Address, ConnectionLost, ExecutionError, http, sync
from .protocol import ExecutionSnapshot
from .terminal import ExecutionDisplay


class NotWatched(Exception):
    """The execution cannot be followed, or not to its end; the text says why."""


def follow(url: str, token: str | None, display: ExecutionDisplay) -> ExecutionSnapshot:
    """Show an execution until it has ended; of one that has ended already, the outcome.

    Parameters
    ----------
    url
        Its address (see `Address`).
    token
        For a server that asks for one.
    display
        Where to.

    Returns
    -------
    ExecutionSnapshot
        Its state at the end.

    Raises
    ------
    NotWatched
        When the address is wrong, the server refuses, or the connection is lost for good.
    """
    try:
        address = Address.parse(url)
        return _follow(address, token, display)
    except ExecutionError as error:
        return _outcome(address, token, display, error)
    except InvalidStatus as error:
        raise NotWatched(f"{address.server} refuses: {_reason(error)}") from error
    except InvalidHandshake as error:
        raise NotWatched(f"{address.server} serves no WebSocket there: {error}") from error
    except OSError as error:
        raise NotWatched(f"cannot reach {address.server}: {error.strerror or error}") from error
    except (ValueError, ConnectionLost) as error:
        raise NotWatched(str(error)) from error


def _follow(address: Address, token: str | None, display: ExecutionDisplay) -> ExecutionSnapshot:
    lost = False

    def tell(reason: str, wait: float) -> None:
        nonlocal lost
        lost = True
        display.note(f"connection lost ({reason}); again in {wait:.1f} s")

    with sync.connect(address.websocket, token=token, on_lost=tell) as execution:
        for message in execution:
            if lost and isinstance(message, ExecutionSnapshot):
                lost = False
                display.note("connected again")
            display.show(message)
        return execution.state


def _outcome(
    address: Address, token: str | None, display: ExecutionDisplay, refusal: ExecutionError
) -> ExecutionSnapshot:
    try:
        state = http.outcome(address, token, refusal)
    except ExecutionError as error:
        raise NotWatched(str(error)) from error
    display.show(state)
    return state


def _reason(error: InvalidStatus) -> str:
    text = (error.response.body or b"").decode("utf-8", "replace").strip()
    status = f"{error.response.status_code} {error.response.reason_phrase}"
    return f"{status} ({text})" if text and len(text) < 200 and "<" not in text else status
