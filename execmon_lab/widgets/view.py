"""The widget: an execution in a cell, alive long after the cell has returned."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import anywidget
import msgspec
import traitlets

from ..hub import Hub
from ..preview import Frame
from ..preview.budget import Budget
from ..protocol import LogEntry, timestamp
from .audience import Stream
from .backlog import Backlog, KeptLog
from .cells import CellWatch
from .commands import (
    AnyCommand,
    Cancel,
    Control,
    Drawn,
    Earlier,
    Forget,
    Hello,
    Key,
    Screenshot,
    Seek,
    Shed,
    Steer,
    Touch,
    Watch,
    read,
)
from .ear import Ear
from .feed import Feed
from .numbers import Sized, StreamNumbers
from .orders import Orders, Steerable
from .output import StaticOutput
from .parcel import Parcel
from .past import Past, RecordedPictures
from .pictures import Pictures, PictureSource
from .pulse import Pulse
from .pump import SHARED
from .static_html import render
from .touches import Manual, Touches
from .video import VideoSource

log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"


class Picture(Protocol):
    """A picture's file, here or elsewhere."""

    def read_bytes(self) -> bytes:
        """Return its content."""


class Screenshots(Protocol):
    """Who has the pictures behind `screenshot_url`."""

    def screenshot(self, name: str, /) -> Picture:
        """Return the one of this address.

        Raises
        ------
        FileNotFoundError
            When there is none.
        """


