"""A chart: a Vega-Lite specification with its data, and what shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .theme import CONFIG, INK, ON_PAPER, WIDTH

Spec = dict[str, Any]
Row = Mapping[str, Any]

MIME = "application/vnd.vegalite.v5+json"
"""What JupyterLab shows by what it ships: Vega-Lite 5.6, without the internet."""

# Halves of surrogate pairs are no text that can be sent.
_UNSENDABLE = re.compile("[\ud800-\udfff]")


class Chart:
    """A chart, shown in a cell.

    Parameters
    ----------
    spec
        Vega-Lite, as far as version 5.6 has it, with its data.
    alt
        What it shows, in words.
    """

    def __init__(self, spec: Spec, alt: str) -> None:
        self.alt = str(_plain(alt))
        whole = {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "description": self.alt,
            "background": "transparent",
            "config": CONFIG,
            "usermeta": {
                "embedOptions": {
                    "actions": {"export": True, "source": False, "compiled": False, "editor": False}
                }
            },
            **(spec if _has_rows(spec) else _nothing(spec)),
        }
        self.spec: Spec = _plain(whole)

    def png(self, scale: float = 2.0) -> bytes:
        """Draw it as a PNG, on white.

        Raises
        ------
        ModuleNotFoundError
            Without vl-convert-python; the text says how to install it.
        """
        return bytes(_converter().vegalite_to_png(self._on_paper(), vl_version="5.8", scale=scale))

    def svg(self) -> str:
        """Draw it as an SVG, on white; errors as of `png`."""
        return str(_converter().vegalite_to_svg(self._on_paper(), vl_version="5.8"))

    def save(self, path: str | Path) -> Path:
        """Write it to a file: ``.png``, ``.svg`` or ``.json`` (the specification).

        Raises
        ------
        ValueError
            When the file's name ends otherwise.
        ModuleNotFoundError
            As of `png`.
        """
        path = Path(path)
        match path.suffix:
            case ".png":
                path.write_bytes(self.png())
            case ".svg":
                path.write_text(self.svg(), encoding="utf-8")
            case ".json":
                path.write_text(_json(self.spec), encoding="utf-8")
            case other:
                raise ValueError(f"a chart is saved as .png, .svg or .json, not {other or path.name}")
        return path

    def altair(self) -> Any:
        """Return it as Altair's chart, to be changed further.

        Raises
        ------
        ModuleNotFoundError
            Without Altair; the text says how to install it.
        """
        try:
            import altair  # seconds, which only those pay who want it
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("Altair is not installed: pip install altair", name="altair") from error
        kinds: dict[str, Any] = {"layer": altair.LayerChart, "facet": altair.FacetChart}
        kind = next((kinds[name] for name in kinds if name in self.spec), altair.Chart)
        return kind.from_dict({name: part for name, part in self.spec.items() if name != "$schema"})

    @cached_property
    def _picture(self) -> bytes | None:
        try:
            return self.png()
        except ModuleNotFoundError:  # a fall-back that is not there leaves the chart and its text
            return None

    def _on_paper(self) -> Spec:
        spec = deepcopy(self.spec)
        spec["config"] |= ON_PAPER
        spec["background"] = "white"
        return spec

    def bundle(self, *, picture: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return it by MIME type, and what is to be known of each.

        Parameters
        ----------
        picture
            Whether with the picture for those who cannot show Vega-Lite.
        """
        data: dict[str, Any] = {MIME: self.spec, "text/plain": self.alt}
        if picture and self._picture is not None:
            data["image/png"] = self._picture
        return data, {"image/png": {"alt": self.alt}} if "image/png" in data else {}

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.bundle()

    def __repr__(self) -> str:
        return self.alt


def values(rows: Sequence[Row]) -> Spec:
    """Return rows as a chart's data: fields of fixed names, whose values stay values."""
    return {"values": [dict(row) for row in rows]}


def _has_rows(part: Any) -> bool:
    if isinstance(part, dict):
        return bool(part.get("values")) or any(map(_has_rows, part.values()))
    return isinstance(part, list) and any(map(_has_rows, part))


def _nothing(spec: Spec) -> Spec:
    """Draw the title alone, and why there is no more: without data a chart may have no size."""
    text = {"type": "text", "text": "nothing to show yet", "color": INK, "fontSize": 12}
    return {"data": {"values": [{}]}, "mark": text, "title": spec["title"], "width": WIDTH, "height": 60}


def _plain(value: Any) -> Any:
    """Write a part of a specification as JSON has it: no NaN, no numpy, no half characters."""
    if isinstance(value, str):
        return _UNSENDABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def _json(spec: Spec) -> str:
    import json

    return json.dumps(spec, indent=1, ensure_ascii=False, allow_nan=False)


def _converter() -> Any:
    try:
        import vl_convert
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a chart's picture needs the extra: pip install 'execmon-lab[charts]'", name="vl_convert"
        ) from error
    return vl_convert
