"""`execmon-lab lab`: the notebooks, copied for their reader and opened in JupyterLab."""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from execmon_lab import notebooks
from tests.processes import DEADLINE, Child, run

LAB = [sys.executable, "-m", "execmon_lab", "lab"]


def test_a_copy_never_overwrites_what_its_reader_changed(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    first = notebooks.copy(folder)
    assert {path.name for path in first} == {path.name for path in notebooks.lessons()}
    changed, gone = first[0], first[1]
    changed.write_text("mine")
    gone.unlink()
    assert notebooks.copy(folder) == [gone]
    assert changed.read_text() == "mine"


def test_without_jupyterlab_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(notebooks, "find_spec", lambda name: None)
    with pytest.raises(notebooks.NoJupyterLab, match=r"pip install 'execmon-lab\[lab\]'"):
        notebooks.command(sys.executable, tmp_path, [])


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    ended = run([*LAB, "--folder", blocked])
    assert (ended.status, "file" in ended.err) == (2, True), ended.err


def test_it_opens_jupyterlab_on_the_quickstart(tmp_path: Path) -> None:
    folder = tmp_path / "lessons"
    home = {
        name: str(tmp_path / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=secret"]
    with Child([*LAB, "--folder", folder, *options], env=home) as process:
        address = _address(process)
        assert "/lab/tree/quickstart.ipynb?" in address
        served = json.loads(_get(f"{address.split('/lab')[0]}/api/contents?token=secret"))
        assert {file["name"] for file in served["content"]} == {path.name for path in notebooks.lessons()}
        page = _get(f"{address.split('?')[0]}?token=secret").decode()
        assert '"disabledExtensions": ["@jupyterlab/apputils-extension:announcements"]' in page, "no news"
        process.terminate()
        process.wait(DEADLINE)


def _address(jupyter: Child) -> str:
    """Wait for the address that JupyterLab tells."""
    deadline = time.monotonic() + DEADLINE
    while not (found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*\n", jupyter.complaints())):
        assert jupyter.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it told no address"
        time.sleep(0.05)
    return found[0].strip()


def _get(url: str) -> bytes:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
