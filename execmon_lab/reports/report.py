"""A report in one of its formats."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from .html import html
from .junit import junit
from .material import Material
from .pdf import pdf
from .spreadsheet import spreadsheet
from .trace import trace


class UnknownFormat(ValueError):
    """There is no report of that format; the message lists those that there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no report of the format {name!r}; there are: {', '.join(FORMATS)}")


class Format(NamedTuple):
    """A format: its media type, its file's ending, and what writes it."""

    media_type: str
    suffix: str
    write: Callable[[Material], bytes]


def _json(material: Material) -> bytes:
    """The execution's state, as the server's ``/api/v1/executions/{id}`` has it."""
    return msgspec.json.encode(material.state)


FORMATS = {
    "pdf": Format("application/pdf", ".pdf", pdf),
    "html": Format("text/html; charset=utf-8", ".html", html),
    "junit": Format("application/xml", ".xml", junit),
    "csv": Format("text/csv; charset=utf-8", ".csv", spreadsheet),
    "trace": Format("application/json", ".trace.json", trace),
    "json": Format("application/json", ".json", _json),
}
"""The formats of a report, by name."""


@dataclass(frozen=True)
class Report:
    """A report, ready to be saved or sent; in a notebook, PDF and HTML show themselves.

    Attributes
    ----------
    format
        One of `FORMATS`.
    content
        The file's bytes.
    name
        A file name for it.
    """

    format: str
    content: bytes
    name: str

    @property
    def media_type(self) -> str:
        """What the content is, as HTTP says it."""
        return FORMATS[self.format].media_type

    def save(self, path: str | Path | None = None) -> Path:
        """Write it to a file, and return the file's path.

        Parameters
        ----------
        path
            The file, or a folder for one of the report's own name; the present folder, when absent.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        target = Path.cwd() if path is None else Path(path)
        if target.is_dir():
            target = target / self.name
        target.write_bytes(self.content)
        return target

    def __repr__(self) -> str:
        return f"Report({self.format}, {len(self.content):,} bytes, {self.name})"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self)}
        if self.format == "pdf":
            bundle["application/pdf"] = base64.b64encode(self.content).decode()
        elif self.format == "html":
            page = escape(self.content.decode(), quote=True)
            style = "width:100%;height:720px;border:1px solid #8883;border-radius:8px"
            frame = f'title="{escape(self.name)}" sandbox="allow-scripts" style="{style}"'
            bundle["text/html"] = f'<iframe {frame} srcdoc="{page}"></iframe>'
        return bundle


def make(format: str, material: Material) -> Report:
    """Write a report of an execution.

    Parameters
    ----------
    format
        ``"pdf"``, ``"html"``, ``"junit"``, ``"csv"``, ``"trace"`` or ``"json"``.
    material
        The execution, and what was kept beside it.

    Raises
    ------
    UnknownFormat
        When there is no such format.
    MissingExtra
        When the format needs an optional part that is not installed.
    """
    try:
        chosen = FORMATS[format]
    except KeyError:
        raise UnknownFormat(format) from None
    content = chosen.write(material)
    return Report(format, content, f"{material.state.execution_id}{chosen.suffix}")
