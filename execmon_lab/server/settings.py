"""The endpoint's limits and deadlines."""

from dataclasses import dataclass

from ..protocol import limits


@dataclass(frozen=True, slots=True)
class Settings:
    """Every number the server goes by; the specification's are the defaults.

    Times are in seconds, sizes in bytes.
    """

    # Given by the specification
    connections_per_client: int = limits.CONNECTIONS_PER_CLIENT
    previews_per_connection: int = limits.PREVIEWS_PER_CONNECTION
    inactivity_seconds: float = limits.INACTIVITY_SECONDS
    session_seconds: float = limits.SESSION_SECONDS
    pong_seconds: float = limits.PONG_SECONDS
    frames_in_flight: int = limits.FRAMES_IN_FLIGHT
    message_bytes: int = limits.CLIENT_MESSAGE_BYTES

    # What a slow consumer may cost
    queued_messages: int = 1_000
    """Guaranteed messages that wait for a consumer to read; one more closes it with 4413."""
    queued_bytes: int = 1024 * 1024
    unacknowledged_messages: int = 10_000
    """Guaranteed messages, sent or waiting, that a consumer has not acknowledged."""
    unacknowledged_bytes: int = 8 * 1024 * 1024
    log_ring: int = 500
    """Log entries that wait; the oldest are shed and counted."""
    unsent_bytes: int = 128 * 1024
    """What the kernel may hold unsent for one connection (TCP_NOTSENT_LOWAT), so that frames stay young."""

    # What a client may ask
    messages_per_second: float = 100.0
    """A client's messages, pings and unasked pongs; more is a flood, closed with 1008."""
    messages_burst: int = 400
    sessions_per_client: int = 64
    """Sessions kept for one client after their connections went; the oldest go first."""

    # What a stranger may cost
    sockets: int = 4_096
    """Open connections of all kinds; one more is refused."""
    head_bytes: int = 16 * 1024
    head_seconds: float = 10.0
    close_seconds: float = 5.0
    """How long a closing handshake may take before the connection is aborted."""
    shutdown_seconds: float = 2.0
    """The same for all connections together, when the server goes down."""
