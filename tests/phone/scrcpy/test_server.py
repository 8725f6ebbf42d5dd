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

from .conftest import NAME_LENGTH, SOCKET, Bench, Client, session, until

CONFIG = {3: 1 << 63, 4: 1 << 62}
KEY = {3: 1 << 62, 4: 1 << 61}
MOTION = ("com.execmon.motion", "com.execmon.motion.MotionActivity")


async def packet(video: Any) -> tuple[int, bytes]:
    head, length = struct.unpack(">QI", await asyncio.wait_for(video.readexactly(12), 10))
    return head, await video.readexactly(length)


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
