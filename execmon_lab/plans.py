"""Where the command line's plans come from: the demo, a Python file, a package."""

import importlib
import runpy
import sys
import traceback
from pathlib import Path

from .engine import Plan


class PlanError(ValueError):
    """A plan could not be had; the text says why, and what to do."""


def load(name: str) -> Plan:
    """Find a plan.

    Parameters
    ----------
    name
        ``demo``; the path of a Python file with a `Plan` in it, named ``plan`` where there are several; or
        ``package.module:attribute``.

    Raises
    ------
    PlanError
        When there is none, or the code that should make it fails.
    """
    if name == "demo":
        from .demo import plan

        return plan()
    if name.endswith(".py"):
        return _from_file(Path(name))
    package, colon, attribute = name.partition(":")
    if package and colon and attribute:
        return _from_package(package, attribute)
    raise PlanError(f"{name!r} is no plan: use 'demo', a Python file (tests.py), or package.module:attribute")


def _from_file(path: Path) -> Plan:
    if not path.is_file():
        raise PlanError(f"no file {path}")
    sys.path.insert(0, str(path.resolve().parent))
    try:
        names = runpy.run_path(str(path), run_name="execmon_plan")
    except (Exception, SystemExit) as error:
        raise PlanError(f"{path} could not be run: {_told(error, path)}") from error
    found = {name: value for name, value in names.items() if isinstance(value, Plan)}
    if "plan" in found:
        return found["plan"]
    if len(found) == 1:
        return next(iter(found.values()))
    what = f"several plans ({', '.join(found)}): name one of them 'plan'" if found else "no Plan in it"
    raise PlanError(f"{path} has {what}")


def _from_package(package: str, attribute: str) -> Plan:
    sys.path.insert(0, "")
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise PlanError(f"cannot import {package}: {error}") from error
    except (Exception, SystemExit) as error:
        raise PlanError(f"cannot import {package}: {_told(error)}") from error
    if not hasattr(module, attribute):
        raise PlanError(f"{package} has no {attribute!r}")
    value = getattr(module, attribute)
    if callable(value) and not isinstance(value, Plan):
        try:
            value = value()
        except (Exception, SystemExit) as error:
            raise PlanError(f"{package}:{attribute} makes no plan: {_told(error)}") from error
    if not isinstance(value, Plan):
        raise PlanError(f"{package}:{attribute} is {type(value).__name__}, not a Plan")
    return value


def _told(error: BaseException, path: Path | None = None) -> str:
    """Tell an error, and in which line it came up: of a file, or of the code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    if path is None:
        where = f" ({frames[-1].filename}, line {frames[-1].lineno})"
    else:
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        where = f" (line {lines[-1]})" if lines else ""
    # A syntax error names its own.
    return f"{type(error).__name__}: {error}{'' if isinstance(error, SyntaxError) else where}"
