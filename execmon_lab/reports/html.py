"""A report as one HTML file: nothing of it is asked of any other place, and its recording can be scrubbed."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from importlib import resources
from typing import TYPE_CHECKING

from .extra import MissingExtra
from .facts import Facts
from .gather import gather
from .material import Material
from .pictures import scaled

if TYPE_CHECKING:
    from jinja2 import Template

FILM_PICTURES = 300
"""How many pictures of the recordings a file has at most, all devices together: a few megabytes."""

FILM_WIDTH, FILM_QUALITY = 360, 50


def html(material: Material) -> bytes:
    """Write a report as a self-contained HTML file, UTF-8.

    All text is escaped; a Content-Security-Policy in the file allows its own script and style alone, and no
    request to anywhere.

    Parameters
    ----------
    material
        The execution, and what was kept beside it.

    Raises
    ------
    MissingExtra
        Without Jinja2.
    """
    template = _template()
    facts = gather(material)
    script, style = _read("report.js"), _read("report.css")
    text = template.render(
        facts=facts,
        film=_film(facts, material),
        devices=[device.device for device in facts.devices],
        pictures={picture.name: _data(picture.jpeg) for picture in facts.pictures},
        sizes={picture.name: picture for picture in facts.pictures},
        script=script,
        style=style,
        policy=(
            f"default-src 'none'; img-src data:; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    )
    return text.encode()


def _film(facts: Facts, material: Material) -> str:
    """The recordings as JSON, by the devices' places, that cannot end the script element it stands in."""
    share = FILM_PICTURES // max(1, len(facts.devices))
    reels = [
        [[round(still.at, 3), _data(scaled(still.jpeg, FILM_WIDTH, FILM_QUALITY)[0])] for still in stills]
        for stills in (material.film(device.device_id, share) for device in material.state.devices)
    ]
    return json.dumps(reels).replace("<", "\\u003c")


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@functools.cache
def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise MissingExtra("A report as HTML") from error
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("report.html"))


@functools.cache
def _read(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")
