"""The lessons that come along: notebooks that run without a phone, copied for their reader."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).parent
_HOMES = (_HERE / "lessons", _HERE.parent / "notebooks")
"""In an installed wheel, and in a checkout."""


class NoJupyterLab(ImportError):
    """JupyterLab is an optional part, and is not installed."""

    def __init__(self) -> None:
        super().__init__("JupyterLab is not installed: pip install 'execmon-lab[lab]'")


def lessons() -> list[Path]:
    """Return the notebooks' files, sorted by name.

    Raises
    ------
    FileNotFoundError
        When this installation has none.
    """
    for home in _HOMES:
        found = sorted(home.glob("*.ipynb"))
        if found:
            return found
    raise FileNotFoundError("this installation of execmon_lab came without its notebooks: install it again")


def copy(folder: Path) -> list[Path]:
    """Copy the notebooks into a folder; those that are there already stay as their reader left them.

    Parameters
    ----------
    folder
        It is made where it does not exist.

    Returns
    -------
    list of Path
        Those that were copied now.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh = [lesson for lesson in lessons() if not (folder / lesson.name).exists()]
    return [Path(shutil.copy(lesson, folder)) for lesson in fresh]


def command(python: str, folder: Path, options: list[str]) -> list[str]:
    """Return the command that opens JupyterLab on the notebooks of a folder.

    Parameters
    ----------
    python
        The interpreter that has JupyterLab.
    folder
        Where the notebooks are.
    options
        Passed on to JupyterLab.

    Raises
    ------
    NoJupyterLab
        When it is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise NoJupyterLab
    flags = [f"--ServerApp.root_dir={folder}", "--LabApp.default_url=/lab/tree/quickstart.ipynb"]
    return [python, "-m", "jupyterlab", *flags, *options]


def environment(present: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for `command`: it keeps Jupyter's news from being asked about first of all."""
    paths = [str(_HERE / "jupyter"), present.get("JUPYTER_CONFIG_PATH", "")]
    return {**present, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
