"""Reports of an execution: PDF and HTML to read, JUnit XML and Chrome trace for other tools, JSON.

    report = make("pdf", Material(state, logs))
    report.save("run.pdf")

All formats state the same facts (`gather`), made when they are asked for, so that no execution waits for one.
"""

from .extra import MissingExtra
from .film import film
from .kept import kept
from .material import Material, Still
from .report import FORMATS, Report, UnknownFormat, make

__all__ = ["FORMATS", "Material", "MissingExtra", "Report", "Still", "UnknownFormat", "film", "kept", "make"]
