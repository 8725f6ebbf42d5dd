"""The server's counts for Prometheus; needs the extra ``metrics``."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from .room import Room
from .tally import AGE_BOUNDS


def exposition(room: Room) -> bytes:
    """Return everything that the server counts, in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counts(room))
    return generate_latest(registry)


class _Counts(Collector):
    def __init__(self, room: Room) -> None:
        self._room = room

    def collect(self) -> Iterator[Metric]:
        tally, outboxes = self._room.tally, [connection.outbox for connection in self._room.connections]
        yield GaugeMetricFamily(
            "execmon_connections", "Connections that are served", len(self._room.connections)
        )
        yield GaugeMetricFamily(
            "execmon_sessions", "Sessions, those without a connection included", len(self._room.sessions)
        )
        yield GaugeMetricFamily(
            "execmon_outbox_messages", "Messages that wait for consumers", sum(map(len, outboxes))
        )
        sent = CounterMetricFamily("execmon_messages_sent", "Messages sent, by type", labels=["type"])
        for kind, count in sorted(tally.sent.items()):
            sent.add_metric([kind], count)
        yield sent
        closed = CounterMetricFamily(
            "execmon_connections_closed", "Connections that the server closed", labels=["code"]
        )
        for code, count in sorted(tally.closed.items()):
            closed.add_metric([str(code)], count)
        yield closed
        yield CounterMetricFamily(
            "execmon_connections_aborted", "Connections dropped because nobody answered", tally.aborted
        )
        yield CounterMetricFamily(
            "execmon_logs_shed",
            "Log entries shed for slow consumers",
            tally.shed + sum(outbox.shed for outbox in outboxes),
        )
        yield CounterMetricFamily(
            "execmon_messages_conflated",
            "Messages replaced by a newer one before a slow consumer took them",
            tally.conflated + sum(outbox.conflated for outbox in outboxes),
        )
        bounds = [*(str(bound) for bound in AGE_BOUNDS), "+Inf"]
        yield HistogramMetricFamily(
            "execmon_frame_age_seconds",
            "From a frame's arrival at the server to its sending",
            buckets=list(zip(bounds, accumulate(tally.ages), strict=True)),
            sum_value=tally.age_sum,
        )
