"""What bench_notebook runs in the kernel: a phone whose screen moves, shown in each of the ways compared."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import Any

import av
from av.codec.context import Flags
from jupyter_rfb import RemoteFrameBuffer

import execmon_lab as em
from execmon_lab.devices import SessionClosed
from execmon_lab.preview import PreviewService, ScrcpySource, Wanted
from execmon_lab.preview.budget import Budget
from execmon_lab.preview.encode import PRESETS
from execmon_lab.protocol import Quality
from execmon_lab.widgets import ExecutionView
from execmon_lab.widgets.parcel import Parcel
from execmon_lab.widgets.video import VideoLine
from tests.benchmarks.replaying_phones import replaying

MOTION = "am start -n com.execmon.motion/.MotionActivity --ei fps {fps}"


@em.module(timeout=60)
def still_module(ctx: Any) -> None:
    """Give the views a run to show; it is never started."""


class Bench:
    """Phones whose screens move, and the ways to show one.

    Parameters
    ----------
    size
        The screens', in pixels.
    fps
        Frames a second that they draw.
    quality
        At which a JPEG is as large as the screen.
    phones
        How many.
    replayed
        Whether they send what was encoded before: then they keep any pace, and their pictures tell no time.

    Attributes
    ----------
    processes : dict
        The process ids of the kernel's side.
    """

    def __init__(
        self, size: tuple[int, int], fps: int, quality: Quality, phones: int = 1, *, replayed: bool = False
    ) -> None:
        self._stack = contextlib.ExitStack()
        if replayed:
            server, serials = self._stack.enter_context(replaying(phones, size, fps))
            os.environ["ANDROID_ADB_SERVER_PORT"] = str(server.port)
            self.lab = self._stack.enter_context(em.Lab(serials))
        else:
            self.lab = self._stack.enter_context(em.Lab(size=size, phones=phones))
            server = self.lab.pool.server
        self.processes = {"kernel": os.getpid(), "adb": server.pid}
        self.quality = quality
        for serial in self.lab.serials:
            self.lab.pool.get(serial).session().shell(MOTION.format(fps=fps))
        # The same source for all ways: scrcpy's video, at the rate of the screen.
        self._wanted = Wanted(max_fps=fps)
        self.previews = PreviewService(
            self.lab.pool, fps=15, source=lambda device: ScrcpySource(device, self._wanted)
        )
        self.run = self.lab.prepare(em.Plan([still_module], name="beside"))

    def jpeg(self) -> ExecutionView:
        """Decoded in the kernel, and sent as JPEG."""
        return self._view()

    def video(self) -> ExecutionView:
        """Passed straight through."""
        return self._view(video=self.previews)

    def _view(self, **how: Any) -> ExecutionView:
        view = ExecutionView(
            execution_id=self.run.execution_id,
            hub=self.lab.hub,
            preview=self.previews,
            budget=Budget(None) if len(self.lab.serials) == 1 else self.run.preview.budget,
            **how,
        )
        self.run.__dict__["view"] = view
        return view

    def rfb(self, width: float, height: float) -> Screen:
        """Decoded in the kernel, made a JPEG by jupyter_rfb; as good as ours, and as large on the page."""
        source = ScrcpySource(self.lab.pool.get(self.lab.serials[0]), self._wanted)
        return Screen(
            source,
            quality=PRESETS[self.quality].jpeg_quality,
            css_width=f"{width:.0f}px",
            css_height=f"{height:.0f}px",
            resizable=False,
        )

    def stand_still(self) -> None:
        """Have every screen show what does not move."""
        for serial in self.lab.serials:
            session = self.lab.pool.get(serial).session()
            session.start(package="com.android.settings")
            session.wait_for("About phone")

    def spoil(self) -> None:
        """Have one packet of the video be garbage behind its first bytes, as the pages get it."""
        send = VideoLine.send

        def spoiled(line: VideoLine, now: float, number: int) -> Parcel:
            parcel = send(line, now, number)
            if parcel.content["key"]:
                return parcel
            VideoLine.send = send  # type: ignore[method-assign]
            return Parcel(parcel.content, (parcel.buffers[0][:12] + bytes(range(256)) * 8,))

        VideoLine.send = spoiled  # type: ignore[method-assign]

    @property
    def sent(self) -> float:
        """Packets a second that the first phone sends, while they are passed through."""
        return sum(stats.packets_per_second for stats in self.previews.stats().values())

    def close(self) -> None:
        """End it all."""
        self.previews.close()
        self._stack.close()


class Screen(RemoteFrameBuffer):  # type: ignore[misc]
    """A screen by jupyter_rfb: each picture is decoded the moment it comes, and drawn as soon as may be."""

    def __init__(self, source: ScrcpySource, **traits: Any) -> None:
        super().__init__(**traits)
        self._source = source
        self._loop = asyncio.get_running_loop()
        self._array: Any = None

    def begin(self) -> None:
        """Decode from now on."""
        threading.Thread(target=self._decode, daemon=True).start()

    def end(self) -> None:
        """Decode no more; it does not begin again."""
        self._source.close()

    def get_frame(self) -> Any:
        """Return the newest picture, as jupyter_rfb asks for it."""
        return self._array

    def _decode(self) -> None:
        context = av.CodecContext.create("h264", "r")
        context.thread_count = 1
        context.flags |= Flags.low_delay
        self._source.tap(True)
        self._source.refresh()
        try:
            while True:
                for packet in self._source.packets(0.25, decode=False):
                    for frame in context.decode(av.Packet(packet.data)):
                        self._array = frame.to_ndarray(format="rgb24")
                        self._loop.call_soon_threadsafe(self.request_draw)
        except SessionClosed:
            return
