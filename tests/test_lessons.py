"""`execmon-lab lab`: the notebooks, copied for their reader and opened in JupyterLab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from execmon_lab import notebooks

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
    ended = subprocess.run([*LAB, "--folder", blocked], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "file" in ended.stderr


def test_it_opens_jupyterlab_on_the_quickstart(tmp_path: Path) -> None:
    folder = tmp_path / "lessons"
    home = {
        name: str(tmp_path / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=secret"]
    process = subprocess.Popen(
        [*LAB, "--folder", folder, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **home},
    )
    assert process.stdout is not None
    try:
        address = next(
            found[0]
            for line in process.stdout
            if (found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*", line))
        )
        assert "/lab/tree/quickstart.ipynb?" in address
        served = json.loads(_get(f"{address.split('/lab')[0]}/api/contents?token=secret"))
        assert {file["name"] for file in served["content"]} == {path.name for path in notebooks.lessons()}
        page = _get(f"{address.split('?')[0]}?token=secret").decode()
        assert '"disabledExtensions": ["@jupyterlab/apputils-extension:announcements"]' in page, "no news"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _get(url: str) -> bytes:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
