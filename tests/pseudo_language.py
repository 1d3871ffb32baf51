"""A language that does not exist, to see what on a page cannot be translated.

Every message stands in brackets, so that a word outside them was written past gettext.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

from babel.core import Locale
from babel.messages.pofile import read_po, write_po

from server.languages import TRANSLATIONS

# CLDR knows it, with commas as decimal points; no site of ours asks for it.
PSEUDO = "eo"
SPOKEN = {"aria-label", "aria-valuetext", "title", "placeholder", "alt"}
# Elements that HTML never closes; a browser's parser knows them, Python's does not.
VOID = {"meta", "link", "input", "br", "img"}


def write_pseudo(folder: Path) -> Path:
    """A catalogue of all messages, each in brackets. Returns the folder."""
    with (TRANSLATIONS / "messages.pot").open("rb") as content:
        catalogue = read_po(content, locale=PSEUDO)
    for each in catalogue:
        if not each.id:
            continue
        if each.context and each.context.startswith("date pattern"):
            each.string = each.id
        elif isinstance(each.id, tuple | list):
            each.string = tuple(f"⟦{text}⟧" for text in each.id)
        else:
            each.string = f"⟦{each.id}⟧"
    catalogue.fuzzy = False
    file = folder / PSEUDO / "LC_MESSAGES" / "messages.po"
    file.parent.mkdir(parents=True)
    with file.open("wb") as target:
        write_po(target, catalogue)
    return folder


class Page(HTMLParser):
    """What a person sees or hears of a page, with the language of each part."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[tuple[str, str]] = []
        self._languages: list[str] = [""]
        self._silent = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        language = given.get("lang", self._languages[-1])
        for name in SPOKEN & given.keys():
            self._say(language, given[name])
        if tag not in VOID:
            self._languages.append(language)
            self._silent += tag in ("script", "style", "code")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._languages.pop()
            self._silent -= tag in ("script", "style", "code")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._say(self._languages[-1], data)

    def _say(self, language: str, text: str) -> None:
        if text.strip():
            self.said.append((language, text.strip()))

    def in_language(self, language: str) -> list[str]:
        return [text for found, text in self.said if found == language]


def outside_brackets(text: str) -> str:
    """What of this text no message holds; messages may hold messages."""
    before = ""
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return text


def bare_words(page: Page, *, known: set[str]) -> list[str]:
    """Words in the interface's own language that no message holds.

    Args:
        page: rendered in the pseudo language.
        known: names, titles of instruments and the like, which nobody translates.
    """
    locale = Locale.parse(PSEUDO)
    months = locale.months["format"]["abbreviated"].values()
    known = known | {each.rstrip(".") for each in months}
    known |= {str(locale.languages[each]) for each in ("en", "es", "de", "tr")}
    found = []
    for text in page.in_language(PSEUDO):
        left = outside_brackets(text)
        for each in sorted(known, key=len, reverse=True):
            left = left.replace(each, " ")
        found += re.findall(r"[^\W\d_]{2,}", left)
    return found
