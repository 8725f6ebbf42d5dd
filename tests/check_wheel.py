"""Install a wheel, alone, into a fresh environment without Node, and use its widget there.

Usage: python tests/check_wheel.py dist/execmon_lab-*.whl
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

USE = """
from importlib import resources

import execmon_lab as em
from execmon_lab import notebooks
from execmon_lab.widgets import ExecutionView

assert "site-packages" in em.__file__, em.__file__
assert [lesson.parent.name for lesson in notebooks.lessons()].count("lessons") >= 3, notebooks.lessons()
for file in ("widgets/static/widget.js", "widgets/static/widget.css", "widgets/static/part.js",
             "server/static/page.js", "server/static/page.css", "server/static/page.pattern.js",
             "server/static/favicon.svg"):
    built = resources.files("execmon_lab").joinpath(file)
    assert built.is_file() and built.stat().st_size > 100, f"{file} is missing, or empty"
assert "render" in str(ExecutionView._esm)

@em.module
def opens_the_launcher(ctx):
    ctx.device.home()

with em.Lab() as lab:
    run = lab.start(em.Plan([opens_the_launcher]))
    state = run.wait(60)
    assert state.status == "completed", state
    bundle = run._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle[0] if isinstance(bundle, tuple) else bundle
print("the wheel works:", em.__version__)
"""


def main(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, "env")
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wheel.resolve()], check=True)
        # No PATH: neither Node nor an adb of the machine's own can be found.
        bare = {"PATH": str(environment / "bin"), "HOME": folder, "LANG": os.environ.get("LANG", "C.UTF-8")}
        subprocess.run([python, "-W", "error::ResourceWarning", "-c", USE], check=True, cwd=folder, env=bare)
        subprocess.run([environment / "bin" / "execmon-lab", "--version"], check=True, cwd=folder, env=bare)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
