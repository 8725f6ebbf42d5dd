"""Messages to bytes and back; everything that comes in is validated."""

from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET

from . import limits
from .messages import ClientMessage, Message, ServerMessage

Detail = Literal["plain", "full"]
"""``plain``: exactly the specification's fields. ``full``: additive messages and fields too."""

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_encoder = msgspec.json.Encoder()
_client_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_server_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


class InvalidMessage(ValueError):
    """A message that is no JSON, of no known type, or lacks or mistypes a field; the text names the field."""


def encode(message: Message, detail: Detail = "full") -> bytes:
    """Write a message as UTF-8 JSON.

    Parameters
    ----------
    message
        Any message of either direction.
    detail
        ``"plain"`` leaves out the fields that the specification does not have.
    """
    if detail == "plain" and message.ADDITIVE_FIELDS:
        message = msgspec.structs.replace(message, **dict.fromkeys(message.ADDITIVE_FIELDS, UNSET))
    return _encoder.encode(message)


def sendable(message: M) -> M:
    """Return a message that `encode` can write, and that any WebSocket client takes.

    Halves of surrogate pairs, which UTF-8 has not, become escapes: they come with what a device said, or
    with a file's name, that was no text of its encoding. Of a text longer than `limits.TEXT_CHARACTERS` the
    middle is left out.
    """
    try:
        if len(encode(message)) <= limits.TEXT_CHARACTERS:
            return message
    except UnicodeEncodeError:
        pass
    return msgspec.convert(_carried(msgspec.to_builtins(message)), type(message))


def _carried(value: object) -> object:
    if isinstance(value, str):
        return _shortened(value).encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _carried(part) for key, part in value.items()}
    return [_carried(part) for part in value] if isinstance(value, list | tuple) else value


def _shortened(text: str) -> str:
    surplus = len(text) - limits.TEXT_CHARACTERS
    if surplus <= 0:
        return text
    half = limits.TEXT_CHARACTERS // 2
    return f"{text[:half]}\n… {surplus:,} characters are left out …\n{text[-half:]}"


def decode_client(data: bytes | str) -> ClientMessage:
    """Read a message that a client sent.

    Raises
    ------
    InvalidMessage
        Naming the field that is missing or wrong.
    """
    return _decode(_client_decoder, data)


def decode_server(data: bytes | str) -> ServerMessage:
    """Read a message that a server sent.

    Raises
    ------
    InvalidMessage
        Naming the field that is missing or wrong.
    """
    return _decode(_server_decoder, data)


def _decode(decoder: msgspec.json.Decoder[T], data: bytes | str) -> T:
    try:
        return decoder.decode(data)
    except msgspec.DecodeError as error:
        raise InvalidMessage(str(error)) from error
    except UnicodeDecodeError as error:
        raise InvalidMessage(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise InvalidMessage("nested too deeply") from error
