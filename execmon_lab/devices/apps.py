"""The commands of a session that install, start and stop apps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .errors import AdbError
from .files import TRANSFER_TIMEOUT, Files

Extra = str | int | bool


class Apps(Files):
    """Installs, starts and stops apps."""

    def install(self, apk: str | Path, timeout: float = TRANSFER_TIMEOUT) -> None:
        """Install an app from a local ``.apk``, replacing an older one and keeping its data.

        Raises
        ------
        AdbError
            With the package manager's reason.
        """
        remote = f"/data/local/tmp/{Path(apk).name}"
        self.push(apk, remote, timeout=timeout)
        try:
            answer = self.shell(["pm", "install", "-r", remote], timeout=timeout)
            if "Success" not in answer:
                raise AdbError(f"adb install {apk}", None, answer)
        finally:
            self.shell(["rm", "-f", remote])

    def start(
        self,
        intent: str | None = None,
        *,
        package: str | None = None,
        component: str | None = None,
        data: str | None = None,
        extras: Mapping[str, Extra] | None = None,
    ) -> None:
        """Start an activity.

        Parameters
        ----------
        intent
            An action, for example ``android.intent.action.DIAL``.
        package
            The app to start or to restrict the action to; alone it starts the app as the launcher does.
        component
            An activity by name, ``com.example/.Main``.
        data
            The action's URI, for example ``tel:5550100``.
        extras
            More values: a str, an int or a bool each.

        Raises
        ------
        AdbError
            When no activity answers to it.
        ValueError
            When nothing is named.
        """
        if not (intent or package or component or data):
            raise ValueError("name what to start: an intent, a package, a component or data")
        words = ["am", "start"]
        if package and not (intent or component or data):
            words += ["-a", "android.intent.action.MAIN", "-c", "android.intent.category.LAUNCHER"]
        for flag, value in (("-a", intent), ("-d", data), ("-n", component), ("-p", package)):
            if value:
                words += [flag, value]
        for name, extra in (extras or {}).items():
            words += _extra(name, extra)
        answer = self.run(words)
        said = (answer.stdout + answer.stderr).decode(errors="replace")
        # am has ended in 0 after an error on many versions of Android.
        if answer.exit_code or re.search(r"^(Error|Exception)", said, re.M):
            raise AdbError(" ".join(words), answer.exit_code, said)

    def stop(self, package: str) -> None:
        """Stop an app (``am force-stop``); one that does not run stays so."""
        self.shell(["am", "force-stop", package])


def _extra(name: str, value: Extra) -> list[str]:
    if isinstance(value, bool):
        return ["--ez", name, "true" if value else "false"]
    if isinstance(value, int):
        return ["--ei", name, str(value)]
    return ["--es", name, value]
