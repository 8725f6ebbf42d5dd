"""A report as PDF, set by Typst: tagged, and PDF/UA-1 wherever every character has a glyph."""

from __future__ import annotations

import functools
import logging
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import msgspec

from .extra import MissingExtra
from .facts import Facts
from .gather import gather
from .material import Material

log = logging.getLogger(__name__)

STANDARD: Literal["ua-1"] = "ua-1"
"""PDF/UA-1 (ISO 14289-1)."""

_FONTS = ("manimgx_fonts", "manimgx_fonts_cjk")
_TEMPLATE = "report.typ"


def pdf(material: Material) -> bytes:
    """Set a report as PDF.

    Everything goes in as data, never as markup. A character for which no font has a glyph is forbidden in
    PDF/UA: then the file is an ordinary tagged PDF, which a line at its end says.

    Parameters
    ----------
    material
        The execution, and what was kept beside it.

    Raises
    ------
    MissingExtra
        Without Typst.
    """
    try:
        from typst import TypstError
    except ImportError as error:
        raise MissingExtra("A report as PDF") from error
    facts = gather(material)
    try:
        return _compile(facts, note="", standards=(STANDARD,))
    except TypstError as error:
        log.warning("execution %s: the PDF cannot be PDF/UA-1: %s", facts.execution_id, error)
        note = "This file is tagged, but not PDF/UA-1: some of its characters are in none of the fonts."
        return _compile(facts, note=note, standards=())


def _compile(facts: Facts, *, note: str, standards: tuple[Literal["ua-1"], ...]) -> bytes:
    data = msgspec.to_builtins(facts, builtin_types=(bytes,))
    files = {picture["name"]: picture.pop("jpeg") for picture in data["pictures"]}
    files["facts.json"] = msgspec.json.encode({**data, "note": note})
    files["timeline.svg"] = facts.timeline.encode()
    files[_TEMPLATE] = _template()
    # Typst takes binary files from a folder alone.
    with TemporaryDirectory(prefix="execmon-lab-report-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        import typst

        compiler = typst.Compiler(str(Path(folder) / _TEMPLATE), root=folder, font_paths=_fonts())
        result: Any = compiler.compile(format="pdf", pdf_standards=[*standards])
    return bytes(result)


@functools.cache
def _template() -> bytes:
    return (resources.files(__package__) / "templates" / _TEMPLATE).read_bytes()


@functools.cache
def _fonts() -> list[str]:
    """The folders of the fonts that the extra brings; the system's own are found besides."""
    specs = (find_spec(name) for name in _FONTS)
    return [str(Path(spec.origin).parent) for spec in specs if spec is not None and spec.origin is not None]
