"""Messages to bytes and back; everything that comes in is validated."""

from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET

from .messages import ClientMessage, Message, ServerMessage

Detail = Literal["plain", "full"]
"""``plain``: exactly the specification's fields. ``full``: additive messages and fields too."""

T = TypeVar("T")

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
