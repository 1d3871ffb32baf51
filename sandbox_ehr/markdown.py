"""A card's detail: the small part of GitHub-flavoured Markdown that we draw.

The result holds plain text only; the template escapes it. Raw HTML therefore shows as
the characters it is made of.
"""

import html
import re
from dataclasses import dataclass
from typing import Literal

INLINE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|\*\*(?P<strong>[^*\n]+)\*\*"
    r"|(?<![\w*])[*_](?P<weak>[^*_\n]+)[*_](?![\w*])"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<url>https?://[^\s)]+)\)"
)
BULLET = re.compile(r"\s{0,3}[-*+]\s+(.*)")
NUMBER = re.compile(r"\s{0,3}\d{1,9}[.)]\s+(.*)")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one style."""

    text: str
    style: Literal["plain", "strong", "weak", "link"] = "plain"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or list; a paragraph has one line."""

    kind: Literal["paragraph", "heading", "bullets", "numbers"]
    lines: tuple[tuple[Run, ...], ...]


def blocks(text: str) -> list[Block]:
    """The blocks of a Markdown text."""
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        found += _of_part([line for line in part.split("\n") if line.strip()])
    return found


def _of_part(lines: list[str]) -> list[Block]:
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        for kind, pattern in (
            ("bullets", BULLET),
            ("numbers", NUMBER),
            ("heading", HEADING),
        ):
            match = pattern.fullmatch(line)
            if match:
                if found and found[-1][0] == kind and kind != "heading":
                    found[-1][1].append(match[1])
                else:
                    found.append((kind, [match[1]]))
                break
        else:
            if found and found[-1][0] != "heading":
                found[-1][1][-1] += " " + line.strip()  # a soft line break
            else:
                found.append(("paragraph", [line.strip()]))
    return [
        Block(kind, tuple(tuple(runs(line)) for line in inner))  # type: ignore[arg-type]
        for kind, inner in found
    ]


def runs(line: str) -> list[Run]:
    """One line as styled pieces."""
    found: list[Run] = []
    at = 0
    for match in INLINE.finditer(line):
        found += _plain(line[at : match.start()])
        at = match.end()
        if match["escaped"]:
            found.append(Run(match["escaped"]))
        elif match["strong"]:
            found.append(Run(_text(match["strong"]), "strong"))
        elif match["weak"]:
            found.append(Run(_text(match["weak"]), "weak"))
        else:
            found.append(Run(_text(match["label"]), "link", match["url"]))
    return found + _plain(line[at:])


def _plain(text: str) -> list[Run]:
    return [Run(_text(text))] if text else []


def _text(text: str) -> str:
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text))
