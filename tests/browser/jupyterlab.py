"""A real JupyterLab with folders of its own, and a real Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from .notebook import JupyterServer
from .serving import Missing, free_port, served

ROOT = Path(__file__).parents[2]
WIDGET = ROOT / "execmon_lab/widgets/static/widget.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SERVER_FLAGS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--JupyterNotebookApp.expose_app_in_browser=True",
]
SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false"},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}


@contextlib.contextmanager
def jupyter_server(home: Path) -> Iterator[JupyterServer]:
    """Run JupyterLab with all its folders in `home`.

    Raises
    ------
    Missing
        When the widget has not been built, or the server does not come up.
    """
    if not WIDGET.exists():
        raise Missing(f"{WIDGET} is not built: run `make build`")
    notebooks = home / "notebooks"
    shutil.copytree(ROOT / "notebooks", notebooks, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    port, token = free_port(), secrets.token_hex(16)
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "XDG_DATA_HOME": home / "xdg",
    }
    for name, setting in SETTINGS.items():
        path = folders["JUPYTERLAB_SETTINGS_DIR"] / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(setting))
    own = [
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={notebooks}",
        f"--IdentityProvider.token={token}",
    ]
    command = [sys.executable, "-m", "jupyterlab", *SERVER_FLAGS, *own]
    url = f"http://127.0.0.1:{port}"
    up = f"{url}/api/status?token={token}"
    with served(command, up, home / "server.log", folders, JUPYTER_PREFER_ENV_PATH="1") as pid:
        yield JupyterServer(url, token, notebooks, pid)


def launch_chromium(playwright: Playwright) -> Browser:
    """Start the distribution's Chromium.

    Raises
    ------
    Missing
        When it is not installed.
    """
    if not Path(CHROMIUM).exists():
        raise Missing(
            f"the browser tests need Chromium at {CHROMIUM}: apt-get install chromium "
            "(or set CHROMIUM to where it is)"
        )
    return playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
