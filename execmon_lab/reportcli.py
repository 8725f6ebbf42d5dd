"""`execmon-lab report`: an execution's report, from a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from .history import History
from .historycli import Folder, Id, fail, find, told


def report(
    execution: Id,
    format: Annotated[
        Literal["pdf", "html", "junit", "csv", "json", "trace"],
        typer.Option(help="pdf, html, junit, csv, json, or trace for Perfetto.", metavar="FORMAT"),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file or a folder; standard output, when absent."),
    ] = None,
    folder: Folder = None,
) -> None:
    """Write an execution's report, of whatever process it was."""
    from .reports import MissingExtra, kept, make  # Pillow and the templates are for this command alone

    history = History(folder)
    found = find(history, execution)
    try:
        made = make(format, kept(history, found.execution_id))
    except MissingExtra as error:
        fail(str(error))
    if output is not None:
        typer.echo(str(told(lambda: made.save(output))))
    elif sys.stdout.isatty() and format == "pdf":
        fail("a PDF is nothing for a terminal: name a file with -o")
    else:
        sys.stdout.buffer.write(made.content)
