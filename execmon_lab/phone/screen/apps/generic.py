"""The screen of an installed app: its name and version, for its code does not run here."""

from __future__ import annotations

from execmon_lab.phone.screen.apps.launcher import app_icon
from execmon_lab.phone.screen.node import Node
from execmon_lab.phone.screen.text import MEDIUM
from execmon_lab.phone.screen.ui import CENTRE, Ui
from execmon_lab.phone.screen.view import View, view


@view("app")
class Generic(View):
    """A plain page."""

    def build(self, ui: Ui) -> Node:
        """Return the page."""
        look = self.palette
        package = self.record.package
        root, content = ui.window(look.background)
        middle = (ui.top + ui.bottom) / 2
        app_icon(ui, content, ui.w / 2 - 40, middle - 110, 80, package)
        ui.label(
            content, 24, middle - 14, ui.w - 48, package.label, 24, weight=MEDIUM, align=CENTRE, id="title"
        )
        version = f"Version {package.version_name} ({package.version_code})"
        ui.label(
            content, 24, middle + 22, ui.w - 48, version, 14, look.on_variant, align=CENTRE, id="version"
        )
        ui.label(
            content,
            24,
            middle + 46,
            ui.w - 48,
            self.record.component,
            13,
            look.on_variant,
            align=CENTRE,
            id="component",
        )
        return root