class ExecutionView(anywidget.AnyWidget):
    """Preview, progress, steps and log of one execution.

    One widget serves any number of views and pages. What passes on the comm is described in
    ``js/src/comm.ts``; nothing of it waits for the page, which a busy kernel may not hear (`Ear`).

    Parameters
    ----------
    execution_id, hub
        The execution, and the hub where its messages pass.
    preview
        Where the devices' pictures come from; without it there are none.
    cancel
        Ends the execution, or raises OSError; without it the view has no such button.
    base_url
        The execution's server, where a page on this machine gets screenshots.
    artifacts
        Where the kernel gets screenshots for pages elsewhere.
    logs
        Gives the log so far, for a view that is made later than its execution, and how many lines are missing
        before it.
    kept_log
        Where lines come from that a page has not; without it there are none.
    manual
        What carries out the touches of a user who has switched control on; without it there is no control.
    budget
        What all pictures together may take.
    recording
        Where the pictures of the past come from; without it there are none.
    steering
        What carries out the orders of a user who steers; without it there are only `cancel`'s.
    kept
        Whether the run was over before, and `preview` has but the last picture of each device.
    video
        Where devices' own video comes from, for pages that can decode it; without it all is JPEG.

    Raises
    ------
    UnknownExecution
        When the hub does not know the execution.
    """

    _esm = _STATIC / "widget.js"
    _css = _STATIC / "widget.css"

    server_url = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    may_cancel = traitlets.Bool().tag(sync=True)
    may_control = traitlets.Bool().tag(sync=True)
    may_seek = traitlets.Bool().tag(sync=True)
    may_load = traitlets.Bool().tag(sync=True)
    may_steer = traitlets.Bool().tag(sync=True)
    kept = traitlets.Bool().tag(sync=True)
    """Whether the run was over before: no picture will follow, and what a device is now is not told."""
    pause_on_failure = traitlets.Bool(None, allow_none=True).tag(sync=True)
    """Whether the execution pauses on a failure, as its run says; None where that cannot be switched."""
    control = traitlets.Bool().tag(sync=True)
    """Whether touches on the picture go to the device; the user's to switch, off at first."""
    again = anywidget.WidgetTrait().tag(sync=True)
    """The view of the execution in which a step runs again since this one has ended; shown below it."""
    saved = traitlets.Dict().tag(sync=True)
    """The final state and the last picture: what a saved notebook shows without a kernel."""

    def __init__(
        self,
        *,
        execution_id: str,
        hub: Hub,
        preview: PictureSource | None = None,
        cancel: Callable[[], object] | None = None,
        base_url: str | None = None,
        artifacts: Screenshots | None = None,
        logs: Callable[[], tuple[Iterable[LogEntry], int]] | None = None,
        kept_log: KeptLog | None = None,
        manual: Manual | None = None,
        budget: Budget | None = None,
        recording: RecordedPictures | None = None,
        steering: Steerable | None = None,
        video: VideoSource | None = None,
        kept: bool = False,
    ) -> None:
        super().__init__(
            server_url=base_url,
            may_cancel=cancel is not None,
            may_control=manual is not None,
            may_seek=recording is not None,
            may_load=kept_log is not None,
            may_steer=steering is not None,
            kept=kept,
        )
        self._end_execution = cancel
        self._artifacts = artifacts
        self._closed = False
        self._cells = CellWatch(self._leave_behind)
        self._ear = Ear(self._cells, lambda: self.comm)
        self._pulse = Pulse()
        self._output = StaticOutput(execution_id)
        self._feed = Feed(execution_id, hub, self._wake, SHARED.clock, logs)
        self._pictures = (
            Pictures(preview, self._wake, SHARED.clock, lambda: self._ear.deaf, budget, video)
            if preview
            else None
        )
        self._touches = Touches(manual, self._send_parcel, self._size, self._has_device) if manual else None
        self._orders = Orders(steering, self._send_parcel, self._show_again) if steering else None
        self.pause_on_failure = self._orders.pause_on_failure if self._orders is not None else None
        self._past = Past(recording, self._send_parcel) if recording else None
        self._backlog = Backlog(kept_log, self._send_parcel) if kept_log else None
        self.on_msg(self._hear)
        SHARED.add(self)

    def flush(self, now: float) -> float | None:
        """Send what is due (`pump.Job`); called by the pump alone."""
        parcels, due = self._feed.collect(now)
        if self._orders is not None and self.pause_on_failure != self._orders.pause_on_failure:
            self.pause_on_failure = self._orders.pause_on_failure  # switched from Python
        dues = [due]
        if self._pictures is not None:
            frames, due = self._pictures.collect(now)
            dues.append(due)
            parcels += frames
        signs, due = self._pulse.collect(now, sent=bool(parcels))
        dues.append(due)
        for parcel in [*parcels, *signs]:
            self._send_parcel(parcel)
        if not self.saved and self._feed.ended and (self._pictures is None or self._pictures.still()):
            self._save()
        return min((due for due in dues if due is not None), default=None)

    def close(self) -> None:
        """End the view's part in the kernel; what pages show stays there. Closing twice is no error."""
        if self.__dict__.get("_closed", True):  # also one that failed to begin
            return
        self._closed = True
        self._cells.close()
        if self._touches is not None:
            self.control = False
            self._touches.close()
        self._feed.close()
        if self._pictures is not None:
            self._pictures.close()
        SHARED.remove(self)
        self._wake(SHARED.clock())
        self._send_parcel(self._pulse.end())

    def numbers(self) -> dict[Stream, StreamNumbers]:
        """Return how each stream of pictures does that a page looks at, by serial and quality."""
        return self._pictures.numbers() if self._pictures is not None else {}

    def limit(self, budget: Budget) -> None:
        """Keep all pictures together to this budget from now on."""
        if self._pictures is not None:
            self._pictures.limit(budget)

    def __repr__(self) -> str:
        return f"ExecutionView({self._feed.snapshot().name!r})"

    def _ipython_display_(self, **_: Any) -> None:
        """Show the widget, and behind it the HTML that remains without a kernel."""
        data, metadata = self._repr_mimebundle_()
        html = data.pop("text/html")
        self._output.show(data, metadata, html)

    def display_part(self, part: object, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Show a part of this view, and behind it the HTML, unless that is shown already."""
        self._output.show(data, metadata, self._static_html(), part)

    def _leave_behind(self, shown: object) -> None:
        """Show the HTML behind a box of ipywidgets with parts of this view: its own output is not ours."""
        if self._is_within(shown):
            self._output.remain(self._static_html(), shown)

    def _is_within(self, box: object) -> bool:
        children = getattr(box, "children", ())
        return isinstance(children, tuple) and any(
            getattr(child, "view", None) is self or self._is_within(child) for child in children
        )

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        self.expect_page()
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        data["text/plain"] = repr(self)
        data["text/html"] = self._static_html()
        return data, metadata

    def _static_html(self) -> str:
        frame = self._pictures.last() if self._pictures is not None else None
        return render(self._feed.snapshot(), frame.jpeg if frame is not None else None)

    def expect_page(self) -> None:
        """Begin before the page can say that it shows the widget: the kernel may be busy."""
        self._feed.herald()
        devices = self._feed.snapshot().devices
        if self._pictures is not None and devices and not self._closed:
            self._pictures.expect((devices[0].device_id, "medium"))

    def _wake(self, due: float) -> None:
        if self._closed:
            self.flush(SHARED.clock())  # without the pump, a page that comes later is answered here
        else:
            SHARED.wake(self, due)

    def _send_parcel(self, parcel: Parcel) -> None:
        self._ear.say(self.send, parcel.content, list(parcel.buffers))

    def _hear(self, _: object, content: Any, buffers: object) -> None:
        """Take a page's command; which thread runs this depends on ipykernel's version."""
        try:
            command = read(content)
        except msgspec.ValidationError as error:
            log.warning("a page sent what is no command: %s", error)
            return
        self._ear.hear()
        self._obey(command)

    def _obey(self, command: AnyCommand) -> None:
        match command:
            case Hello(page=page):
                if not self._closed:
                    self._pulse.begin(SHARED.clock())
                self._feed.greet(page)
                if self._touches is not None:
                    self._touches.tell_code()
                if self._closed:
                    self._send_parcel(self._pulse.end())
            case Watch(page=page, streams=streams) if self._pictures is not None:
                looked_at = [(stream.device_id, stream.quality) for stream in streams]
                decodes = [stream.device_id for stream in streams if "h264" in stream.decodes]
                self._pictures.look(page, looked_at, decodes)
            case Key(device_id=device_id) if self._pictures is not None:
                self._pictures.ask_key(device_id)
            case Drawn(page=page, number=number, seen=seen) if self._pictures is not None:
                self._pictures.drawn(page, number, seen)
            case Cancel(page=page, id=number) if self._end_execution is not None:
                self._cancel(page, number, self._end_execution)
            case Screenshot(url=url):
                self._send_parcel(self._screenshot(url))
            case Seek() if self._past is not None:
                self._past.take(command)
            case Earlier() | Shed() if self._backlog is not None:
                self._backlog.take(command)
            case Steer(page=page, id=number, order=order) if self._orders is not None and not self._closed:
                self._orders.take(page, number, order)
                self.pause_on_failure = self._orders.pause_on_failure
            case Control(on=on) if self.may_control and not self._closed:
                self.control = on
            case Forget() if self._touches is not None:
                self._touches.forget_code()
            case Touch() if self._touches is not None:
                self._touches.take(command, on=self.control)

    def _cancel(self, page: str, number: int, end_execution: Callable[[], object]) -> None:
        refused = None
        try:
            end_execution()
        except (RuntimeError, OSError) as error:
            refused = str(error)
        self._send_parcel(Parcel({"kind": "cancelled", "page": page, "id": number, "refused": refused}))

    def _show_again(self, started: object) -> None:
        view = getattr(started, "view", None)
        if isinstance(view, ExecutionView):
            self.again = view
            view.expect_page()

    def _size(self, device_id: str) -> Sized | None:
        return self._pictures.size(device_id) if self._pictures is not None else None

    def _has_device(self, device_id: str) -> bool:
        return any(device.device_id == device_id for device in self._feed.snapshot().devices)

    def _screenshot(self, url: str) -> Parcel:
        content = {"kind": "screenshot", "url": url, "found": False}
        if self._artifacts is None:
            return Parcel(content)
        try:
            picture = self._artifacts.screenshot(url).read_bytes()
        except FileNotFoundError:
            return Parcel(content)
        return Parcel({**content, "found": True}, (picture,))

    def _save(self) -> None:
        frame = self._pictures.last() if self._pictures is not None else None
        self.saved = {
            "state": msgspec.to_builtins(self._feed.snapshot()),
            "picture": _picture(frame) if frame is not None else None,
        }
        self._output.update(self._static_html())


def _picture(frame: Frame) -> dict[str, Any]:
    return {
        "device_id": frame.device_id,
        "quality": frame.quality,
        "width": frame.width,
        "height": frame.height,
        "timestamp": timestamp(frame.timestamp),
        "number": 0,
        "jpeg": frame.jpeg,
    }
