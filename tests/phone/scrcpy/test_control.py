"""The server's control socket: what a client does is done to the phone."""

from __future__ import annotations

import asyncio
import struct

import pytest

from execmon_lab.phone.state.intents import Intent

from .conftest import Bench, Client, session, touch, until


def test_a_tap_goes_where_the_video_shows_it(bench: Bench) -> None:
    async def client(it: Client) -> None:
        video, _, control = await it.open("4.1", "max_size=640")
        await video.readexactly(4)
        assert await session(video) == (360, 640)
        node = next(n for w in bench.system.screen.windows() for n in w.root.walk() if n.text == "Calculator")
        x, y = node.centre
        await control.write(touch(0, x // 2, y // 2, (720, 1280)) + touch(1, x // 2, y // 2, (720, 1280)))
        await control.write(touch(0, x // 2, y // 2, (360, 640)) + touch(1, x // 2, y // 2, (360, 640)))
        front = bench.system.activities
        await until(lambda: front.front.package.name == "com.android.calculator2", "the tap arrives")

    bench.run(client)


def test_keys_and_text(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open()
        await write_a_message(bench)
        await control.write(b"\1" + struct.pack(">I", 5) + b"hello")
        field = bench.system.screen.focus
        await until(lambda: field.value == "hello", "the text arrives")
        for action in (0, 1):
            await control.write(b"\0" + struct.pack(">Biii", action, 67, 0, 0))
        await until(lambda: field.value == "hell", "one key, though it goes down and up")
        for action in (0, 1):
            await control.write(b"\x04" + bytes([action]))
        await until(lambda: not bench.system.screen.keyboard_shown, "back")

    bench.run(client)


async def write_a_message(bench: Bench) -> None:
    """Open a field that takes any text, and wait until it has the focus."""
    bench.system.activities.start(Intent("android.intent.action.SENDTO", "smsto:5550103"))
    await until(lambda: bench.system.screen.focus is not None, "the field")


@pytest.mark.parametrize("version", ["3.3.4", "4.1"])
def test_what_has_no_key_is_left_out_of_a_text_and_complained_of(bench: Bench, version: str) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open(version)
        await write_a_message(bench)
        data = "é日ß🙂!".encode()
        await control.write(b"\1" + struct.pack(">I", len(data)) + data)
        await until(lambda: "u+de42" in it.said, "the complaint of the last")
        assert bench.system.screen.focus.value == "éß!"
        complaints = [line for line in it.said.splitlines() if "Could not inject char" in line]
        assert [line[-6:] for line in complaints] == ["u+65e5", "u+d83d", "u+de42"]

    bench.run(client)


@pytest.mark.parametrize("version", ["3.3.4", "4.1"])
def test_any_text_is_pasted_and_acknowledged(bench: Bench, version: str) -> None:
    async def client(it: Client) -> None:
        _, answers, control = await it.open(version)
        await write_a_message(bench)
        data = "日本語🙂".encode()
        await control.write(b"\x09" + struct.pack(">QBI", 5, 1, len(data)) + data)
        assert await asyncio.wait_for(answers.readexactly(9), 10) == b"\1" + struct.pack(">Q", 5)
        assert bench.system.screen.focus.value == "日本語🙂"
        await control.write(b"\x09" + struct.pack(">QBI", 0, 1, 1) + b"!")
        await until(lambda: bench.system.screen.focus.value.endswith("!"), "the one that asks for no answer")

    bench.run(client)


def test_a_finger_whose_lifting_was_lost_goes_down_anew(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open()
        await asyncio.sleep(0.6)
        await control.write(touch(0, 360, 900))
        touching = bench.system.touch
        await until(lambda: touching._finger is not None, "the first")
        await control.write(touch(1, 360, 900, (1, 1)))  # of a video that is over
        await control.write(touch(0, 100, 500))
        await until(lambda: touching._finger is not None and touching._finger.x == 100, "the second")

    bench.run(client)


def test_the_wheel_scrolls_what_is_under_it(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open()
        bench.system.activities.start(Intent("android.settings.SETTINGS"))
        scrollers = [
            node.scroller
            for window in bench.system.screen.windows()
            for node in window.root.walk()
            if node.scroller is not None
        ]
        notch = struct.pack(">iiHHhhi", 360, 700, 720, 1280, 0, -0x800, 0)
        await until(lambda: bench.system.screen.frame(), "a picture")
        await asyncio.sleep(1)
        await control.write(b"\3" + notch)
        await until(lambda: any(s.offset or not s.limit for s in scrollers), "the list moves")

    bench.run(client)


def test_a_second_finger_is_not_felt(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open()
        await asyncio.sleep(0.6)
        x, y = 360, 900
        await control.write(touch(0, x, y, pointer=1) + touch(0, 5, 5, pointer=2))
        await control.write(touch(1, 5, 5, pointer=2) + touch(2, x, 200, pointer=1))
        touching = bench.system.touch
        await until(lambda: touching._finger is not None and touching._finger.last_y == 200, "the first")
        await control.write(touch(3, x, 200, pointer=1))
        await until(lambda: touching._finger is None, "the cancel")

    bench.run(client)


def test_the_clipboard_goes_both_ways(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, answers, control = await it.open()
        await control.write(b"\x09" + struct.pack(">QBI", 77, 0, 4) + b"from")
        assert await asyncio.wait_for(answers.readexactly(9), 10) == b"\1" + struct.pack(">Q", 77)
        assert bench.system.clipboard == "from"
        bench.system.clipboard = "back"
        assert await asyncio.wait_for(answers.readexactly(9), 10) == b"\0\0\0\0\4back"

    bench.run(client)


def test_without_autosync_it_is_told_when_asked_for(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, answers, control = await it.open("4.1", "clipboard_autosync=false")
        bench.system.clipboard = "asked"
        await control.write(b"\x08\0")
        assert await asyncio.wait_for(answers.readexactly(10), 10) == b"\0\0\0\0\5asked"

    bench.run(client)


def test_panels_and_apps(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open()
        notices, activities = bench.system.notifications, bench.system.activities
        await control.write(b"\5")
        await until(lambda: notices.shade_open, "the shade opens")
        await control.write(b"\7")
        await until(lambda: not notices.shade_open, "the shade closes")
        await control.write(b"\x10\x14com.android.settings")
        await until(lambda: activities.front.package.name == "com.android.settings", "by package")
        await control.write(b"\x10\x05?Calc")
        await until(lambda: activities.front.package.name == "com.android.calculator2", "by name")
        await control.write(b"\x10\x05?nope")
        await until(lambda: 'No app found for "?nope"' in it.said, "the complaint")

    bench.run(client)


@pytest.mark.parametrize("bad", [b"\xff", b"\x12\0", b"\1" + b"\xff" * 4, b"\x13"])
def test_what_is_no_message_ends_the_session_and_harms_nobody(bench: Bench, bad: bytes) -> None:
    async def client(it: Client) -> None:
        video, _, control = await it.open()
        await control.write(bad)
        assert await it.finished() == 0
        while await asyncio.wait_for(video.read(1 << 16), 10):
            pass
        assert "ERROR" in it.said

    bench.run(client)
    bench.run(lambda it: it.open())


def test_a_flood_leaves_the_phone_its_turn(bench: Bench) -> None:
    async def client(it: Client) -> None:
        _, _, control = await it.open()

        async def flood() -> None:
            while True:
                await control.write(b"\x0b" * 10_000)

        flooding = asyncio.create_task(flood())
        await asyncio.sleep(0.5)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not flooding.done(), "the turns came meanwhile"
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)

    bench.run(client)
