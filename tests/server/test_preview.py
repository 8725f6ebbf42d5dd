"""Live preview: start, stop, quality, limits, and slow viewers."""

from collections.abc import Callable

import pytest

from execmon_lab.hub import Hub
from execmon_lab.server import Server, previews
from tests.server import messages as m
from tests.server.conftest import Camera, Consumer, Devices, eventually
from tests.server.raw import RawClient

Start = Callable[..., Server]
Join = Callable[..., Consumer]


def watched(preview: Camera) -> list[tuple[str, str]]:
    return sorted((shot.device_id, shot.quality) for shot in preview.watching)


def test_frames_come_with_exactly_the_specified_fields(server: Server, join: Join, preview: Camera) -> None:
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE)
    frame = consumer.until("preview_frame")
    assert set(frame) == {"type", "device_id", "frame_data", "width", "height", "timestamp"}
    assert frame["frame_data"].startswith("data:image/jpeg;base64,")
    assert watched(preview) == [(m.DEVICE, "medium")]


def test_a_preview_needs_no_subscription_and_brings_none(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE)
    consumer.until("preview_frame")
    hub.publish(m.device_status("busy"))
    hub.publish(m.ended(execution))
    assert "device_status" not in {message["type"] for message in consumer.rest()}


def test_viewers_of_one_quality_share_one_watch(server: Server, join: Join, preview: Camera) -> None:
    consumers = [join(server) for _ in range(3)]
    for consumer in consumers:
        consumer.say(type="start_preview", device_id=m.DEVICE, quality="low")
        consumer.say(type="start_preview", device_id=m.DEVICE, quality="low")
    for consumer in consumers:
        consumer.until("preview_frame")
    assert watched(preview) == [(m.DEVICE, "low")]
    consumers[0].socket.close()
    consumers[1].until("preview_frame")
    assert watched(preview) == [(m.DEVICE, "low")]


def test_asking_again_changes_the_quality(server: Server, join: Join, preview: Camera) -> None:
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE, quality="low")
    consumer.until("preview_frame")
    consumer.say(type="start_preview", device_id=m.DEVICE, quality="high")
    eventually(lambda: watched(preview) == [(m.DEVICE, "high")])
    consumer.until("preview_frame")


def test_stopping_and_leaving_end_the_watch(server: Server, join: Join, preview: Camera) -> None:
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE)
    consumer.until("preview_frame")
    consumer.say(type="stop_preview", device_id=m.DEVICE)
    eventually(lambda: watched(preview) == [])
    consumer.say(type="start_preview", device_id=m.DEVICE)
    eventually(lambda: watched(preview) == [(m.DEVICE, "medium")])
    consumer.socket.close()
    eventually(lambda: watched(preview) == [])


def test_no_frame_comes_after_the_stop(
    server: Server, join: Join, preview: Camera, hub: Hub, execution: str
) -> None:
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE)
    consumer.until("preview_frame")
    consumer.say(type="stop_preview", device_id=m.DEVICE)
    consumer.say(type="subscribe_device", device_id=m.DEVICE)
    consumer.until("device_status")
    eventually(lambda: watched(preview) == [])
    hub.publish(m.ended(execution))
    assert [message["type"] for message in consumer.rest()] == ["execution_completed"]


def test_the_end_of_the_execution_ends_its_previews(
    server: Server, join: Join, preview: Camera, hub: Hub, execution: str
) -> None:
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE)
    consumer.until("preview_frame")
    hub.publish(m.ended(execution))
    assert consumer.rest()[-1]["type"] == "execution_completed"
    eventually(lambda: watched(preview) == [])


def test_five_streams_at_most(start: Start, join: Join, preview: Camera) -> None:
    names = [f"emulator-{number}" for number in range(6)]
    consumer = join(start(devices=Devices(*names)))
    for name in names[:5]:
        consumer.say(type="start_preview", device_id=name)
    consumer.say(type="start_preview", device_id=names[0], quality="low")
    consumer.say(type="start_preview", device_id=names[5])
    error = consumer.until("error")
    assert (error["code"], error["device_id"]) == ("PREVIEW_UNAVAILABLE", names[5])
    consumer.say(type="stop_preview", device_id=names[0])
    consumer.say(type="start_preview", device_id=names[5])
    while consumer.until("preview_frame")["device_id"] != names[5]:
        pass


