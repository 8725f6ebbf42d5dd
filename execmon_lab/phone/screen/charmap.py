"""What can be typed with the keys of Android's virtual keyboard.

Source: ``Virtual.kcm`` and ``KeyCharacterMap`` of AOSP, ``KeyComposition.java`` of scrcpy 3.3.4 and 4.1.
"""

from __future__ import annotations

import unicodedata

_DEAD_KEYS = "\u0300\u0301\u0302\u0303\u0308"
_KEYS = {chr(code) for code in range(0x20, 0x7F)} | {*"\n\tçÇß", *_DEAD_KEYS}


def has_keys(character: str) -> bool:
    """Tell whether the keyboard has a key for a character, which is all that ``input text`` asks."""
    return character in _KEYS


def can_compose(character: str) -> bool:
    """Tell whether scrcpy's server types a character: with its key, or with a dead key and a letter's."""
    letter, *accents = list(unicodedata.normalize("NFD", character))
    composed = letter.isascii() and len(accents) == 1 and accents[0] in _DEAD_KEYS and character not in "Ṽṽ"
    return composed or has_keys(character) or character in "Ḉḉ"
