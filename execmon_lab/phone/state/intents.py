"""Intents: what somebody asks the activity manager to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from execmon_lab.phone.state import address

MAIN = "android.intent.action.MAIN"
WEB_SEARCH = "android.intent.action.WEB_SEARCH"
VIEW = "android.intent.action.VIEW"
LAUNCHER = "android.intent.category.LAUNCHER"
HOME = "android.intent.category.HOME"
DEFAULT = "android.intent.category.DEFAULT"
BROWSABLE = "android.intent.category.BROWSABLE"
NEW_TASK = 0x10000000

_VEILED = ("tel", "sip", "sms", "smsto", "mailto", "nfc")  # android.net.Uri.toSafeString
_HOSTS_ONLY = ("http", "https", "ftp", "rtsp")


@dataclass
class Intent:
    """An intent; `component` is (package, full class name)."""

    action: str = ""
    data: str = ""
    mime: str = ""
    categories: list[str] = field(default_factory=list)
    component: tuple[str, str] | None = None
    package: str = ""
    flags: int = 0
    extras: dict[str, object] = field(default_factory=dict)

    @property
    def scheme(self) -> str:
        """Scheme of the data in small letters."""
        return self.data.split(":", 1)[0].lower() if ":" in self.data else ""

    def __str__(self) -> str:
        """Return the text that `am` and the dumps print."""
        parts = []
        if self.action:
            parts.append(f"act={self.action}")
        if self.categories:
            parts.append(f"cat=[{','.join(self.categories)}]")
        if self.data:
            parts.append(f"dat={safe_uri(self.data)}")
        if self.mime:
            parts.append(f"typ={self.mime}")
        if self.flags:
            parts.append(f"flg=0x{self.flags:x}")
        if self.package:
            parts.append(f"pkg={self.package}")
        if self.component:
            parts.append(f"cmp={short_component(*self.component)}")
        if self.extras:
            parts.append("(has extras)")
        return "Intent { " + " ".join(parts) + " }" if parts else "Intent {  }"


def safe_uri(uri: str) -> str:
    """Return an address without what is private in it, as Uri.toSafeString does."""
    scheme, colon, rest = uri.partition(":")
    if scheme.lower() in _VEILED:
        return scheme + colon + "".join(sign if sign in "-@." else "x" for sign in rest)
    if scheme.lower() in _HOSTS_ONLY:
        parts = address.split(uri)
        port = f":{parts.port}" if parts.port else ""
        return f"{scheme}://{parts.host}{port}/..."
    return uri


def short_component(package: str, name: str) -> str:
    """Return `package/.Class`, short where the class is inside of the package."""
    return f"{package}/{name[len(package) :] if name.startswith(package + '.') else name}"


def parse_component(text: str) -> tuple[str, str] | None:
    """Return (package, full class name) of `package/class`, or None when it is malformed."""
    package, slash, name = text.partition("/")
    if not slash or not package or not name:
        return None
    return package, package + name if name.startswith(".") else name