def test_a_preview_that_cannot_begin_is_told_and_may_be_asked_for_again(
    server: Server, join: Join, preview: Camera
) -> None:
    preview.refuse = "the device gives no picture"
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE)
    error = consumer.until("error")
    assert (error["code"], error["device_id"]) == ("PREVIEW_UNAVAILABLE", m.DEVICE)
    assert "no picture" in error["message"]
    preview.refuse = None
    consumer.say(type="start_preview", device_id=m.DEVICE)
    consumer.until("preview_frame")


def test_pictures_that_cease_are_told_to_all_who_view_and_who_come_later(
    server: Server, join: Join, preview: Camera
) -> None:
    first = join(server)
    first.say(type="start_preview", device_id=m.DEVICE)
    first.until("preview_frame")
    (shot,) = preview.watching
    shot.stop.set()
    shot.thread.join()
    shot.on_error(RuntimeError("the device went away"))
    assert first.until("error")["code"] == "PREVIEW_UNAVAILABLE"
    second = join(server)
    second.say(type="start_preview", device_id=m.DEVICE)
    assert "went away" in second.until("error")["message"]


def test_a_server_without_previews_says_so(start: Start, join: Join) -> None:
    consumer = join(start(preview=None))
    consumer.say(type="start_preview", device_id=m.DEVICE)
    assert consumer.until("error")["code"] == "PREVIEW_UNAVAILABLE"


def test_only_changes_leaves_out_what_stands_still(server: Server, join: Join, preview: Camera) -> None:
    every, changes = join(server), join(server)
    changes.say(type="start_preview", device_id=m.DEVICE, only_changes=True)
    changes.until("preview_frame")
    (shot,) = preview.watching
    shot.changed = False
    every.say(type="start_preview", device_id=m.DEVICE)
    for _ in range(20):
        every.until("preview_frame")
    changes.say(type="subscribe_device", device_id="nobody")
    still = _count_frames_until_error(changes)
    assert still < 20
    shot.changed = True
    for _ in range(5):
        changes.until("preview_frame")


def _count_frames_until_error(consumer: Consumer) -> int:
    count = 0
    while consumer.get()["type"] == "preview_frame":
        count += 1
    return count


def test_at_most_two_frames_are_under_way_to_one_who_acknowledges_none(
    server: Server, join: Join, hub: Hub, execution: str
) -> None:
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        client.say(type="start_preview", device_id=m.DEVICE)
        other = join(server)
        other.say(type="start_preview", device_id=m.DEVICE)
        for _ in range(15):
            other.until("preview_frame")
        hub.publish(m.ended(execution))
        frames = client.rest_until("execution_completed")
        assert [frame["type"] for frame in frames] == ["preview_frame"] * 2 + ["execution_completed"]


def test_a_pong_brings_the_newest_frame(server: Server, join: Join, preview: Camera, execution: str) -> None:
    with RawClient(server.ws_url(execution)) as client:
        client.get()
        client.say(type="start_preview", device_id=m.DEVICE)
        client.get()
        last = client.get()
        other = join(server)
        other.say(type="start_preview", device_id=m.DEVICE)
        for _ in range(15):
            newest = other.until("preview_frame")
        client.pong(client.next_ping())
        assert client.get()["timestamp"] >= newest["timestamp"] > last["timestamp"]


def test_frames_reach_only_those_who_asked(server: Server, join: Join, hub: Hub, execution: str) -> None:
    asked, silent = join(server), join(server)
    asked.say(type="start_preview", device_id=m.DEVICE)
    silent.say(type="subscribe_device", device_id=m.DEVICE)
    for _ in range(3):
        asked.until("preview_frame")
    hub.publish(m.ended(execution))
    kinds = [message["type"] for message in silent.rest()]
    assert kinds == ["execution_state", "device_status", "execution_completed"]


def test_only_changes_still_brings_a_frame_now_and_then(
    server: Server, join: Join, preview: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One a second, which the test shortens."""
    assert previews.STILL_SECONDS == 1.0
    monkeypatch.setattr(previews, "STILL_SECONDS", 0.1)
    consumer = join(server)
    consumer.say(type="start_preview", device_id=m.DEVICE, only_changes=True)
    consumer.until("preview_frame")
    preview.watching[0].changed = False
    for _ in range(5):
        consumer.until("preview_frame")
