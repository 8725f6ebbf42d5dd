"""One run of scrcpy's server: the sockets, the video, the control, and the end of them all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from execmon_lab.phone.scrcpy import framing
from execmon_lab.phone.scrcpy.control import Controller
from execmon_lab.phone.scrcpy.framing import Framing
from execmon_lab.phone.scrcpy.listing import listing
from execmon_lab.phone.scrcpy.messages import ControlError
from execmon_lab.phone.scrcpy.options import LEVELS, OptionError, Options, available, parse
from execmon_lab.phone.shell.process import Process
from execmon_lab.phone.sockets import Listener, SocketWriter, connect

if TYPE_CHECKING:
    from execmon_lab.phone.scrcpy.encoder import Encoder

FASTEST = 60.0
START_SECONDS = 0.4
"""Before the video, as a phone's encoder takes: the recorder of scrcpy's client opens its file meanwhile, and
crashes when the header comes first (3.3.4, ``sc_recorder_video_packet_sink_open``)."""

POLL_SECONDS = 1 / 100
"""Between looks at a screen that stands still."""

NO_ENCODER = "Could not create default video encoder for"
MISSING = "this phone has no video encoder: PyAV is missing where it runs (pip install av)"


class ServerError(Exception):
    """The server cannot go on; the text says why, as its user reads it."""


class Socket:
    """A connection with the client, however it came about."""

    def __init__(self, reader: Any, writer: SocketWriter, close: Callable[[], Awaitable[None]]) -> None:
        self.reader = reader
        self.writer = writer
        self.close = close

    async def send(self, data: bytes) -> None:
        """Send `data`; `BrokenPipeError` when the client has gone."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client has gone; what it says before is of no interest."""
        while await self.reader.read(4096):
            pass


async def run(process: Process, words: list[str]) -> int:
    """Be ``com.genymobile.scrcpy.Server`` with the words after its name; returns the exit status."""
    try:
        options = parse(words)
    except OptionError as error:
        return await process.fail(f"[server] ERROR: {error}")
    server = Server(process, options)
    try:
        await server.run()
    except (ServerError, ControlError) as error:
        server.complain(error)
        return 1 if isinstance(error, ServerError) else 0
    finally:
        await server.flush()
    return 0


