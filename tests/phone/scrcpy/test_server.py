"""The server in the phone: what goes over its sockets, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import struct
from typing import Any

import pytest

from execmon_lab.phone.pipe import Pipe
from execmon_lab.phone.screen import code
from execmon_lab.phone.sockets import connect
from execmon_lab.phone.state.intents import Intent

from .conftest import NAME_LENGTH, SOCKET, Bench, Client, touch, until

CONFIG = {3: 1 << 63, 4: 1 << 62}
KEY = {3: 1 << 62, 4: 1 << 61}
MOTION = ("com.execmon.motion", "com.execmon.motion.MotionActivity")


async def packet(video: Any) -> tuple[int, bytes]:
    head, length = struct.unpack(">QI", await asyncio.wait_for(video.readexactly(12), 10))
    return head, await video.readexactly(length)


async def session(video: Any) -> tuple[int, int]:
    flag, width, height = struct.unpack(">III", await asyncio.wait_for(video.readexactly(12), 10))
    assert flag == 1 << 31
    return width, height


@pytest.mark.parametrize("version", ["3.3.4", "4.1"])
def test_the_stream_opens_with_its_header_the_configuration_and_a_key_frame(
    bench: Bench, version: str
) -> None:
    major = int(version[0])

    async def client(it: Client) -> None:
        video, _, _ = await it.open(version)
        assert await video.readexactly(4) == b"h264"
        size = struct.unpack(">II", await video.readexactly(8)) if major == 3 else await session(video)
        assert size == (720, 1280)
        head, data = await packet(video)
        assert head == CONFIG[major]
        assert data.startswith(b"\0\0\0\1\x67")
        head, _ = await packet(video)
        assert head & KEY[major]

    bench.run(client)


def test_the_name_opens_the_first_socket(bench: Bench) -> None:
    async def client(it: Client) -> None:
        it.start("4.1", "scid=abcd", "tunnel_forward=true", "audio=false", "video=false")
        control, _ = await it.connect()
        assert (await control.readexactly(1 + NAME_LENGTH)).strip(b"\0") == b"Virtual Phone"

    bench.run(client)


def test_a_screen_that_stands_still_sends_nothing_and_a_reset_a_key_frame(bench: Bench) -> None:
    async def client(it: Client) -> None:
        video, _, control = await it.open("3.3.4")
        await video.readexactly(12)
        await packet(video)
        await packet(video)
        bench.system.display.power(False)  # without the clock of the status bar
        with contextlib.suppress(TimeoutError):
            while True:
                await asyncio.wait_for(video.read(1 << 20), 0.5)
        await control.write(b"\x11")
        head, _ = await packet(video)
        assert head == CONFIG[3]
        head, _ = await packet(video)
        assert head & KEY[3]

    bench.run(client)


def test_a_turn_of_the_screen_is_a_new_session(bench: Bench) -> None:
    async def client(it: Client) -> None:
        video, _, control = await it.open("4.1", "max_size=640")
        assert await video.readexactly(4) == b"h264"
        assert await session(video) == (360, 640)
        await packet(video)
        await packet(video)
        await control.write(b"\x0b")
        await until(lambda: bench.system.display.rotation == 1, "the screen turns")
        while not (head := await video.readexactly(12))[0] & 0x80:
            await video.readexactly(struct.unpack(">QI", head)[1])
        assert struct.unpack(">III", head)[1:] == (640, 360)
        head_, _ = await packet(video)
        assert head_ == CONFIG[4]
        head_, _ = await packet(video)
        assert head_ & KEY[4]

    bench.run(client)


@pytest.mark.parametrize("scale", ["5", "0"])
def test_what_moves_is_seen_to_move_and_then_stands_still(bench: Bench, scale: str) -> None:
    bench.system.settings.put("global", "transition_animation_scale", scale)

    async def client(it: Client) -> None:
        video, _, _ = await it.open("3.3.4")
        await video.readexactly(12)
        await packet(video)
        await packet(video)
        bench.system.activities.start(Intent("android.settings.SETTINGS"))
        seen = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3 * float(scale) + 0.5):
                while True:
                    await packet(video)
                    seen += 1
        clock = 4  # a picture for each second of the status bar
        assert seen >= 15 + clock if scale == "5" else 1 <= seen <= clock
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.5):
                while True:
                    await packet(video)
                    seen = 0
                    clock -= 1
        assert clock >= 0

    bench.run(client)


def test_no_more_pictures_than_asked_for(bench: Bench) -> None:
    async def client(it: Client) -> None:
        bench.system.activities.start(Intent(component=MOTION, extras={"fps": "60"}))
        video, _, _ = await it.open("3.3.4", "max_fps=10")
        await video.readexactly(12)
        await packet(video)
        times = [(await packet(video))[0] & (KEY[3] - 1) for _ in range(12)]
        assert (times[-1] - times[0]) / 1e6 >= 10 / 10

    bench.run(client)


def test_a_reader_that_lags_makes_the_encoder_wait(bench: Bench) -> None:
    async def client(it: Client) -> None:
        bench.system.activities.start(Intent(component=MOTION, extras={"fps": "60"}))
        video, _, _ = await it.open("3.3.4", "video_bit_rate=100000000")
        await video.readexactly(12)
        await packet(video)
        await until(lambda: video.full, "what waits to be read reaches its bound")
        await asyncio.sleep(0.5)
        assert video._size < 2 << 20

    bench.run(client)


class TestControl:
    def test_a_tap_goes_where_the_video_shows_it(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            video, _, control = await it.open("4.1", "max_size=640")
            await video.readexactly(4)
            assert await session(video) == (360, 640)
            node = next(
                n for w in bench.system.screen.windows() for n in w.root.walk() if n.text == "Calculator"
            )
            x, y = node.centre
            await control.write(touch(0, x // 2, y // 2, (720, 1280)) + touch(1, x // 2, y // 2, (720, 1280)))
            await control.write(touch(0, x // 2, y // 2, (360, 640)) + touch(1, x // 2, y // 2, (360, 640)))
            front = bench.system.activities
            await until(lambda: front.front.package.name == "com.android.calculator2", "the tap arrives")

        bench.run(client)

    def test_keys_and_text(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            _, _, control = await it.open()
            bench.system.activities.start(Intent("android.intent.action.SENDTO", "smsto:5550103"))
            await until(lambda: bench.system.screen.focus is not None, "the field")
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

    @pytest.mark.parametrize("version", ["3.3.4", "4.1"])
    def test_what_has_no_key_is_left_out_of_a_text_and_complained_of(
        self, bench: Bench, version: str
    ) -> None:
        async def client(it: Client) -> None:
            _, _, control = await it.open(version)
            bench.system.activities.start(Intent("android.intent.action.SENDTO", "smsto:5550103"))
            await until(lambda: bench.system.screen.focus is not None, "the field")
            data = "é日ß🙂!".encode()
            await control.write(b"\1" + struct.pack(">I", len(data)) + data)
            await until(lambda: "u+de42" in it.said, "the complaint of the last")
            assert bench.system.screen.focus.value == "éß!"
            complaints = [line for line in it.said.splitlines() if "Could not inject char" in line]
            assert [line[-6:] for line in complaints] == ["u+65e5", "u+d83d", "u+de42"]

        bench.run(client)

    @pytest.mark.parametrize("version", ["3.3.4", "4.1"])
    def test_any_text_is_pasted_and_acknowledged(self, bench: Bench, version: str) -> None:
        async def client(it: Client) -> None:
            _, answers, control = await it.open(version)
            bench.system.activities.start(Intent("android.intent.action.SENDTO", "smsto:5550103"))
            await until(lambda: bench.system.screen.focus is not None, "the field")
            data = "日本語🙂".encode()
            await control.write(b"\x09" + struct.pack(">QBI", 5, 1, len(data)) + data)
            assert await asyncio.wait_for(answers.readexactly(9), 10) == b"\1" + struct.pack(">Q", 5)
            assert bench.system.screen.focus.value == "日本語🙂"
            await control.write(b"\x09" + struct.pack(">QBI", 0, 1, 1) + b"!")
            await until(
                lambda: bench.system.screen.focus.value.endswith("!"), "the one that asks for no answer"
            )

        bench.run(client)

    def test_a_finger_whose_lifting_was_lost_goes_down_anew(self, bench: Bench) -> None:
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

    def test_the_wheel_scrolls_what_is_under_it(self, bench: Bench) -> None:
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

    def test_a_second_finger_is_not_felt(self, bench: Bench) -> None:
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

    def test_the_clipboard_goes_both_ways(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            _, answers, control = await it.open()
            await control.write(b"\x09" + struct.pack(">QBI", 77, 0, 4) + b"from")
            assert await asyncio.wait_for(answers.readexactly(9), 10) == b"\1" + struct.pack(">Q", 77)
            assert bench.system.clipboard == "from"
            bench.system.clipboard = "back"
            assert await asyncio.wait_for(answers.readexactly(9), 10) == b"\0\0\0\0\4back"

        bench.run(client)

    def test_without_autosync_it_is_told_when_asked_for(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            _, answers, control = await it.open("4.1", "clipboard_autosync=false")
            bench.system.clipboard = "asked"
            await control.write(b"\x08\0")
            assert await asyncio.wait_for(answers.readexactly(10), 10) == b"\0\0\0\0\5asked"

        bench.run(client)

    def test_panels_and_apps(self, bench: Bench) -> None:
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
    def test_what_is_no_message_ends_the_session_and_harms_nobody(self, bench: Bench, bad: bytes) -> None:
        async def client(it: Client) -> None:
            video, _, control = await it.open()
            await control.write(bad)
            assert await it.finished() == 0
            while await asyncio.wait_for(video.read(1 << 16), 10):
                pass
            assert "ERROR" in it.said

        bench.run(client)
        bench.run(lambda it: it.open())

    def test_a_flood_leaves_the_phone_its_turn(self, bench: Bench) -> None:
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


class TestTheEnd:
    def test_it_ends_when_the_client_leaves(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            await it.open()
            for _, writer, _ in it.sockets[:1]:
                writer.close()
            assert await it.finished() == 0

        bench.run(client)

    def test_what_it_changed_is_put_back(self, bench: Bench) -> None:
        settings = bench.system.settings

        async def client(it: Client) -> None:
            await it.open("4.1", "show_touches=true", "stay_awake=true", "power_off_on_close=true")
            assert settings.get("system", "show_touches") == "1"
            assert settings.get("global", "stay_on_while_plugged_in") == "7"

        bench.run(client)
        assert settings.get("system", "show_touches") == "0"
        assert settings.get("global", "stay_on_while_plugged_in") == "0"
        assert not bench.system.display.on

    def test_its_file_is_taken_away_where_it_may_be(self, bench: Bench) -> None:
        files = bench.system.files
        for name in ("kept", "gone"):
            files.write(f"/data/local/tmp/{name}.jar", b"x")

        async def once(it: Client, name: str) -> None:
            words = ["audio=false", "control=false", f"cleanup={'true' if name == 'gone' else 'false'}"]
            it.start("4.1", "scid=abcd", "tunnel_forward=true", *words, jar=f"/data/local/tmp/{name}.jar")
            await it.connect()

        for name in ("kept", "gone"):
            bench.run(lambda it, name=name: once(it, name))
        assert files.exists("/data/local/tmp/kept.jar")
        assert not files.exists("/data/local/tmp/gone.jar")

    def test_who_waits_in_vain_is_turned_away(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            it.start("4.1", "scid=abcd", "tunnel_forward=true", "audio=false", "control=false")
            await until(lambda: SOCKET in bench.system.network, "the server listens")
            made = [await connect(bench.system.network, SOCKET) for _ in range(2)]
            for place in made:
                it.sockets.append(place)
            assert await asyncio.wait_for(made[1][0].read(10), 10) == b""
            with pytest.raises(ConnectionRefusedError):
                await connect(bench.system.network, SOCKET)

        bench.run(client)


class TestWhatCannotBeHad:
    @pytest.mark.parametrize(
        ("version", "words", "reason"),
        [
            ("", [], "Missing client version"),
            ("2.4", [], "The server version (4.1) does not match the client (2.4)"),
            ("4.1", ["video_codec=av1"], "Could not create default video encoder for av1"),
            ("4.1", ["video_source=camera"], "Camera mirroring is not supported"),
            ("4.1", ["display_id=2"], "Display 2 not found"),
            ("4.1", ["video=false", "audio=false", "control=false"], "Nothing to do"),
            ("4.1", ["audio=false"], "Connection refused"),
        ],
    )
    def test_it_is_told(self, bench: Bench, version: str, words: list[str], reason: str) -> None:
        async def client(it: Client) -> None:
            it.start(version, *words)
            assert await it.finished() == 1
            assert f"[server] ERROR: {reason}" in it.said or reason in it.said

        bench.run(client)

    def test_there_is_no_program_without_its_file(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            it.start("4.1", jar="/data/local/tmp/nothing.jar")
            assert await it.finished() == 1
            assert "ClassNotFoundException" in it.said

        bench.run(client)

    def test_a_phone_without_an_encoder_says_what_is_missing(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(
            "execmon_lab.phone.scrcpy.options.find_spec", lambda name: None if name == "av" else find(name)
        )

        async def client(it: Client) -> None:
            it.start("4.1", "scid=abcd", "tunnel_forward=true")
            assert await it.finished() == 1
            assert "PyAV is missing" in it.said

        bench.run(client)

    def test_sound_is_absent_and_the_rest_goes_on(self, bench: Bench) -> None:
        async def client(it: Client) -> None:
            it.start("3.3.4", "scid=abcd", "tunnel_forward=true")
            video, _ = await it.connect()
            audio, _ = await it.connect()
            await it.connect()
            assert await asyncio.wait_for(audio.read(10), 10) == bytes(4)
            await video.readexactly(1 + NAME_LENGTH + 12)
            await packet(video)

        bench.run(client)


def test_it_connects_out_where_the_client_asks_for_that(bench: Bench) -> None:
    taken: list[tuple[Any, Any]] = []

    async def client(it: Client) -> None:
        over = asyncio.Event()

        async def host(reader: Any, writer: Any) -> None:
            pipe = Pipe()
            taken.append((reader, pipe))
            await over.wait()

        bench.system.network[SOCKET] = host
        it.start("4.1", "scid=abcd", "audio=false")
        await until(lambda: len(taken) == 2, "two connections")
        video = taken[0][0]
        name = await asyncio.wait_for(video.readexactly(NAME_LENGTH), 10)
        assert name.startswith(b"Virtual Phone"), "no dummy byte in this direction"
        assert await video.readexactly(4) == b"h264"
        over.set()
        del bench.system.network[SOCKET]
        assert await it.finished() == 0

    bench.run(client)


def test_a_device_without_an_encoder_says_so_when_it_is_asked_for_video(bench: Bench) -> None:
    bench.system.has_encoder = False

    async def client(it: Client) -> None:
        video, _, _ = await it.open("4.1")
        assert await it.finished() == 1
        assert await asyncio.wait_for(video.read(10), 10) == b""
        assert "[server] ERROR: Could not create default video encoder for h264" in it.said

    bench.run(client)


def test_it_lists(bench: Bench) -> None:
    async def client(it: Client) -> None:
        it.start("4.1", *(f"list_{what}=true" for what in ("encoders", "displays", "cameras", "apps")))
        assert await it.finished() == 0
        assert "--video-codec=h264" in it.said
        assert "--display-id=0    (720x1280)" in it.said
        assert "(none)" in it.said
        assert "com.android.settings" in it.said

    bench.run(client)


def test_two_clients_at_once(bench: Bench) -> None:
    async def client(it: Client) -> None:
        await it.open()
        other = Client(bench.system, bench.kernel)
        other.start("4.1", "scid=abcd", "tunnel_forward=true", "audio=false")
        await until(lambda: other.ended or SOCKET in bench.system.network, "the second listens too")
        video, _ = await other.connect()
        await other.connect()
        assert await video.readexactly(1) == b"\0"
        await other.close()

    bench.run(client)


def test_the_moving_screen_tells_its_number_and_time() -> None:
    mark = code.Mark(123_456, code.now())
    rows = code.rows(mark)
    assert len(rows) == 2
    assert {len(row) for row in rows} == {code.CELLS}
