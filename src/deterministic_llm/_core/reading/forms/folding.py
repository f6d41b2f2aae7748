"""A text with every sign in its plain form, so that one expression finds all its spellings.

As long as the text that went in, character by character: a place in one is a place in the other.
"""

from __future__ import annotations

import unicodedata

_SIGNS = {
    **dict.fromkeys("⁄∕÷\u2571", "/"),
    **dict.fromkeys("：﹕\ua789∶\ufe30", ":"),
    **dict.fromkeys("−﹣－", "-"),
    **dict.fromkeys("\u2010\u2011", "-"),
    **dict.fromkeys("“”„‟〝〞", '"'),
    **dict.fromkeys("‘’\u201a\u201b", "'"),
    **dict.fromkeys("、，﹐", ","),
    **dict.fromkeys("；﹔", ";"),
    **dict.fromkeys("。\uff0e", "."),
    **dict.fromkeys("（﹙", "("),
    **dict.fromkeys("）﹚", ")"),
    **dict.fromkeys("٪﹪", "%"),
    **dict.fromkeys("＝﹦", "="),
    **dict.fromkeys("•◦▪‣·", "*"),
    **dict.fromkeys("│\uff5c", "|"),
    **dict.fromkeys("⟨〈\uff1c", "<"),
    **dict.fromkeys("⟩〉\uff1e", ">"),
    **dict.fromkeys("\r\x0b\x0c\u200b\u200c\u200d\u2060\ufeff", " "),
    **dict.fromkeys("\u2028\u2029\x85", "\n"),
}


def folded(text: str) -> str:
    """*text* with ASCII digits, slashes, colons, quotes, blanks; its letters stay."""
    if text.isascii():
        return text.replace("\r", " ") if "\r" in text else text
    return text.translate(_Folding())


class _Folding(dict[int, str]):
    """What each character becomes, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = _SIGNS.get(character) or _plain(character)
        self[code] = plain
        return plain


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    return character