class Server:
    """The server's run for one client."""

    def __init__(self, process: Process, options: Options) -> None:
        self._process = process
        self._system = process.system
        self._options = options
        self._said: list[tuple[bool, str]] = []
        self._complained: Exception | None = None
        self._reset = False
        self._encoder: Encoder | None = None

    def say(self, level: str, text: str) -> None:
        """Write a line to the server's log, if the client wants to know so much."""
        if LEVELS.index(level) >= LEVELS.index(self._options.log_level):
            self._said.append((level in ("warn", "error"), f"[server] {level.upper()}: {text}"))

    def complain(self, error: Exception) -> None:
        """Write an error to the log, once."""
        if error is not self._complained:
            self._complained = error
            self.say("error", str(error))

    async def flush(self) -> None:
        """Hand the log to who reads it."""
        said, self._said = self._said, []
        with contextlib.suppress(BrokenPipeError):
            for is_error, line in said:
                await (self._process.fail(line) if is_error else self._process.print(line))

    async def run(self) -> None:
        """Serve until the client leaves.

        Raises
        ------
        ServerError
            When what the client asked for cannot be had.
        ControlError
            When it sent what is no control message.
        """
        options, system = self._options, self._system
        for key in options.unknown:
            self.say("warn", f"Unknown server option: {key}")
        self.say("info", f"Device: [Execmon] execmon {self._name} (Android 14)")
        if options.lists:
            for text in listing(options, system):
                self.say("info", text)
            return
        self._check()
        await self.flush()
        with self._settings():
            async with self._sockets() as sockets:
                if options.send_device_meta and sockets:
                    await next(iter(sockets.values())).send(framing.device_name(self._name))
                await self._serve(sockets)

    @property
    def _name(self) -> str:
        return self._system.properties.get("ro.product.model")

    def _check(self) -> None:
        options = self._options
        if not (options.video or options.audio or options.control):
            raise ServerError("Nothing to do: video, audio and control are all off")
        if not options.video:
            return
        if options.video_source != "display":
            raise ServerError("Camera mirroring is not supported: this phone has no camera")
        if options.display_id != 0:
            raise ServerError(
                f"Display {options.display_id} not found\nList of displays:\n    --display-id=0"
            )
        if options.video_codec != "h264":
            raise ServerError(f"{NO_ENCODER} {options.video_codec}")
        if not available():
            raise ServerError(MISSING)

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        """Change the phone's settings as the client wants, and put them back."""
        options, settings = self._options, self._system.settings
        changed = {}
        if options.show_touches:
            changed["system", "show_touches"] = "1"
        if options.stay_awake:
            changed["global", "stay_on_while_plugged_in"] = "7"
        before = {place: settings.get(*place) for place in changed}
        for place, value in changed.items():
            settings.put(*place, value)
        if options.cleanup:
            jar = self._process.env.get("CLASSPATH", "").split(":")[0]
            with contextlib.suppress(OSError):  # as scrcpy does: the file is not needed any more
                self._process.files.remove(self._process.path(jar))
        if options.control and options.power_on:
            self._system.display.power(True)
        try:
            yield
        finally:
            if options.cleanup:
                for place, old in before.items():
                    settings.put(*place, old or "0")
            if options.power_off_on_close:
                self._system.display.power(False)

    # The sockets

    @contextlib.asynccontextmanager
    async def _sockets(self) -> AsyncIterator[dict[str, Socket]]:
        """Meet the client on as many sockets as it asked for, in scrcpy's order."""
        options = self._options
        names = [name for name in ("video", "audio", "control") if getattr(options, name)]
        async with contextlib.AsyncExitStack() as stack:
            found: dict[str, Socket] = {}
            connecting = contextlib.nullcontext(self._connect)
            with self._listening() if options.tunnel_forward else connecting as meet:
                for name in names:
                    found[name] = await meet()
                    stack.push_async_callback(found[name].close)
                    if options.tunnel_forward and options.send_dummy_byte and len(found) == 1:
                        await found[name].send(b"\0")
            yield found

    @contextlib.contextmanager
    def _listening(self) -> Iterator[Callable[[], Awaitable[Socket]]]:
        """Listen until all sockets are there; who comes after that is refused."""
        network: dict[str, Any] = self._system.network
        name = self._options.socket_name
        if name in network:
            raise ServerError("java.io.IOException: Address already in use")
        listener = Listener()
        network[name] = listener

        async def accept() -> Socket:
            reader, writer, done = await listener.accept()

            async def close() -> None:
                done.set()

            return Socket(reader, writer, close)

        try:
            yield accept
        finally:
            if network.get(name) is listener:
                del network[name]
            listener.close()

    async def _connect(self) -> Socket:
        try:
            reader, pipe, task = await connect(self._system.network, self._options.socket_name)
        except ConnectionRefusedError as error:
            raise ServerError(f"java.io.IOException: {error.strerror}") from None

        async def close() -> None:
            pipe.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        return Socket(reader, SocketWriter(pipe), close)

    # What runs while the client is there

    async def _serve(self, sockets: dict[str, Socket]) -> None:
        """Run all parts until one of them ends, which ends the others."""
        work: list[asyncio.Task[None]] = []
        if "video" in sockets:
            video = sockets["video"]
            work += [asyncio.create_task(part) for part in (self._video(video), video.gone())]
        if "audio" in sockets:
            await sockets["audio"].send(framing.DISABLED)
        if "control" in sockets:
            work += self._control(sockets["control"])
        elif "video" not in sockets:
            work.append(asyncio.create_task(sockets["audio"].gone()))
        work.append(asyncio.create_task(self._log()))
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                with contextlib.suppress(BrokenPipeError):
                    task.result()
        except (ServerError, ControlError) as error:
            self.complain(error)
            await self.flush()  # before the sockets end, so that a client that sees their end knows why
            raise
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _log(self) -> None:
        while True:
            await self.flush()
            await asyncio.sleep(0.1)

    def _control(self, socket: Socket) -> list[asyncio.Task[None]]:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        controller = Controller(
            self._system,
            self._options,
            video_size=lambda: self._encoder.size if self._encoder is not None else None,
            reset_video=self._ask_reset,
            say=self.say,
            answer=answers.put_nowait,
        )

        async def answering() -> None:
            while True:
                await socket.send(await answers.get())

        async def watching() -> None:
            await controller.watch_clipboard()
            await asyncio.Event().wait()

        return [
            asyncio.create_task(part) for part in (controller.run(socket.reader), answering(), watching())
        ]

    def _ask_reset(self) -> None:
        self._reset = True

    async def _video(self, socket: Socket) -> None:
        """Send the screen: a packet for each picture that differs, no more of them than the client wants."""
        from execmon_lab.phone.scrcpy.encoder import Encoder  # needs PyAV, an optional part

        options, system = self._options, self._system
        if not system.has_encoder:
            raise ServerError(f"{NO_ENCODER} {options.video_codec}\nList of video encoders:\n    (none)")
        frames = Framing(options)
        fps = min(options.max_fps or FASTEST, FASTEST)
        shown, due = 0, 0.0
        await asyncio.sleep(START_SECONDS)
        while True:
            frame = system.frame()
            size = options.scaled((frame.width, frame.height))
            encoder = self._encoder
            if encoder is None or encoder.size != size or self._reset:
                self._reset, shown = False, 0
                encoder = await asyncio.to_thread(
                    Encoder, size, options.video_bit_rate, fps, options.video_codec_options
                )
                self._encoder = encoder
                await socket.send(frames.session(size) + frames.packet(encoder.config))
            if frame.version == shown:
                await asyncio.sleep(POLL_SECONDS)
                continue
            shown = frame.version
            # A late picture is made up for by the next; of more than that, the pictures are left out.
            due = max(due, time.monotonic() - 1 / fps) + 1 / fps
            for packet in await asyncio.to_thread(encoder.encode, frame, time.monotonic_ns() // 1000):
                await socket.send(frames.packet(packet))
            await asyncio.sleep(max(0.0, due - time.monotonic()))
