"""The activity manager: tasks, the activity in front, and the ways from one to the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from execmon_lab.phone.state.core import Core
from execmon_lab.phone.state.intents import HOME, LAUNCHER, MAIN, NEW_TASK, Intent, short_component
from execmon_lab.phone.state.packages import Activity, Package, Packages
from execmon_lab.phone.state.processes import ProcessTable

STARTED, DELIVERED, BROUGHT_TO_FRONT = "started", "delivered", "brought"
_SINGLE = ("launcher", "dialer", "call", "messages", "browser", "settings", "calculator", "contacts", "clock")


@dataclass
class Record:
    """An activity that lives; `view` is what the screen keeps of it."""

    package: Package
    activity: Activity
    intent: Intent
    token: int
    pid: int
    started: float = field(default_factory=time.time)
    view: Any = None

    @property
    def component(self) -> str:
        """`package/.Class` in short."""
        return short_component(self.package.name, self.activity.name)

    @property
    def full_component(self) -> str:
        """`package/full.Class`, as the window manager prints it."""
        return f"{self.package.name}/{self.activity.name}"


@dataclass
class Task:
    """A stack of activities, the last one on top."""

    identifier: int
    affinity: str
    records: list[Record]

    @property
    def top(self) -> Record:
        """The activity on top."""
        return self.records[-1]


@dataclass(frozen=True)
class Start:
    """How a start went: the record in front; STARTED, DELIVERED or BROUGHT_TO_FRONT; COLD, WARM or HOT."""

    record: Record
    result: str
    launch: str
    milliseconds: int


class UnresolvedError(LookupError):
    """No activity answers the intent."""


class Activities:
    """Tasks from the back to the front; the home task always exists."""

    def __init__(self, core: Core, packages: Packages, processes: ProcessTable) -> None:
        self._core = core
        self._packages = packages
        self._processes = processes
        self._pids: dict[str, int] = {}
        self._token = 0x1A2B3C0
        self._task_count = 0
        self.tasks: list[Task] = []
        self.on_start: Callable[[Record], object] = lambda record: None  # an activity begins: make its screen
        self.reset()

    def reset(self) -> None:
        """Start over with the launcher, as after a boot."""
        self._pids.clear()
        self.tasks.clear()
        for name in ("com.android.systemui", "com.android.phone", "com.android.inputmethod.latin"):
            self.process(name)
        self.home()

    @property
    def front(self) -> Record:
        """The activity that has the focus."""
        return self.tasks[-1].top

    @property
    def records(self) -> list[Record]:
        """All activities from the front to the back."""
        return [record for task in reversed(self.tasks) for record in reversed(task.records)]

    def process(self, name: str) -> int:
        """Return the pid of a package's process, starting it where needed."""
        if name not in self._pids:
            package = self._packages.get(name)
            uid = package.uid if package else 1000

            def gone(_signal: int) -> None:
                self._pids.pop(name, None)
                self._drop(name)

            self._pids[name] = self._processes.spawn(name, uid, ppid=301, on_kill=gone)
            self._core.log.write(
                "I", "ActivityManager", f"Start proc {self._pids[name]}:{name}/u0a{uid} for activity"
            )
        return self._pids[name]

    def pid(self, name: str) -> int | None:
        """Return the pid of a package's process, if it runs."""
        return self._pids.get(name)

    @property
    def running(self) -> dict[str, int]:
        """Pids of the running packages."""
        return dict(self._pids)

    def start(self, intent: Intent) -> Start:
        """Start what an intent asks for, or bring it to the front.

        Raises
        ------
        UnresolvedError
            No activity answers.
        """
        found = self._packages.resolve(intent)
        if found is None:
            raise UnresolvedError(str(intent))
        package, activity = found
        cold = package.name not in self._pids
        package.stopped = False
        self.process(package.name)
        self._core.log.write(
            "I", "ActivityTaskManager", f"START u0 {{{str(intent)[8:-2]}}} with LAUNCH_MULTIPLE"
        )
        task = next((task for task in self.tasks if task.affinity == self._affinity(package, activity)), None)
        plain = intent.action in ("", MAIN) and not intent.data
        if task is not None:
            at_front = self.tasks[-1] is task
            same = next((record for record in task.records if record.activity is activity), None)
            self.tasks.remove(task)
            self.tasks.append(task)
            resumes = plain and LAUNCHER in intent.categories  # the icon resumes whatever was on top
            if same is not None and not resumes and (plain or activity.screen in _SINGLE):
                del task.records[task.records.index(same) + 1 :]
                if not plain:
                    same.intent = intent
                    if same.view is not None:
                        same.view.new_intent(intent)
                return self._done(task.top, DELIVERED if at_front else BROUGHT_TO_FRONT, "HOT")
            if resumes:
                return self._done(task.top, DELIVERED if at_front else BROUGHT_TO_FRONT, "HOT")
        record = self._record(package, activity, intent)
        if task is None:
            self._task_count += 1
            self.tasks.append(Task(self._task_count, self._affinity(package, activity), [record]))
        else:
            task.records.append(record)
        return self._done(record, STARTED, "COLD" if cold else "WARM")

    def home(self) -> None:
        """Show the launcher."""
        self.start(Intent(MAIN, categories=[HOME], flags=NEW_TASK))

    def bring(self, task: Task) -> None:
        """Bring a task to the front."""
        self.tasks.remove(task)
        self.tasks.append(task)
        self._done(task.top, BROUGHT_TO_FRONT, "HOT")

    def finish(self, record: Record) -> None:
        """End an activity; what was below shows."""
        for task in self.tasks:
            if record in task.records:
                task.records.remove(record)
        self._settle()

    def force_stop(self, name: str) -> None:
        """End a package: its process, its activities, its tasks."""
        package = self._packages.get(name)
        if package is None:
            return
        package.stopped = True
        self._core.log.write(
            "I", "ActivityManager", f"Force stopping {name} appid={package.uid} user=0: from pid 412"
        )
        self.kill(name)

    def crash(self, name: str) -> None:
        """Have a package's process throw what nobody catches: it tells the log, and ends."""
        pid = self._pids.get(name)
        if pid is None:
            return
        thrown = (
            f"FATAL EXCEPTION: main\nProcess: {name}, PID: {pid}\n"
            "android.app.RemoteServiceException$CrashedByAdbException: shell-induced crash\n"
            "\tat android.app.ActivityThread.throwRemoteServiceException(ActivityThread.java:2012)\n"
            "\tat android.os.Handler.dispatchMessage(Handler.java:106)\n"
            "\tat android.app.ActivityThread.main(ActivityThread.java:8177)"
        )
        self._core.log.write("E", "AndroidRuntime", thrown, buffer="crash", pid=pid)
        front = self.front.component
        self._core.log.write(
            "W", "ActivityTaskManager", f"  Force finishing activity {front}", buffer="system"
        )
        self._core.log.write("I", "Process", f"Sending signal. PID: {pid} SIG: 9", pid=pid)
        self.kill(name)

    def kill(self, name: str) -> None:
        """End a package's process and with it its activities."""
        pid = self._pids.get(name)
        if pid is not None:
            self._processes.kill(pid)

    def _affinity(self, package: Package, activity: Activity) -> str:
        return f"{package.name}.incall" if activity.screen == "call" else package.name

    def _record(self, package: Package, activity: Activity, intent: Intent) -> Record:
        self._token += 0x1F31
        return Record(package, activity, intent, self._token, self._pids[package.name])

    def _drop(self, name: str) -> None:
        for task in self.tasks:
            task.records = [record for record in task.records if record.package.name != name]
        self._settle()

    def _settle(self) -> None:
        """Drop empty tasks; show home where nothing is left."""
        self.tasks = [task for task in self.tasks if task.records]
        if not self.tasks:
            self.home()
        self._core.changed()

    def _done(self, record: Record, result: str, launch: str) -> Start:
        cost = {"COLD": 312, "WARM": 118, "HOT": 24}[launch]
        if result == STARTED:
            self._core.log.write(
                "I", "ActivityTaskManager", f"Displayed {record.component} for user 0: +{cost}ms"
            )
            self.on_start(record)
        self._core.changed()
        return Start(record, result, launch, cost)
