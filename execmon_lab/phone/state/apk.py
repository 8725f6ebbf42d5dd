"""The parts of an apk that the phone reads: the binary AndroidManifest.xml.

Format: frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h (chunks with type, header size
and size).
"""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass

MAX_MANIFEST = 4 << 20
_STRING_POOL, _XML, _START, _END = 0x0001, 0x0003, 0x0102, 0x0103
_UTF8 = 1 << 8
_TYPE_STRING = 0x03


class ApkError(ValueError):
    """The file is no apk that can be installed."""


@dataclass(frozen=True)
class Manifest:
    """What a manifest tells; class names are full."""

    package: str
    version_code: int = 0
    version_name: str = ""
    min_sdk: int = 1
    target_sdk: int = 1
    label: str = ""
    activities: tuple[str, ...] = ()
    launchers: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    instrumentation: str = ""


def read_manifest(apk: bytes) -> Manifest:
    """Return what the manifest of an apk tells.

    Raises
    ------
    ApkError
        The bytes are no zip file, have no manifest, or one that cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(apk)) as archive:
            info = archive.getinfo("AndroidManifest.xml")
            if info.file_size > MAX_MANIFEST:
                raise ApkError("AndroidManifest.xml is too large")
            data = archive.read(info)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise ApkError(f"Failed to parse the package: {error}") from error
    try:
        return _manifest(data)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ApkError(f"Corrupt XML binary file: {error}") from error


def _manifest(data: bytes) -> Manifest:
    if not data or struct.unpack_from("<H", data)[0] != _XML:
        raise ApkError("AndroidManifest.xml is not binary XML")
    package, label, version_name, instrumentation = "", "", "", ""
    version_code, min_sdk, target_sdk = 0, 1, 1
    activities: list[str] = []
    launchers: list[str] = []
    permissions: list[str] = []
    present = ""
    for tag, values in _elements(data):
        name = str(values.get("name", ""))
        if tag == "manifest":
            package = str(values.get("package", ""))
            version_code = _number(values.get("versionCode"), 0)
            version_name = str(values.get("versionName", ""))
        elif tag == "uses-sdk":
            min_sdk = _number(values.get("minSdkVersion"), 1)
            target_sdk = _number(values.get("targetSdkVersion"), min_sdk)
        elif tag == "uses-permission" and name:
            permissions.append(name)
        elif tag == "application" and isinstance(values.get("label"), str):
            label = str(values["label"])
        elif tag == "instrumentation":
            instrumentation = name
        elif tag in ("activity", "activity-alias"):
            present = package + name if name.startswith(".") else name if "." in name else f"{package}.{name}"
            activities.append(present)
        elif tag == "category" and name == "android.intent.category.LAUNCHER" and present:
            launchers.append(present)
    if not package:
        raise ApkError("INSTALL_PARSE_FAILED_MANIFEST_MALFORMED: the manifest names no package")
    return Manifest(
        package,
        version_code,
        version_name,
        min_sdk,
        target_sdk,
        label,
        tuple(activities),
        tuple(launchers),
        tuple(permissions),
        instrumentation,
    )


def _number(value: object, default: int) -> int:
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else default


def _elements(data: bytes) -> list[tuple[str, dict[str, object]]]:
    """Return each element's name and attributes, in document order."""
    found: list[tuple[str, dict[str, object]]] = []
    strings: list[str] = []
    at = struct.unpack_from("<H", data, 2)[0]
    while at + 8 <= len(data):
        kind, header, size = struct.unpack_from("<HHI", data, at)
        if size < 8:
            raise ApkError("AndroidManifest.xml is damaged")
        if kind == _STRING_POOL:
            strings = _strings(data, at)
        elif kind == _START:
            name, start, width, count = struct.unpack_from("<4xIHHH", data, at + header)
            values: dict[str, object] = {}
            for index in range(count):
                position = at + header + start + index * width
                key, raw, type_, value = struct.unpack_from("<4xIi3xBI", data, position)
                values[strings[key]] = (
                    strings[value] if type_ == _TYPE_STRING else strings[raw] if raw >= 0 else value
                )
            found.append((strings[name], values))
        at += size
    return found


def _strings(data: bytes, at: int) -> list[str]:
    header, count, flags, start = struct.unpack_from("<2xH4xI4xII", data, at)
    offsets = struct.unpack_from(f"<{count}I", data, at + header)
    return [_string(data, at + start + offset, utf8=bool(flags & _UTF8)) for offset in offsets]


def _string(data: bytes, at: int, *, utf8: bool) -> str:
    if utf8:
        at += 2 if data[at] & 0x80 else 1  # length in characters, not needed
        length = data[at]
        at += 1
        if length & 0x80:
            length = (length & 0x7F) << 8 | data[at]
            at += 1
        return data[at : at + length].decode("utf-8", "replace")
    length = struct.unpack_from("<H", data, at)[0]
    at += 2
    if length & 0x8000:
        length = (length & 0x7FFF) << 16 | struct.unpack_from("<H", data, at)[0]
        at += 2
    return data[at : at + 2 * length].decode("utf-16-le", "replace")
