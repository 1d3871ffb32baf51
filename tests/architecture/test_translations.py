"""Every word for people is translated, into every language that is shipped."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from babel.core import Locale
from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ROOT / "server/translations"
FACES = ("smart_app", "cds_hooks")
SHIPPED = sorted(each.parts[-3] for each in TRANSLATIONS.glob("*/*/messages.po"))
GETTEXT = {"gettext", "ngettext", "pgettext", "_"}
PATTERN = "date pattern"  # context of messages that are patterns, not words
SPOKEN = {"aria-label", "aria-valuetext", "title", "placeholder", "alt"}
TWO_WORDS = re.compile(r"[^\W\d_]{2,} [^\W\d_]{2,}")
LETTERS = re.compile(r"[^\W\d_]{2,}")
PLACE = re.compile(r"%\((\w+)\)[sd]")
# English on purpose: read by machines and by those who connect them, never by patients
# or clinicians.
FOR_MACHINES = {
    "cds_hooks/discovery.py": "the discovery document, read by integrators",
    "cds_hooks/refusals.py": "OperationOutcomes, read by the calling system",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What `make translations` finds in the code as it is now."""
    pot = tmp_path_factory.mktemp("words") / "messages.pot"
    subprocess.run(
        [
            *(sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract"),
            *("-F", "pyproject.toml", "-o", str(pot), *FACES, "server"),
        ],
        cwd=ROOT,
        check=True,
    )
    return read(pot)


def read(file: Path, locale: str | None = None) -> Catalog:
    with file.open("rb") as content:
        return read_po(content, locale=locale, abort_invalid=True)


def catalogue(language: str) -> Catalog:
    return read(TRANSLATIONS / language / "LC_MESSAGES/messages.po", language)


def messages(found: Catalog) -> dict[tuple[str, str], Message]:
    """By context and (singular) text, without the header."""
    return {(each.context or "", one(each.id)): each for each in found if each.id}


def one(text: object) -> str:
    return str(text[0] if isinstance(text, tuple | list) else text)


def all_of(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


def faults(source: Message, found: Message | None, plurals: int) -> list[str]:
    """What is wrong with this translation."""
    if found is None:
        return ["is not in the catalogue: run make translations"]
    forms = all_of(found.string)
    wrong = []
    if found.fuzzy:
        wrong.append("is marked fuzzy")
    if isinstance(source.id, tuple | list) and len(forms) != plurals:
        wrong.append(f"has {len(forms)} plural forms, not {plurals}")
    if not all(each.strip() for each in forms):
        return [*wrong, "is not translated"]
    ids = all_of(source.id)
    most = {name for each in ids for name in PLACE.findall(each)}
    least = set.intersection(*(set(PLACE.findall(each)) for each in ids))
    for form in forms:
        names = set(PLACE.findall(form))
        if not least <= names <= most:
            wrong.append(f"has other placeholders: {sorted(names ^ most)}")
        if PLACE.sub("", form).count("%") != PLACE.sub("", ids[0]).count("%"):
            wrong.append("has a stray %")
        if any(form.count(mark) != ids[-1].count(mark) for mark in ("**", "\n", "`")):
            wrong.append("lost or gained Markdown or a line break")
        if re.search(r"&\w+;|&#\d+;|[<>{}]|\ufffd|Ã.|â€", form):
            wrong.append("holds an entity, a tag or a broken character")
        if form != form.strip() or "  " in form:
            wrong.append("has stray blanks")
    return wrong


def test_spanish_and_german_are_shipped() -> None:
    assert {"es", "de"} <= set(SHIPPED)


@pytest.mark.parametrize("language", SHIPPED)
def test_every_message_is_translated_with_its_placeholders(
    language: str, template: Catalog
) -> None:
    found = catalogue(language)
    translated = messages(found)
    wrong = [
        f"{text!r} {fault}"
        for (context, text), source in messages(template).items()
        for fault in faults(source, translated.get((context, text)), found.num_plurals)
    ]

    assert len(template) > 200
    assert wrong == []


@pytest.mark.parametrize("language", SHIPPED)
def test_no_catalogue_keeps_what_the_code_no_longer_says(
    language: str, template: Catalog
) -> None:
    assert set(messages(catalogue(language))) - set(messages(template)) == set()


def test_the_template_is_current(template: Catalog) -> None:
    written = read(TRANSLATIONS / "messages.pot")

    assert set(messages(written)) == set(messages(template))


@pytest.mark.parametrize("language", SHIPPED)
def test_the_plural_rule_is_the_languages_own(language: str) -> None:
    assert catalogue(language).plural_forms == Catalog(locale=language).plural_forms


@pytest.mark.parametrize("language", SHIPPED)
def test_a_date_pattern_is_still_one(language: str) -> None:
    on = date(2026, 3, 9)
    patterns = [
        each.string
        for (context, _), each in messages(catalogue(language)).items()
        if context.startswith(PATTERN)
    ]

    assert len(patterns) == 2
    for pattern in patterns:
        said = format_date(on, pattern.partition(", HH")[0], locale=language)
        assert "9" in said and "2026" in said and LETTERS.search(said)


@pytest.mark.parametrize("language", SHIPPED)
def test_a_label_in_the_graph_is_short(language: str) -> None:
    """It stands right of the picture, where there is room for so many letters."""
    found = messages(catalogue(language))
    labels = [
        one(found["", text].string)
        for text in (
            *("cut-off %(value)s", "reliably worse %(value)s"),
            *("reliably better %(value)s", "session"),
        )
    ]

    assert [each for each in labels if len(PLACE.sub("", each)) > 16] == []


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("%(a)s of %(b)s", "%(a)s de"),
        ("%(a)s of %(b)s", "%(a)s de %(c)s"),
        ("%(a)s of %(b)s", "100 % %(a)s de %(b)s"),
        ("**%(a)s**", "*%(a)s**"),
        ("a", ""),
        ("it's", "c&#39;est"),
        (("one", "%(num)s"), ("eins", "")),
        (("one", "%(num)s"), ("eins", "%(n)s")),
    ],
)
def test_each_fault_of_a_translation_is_found(msgid: object, msgstr: object) -> None:
    assert faults(Message(msgid), Message(msgid, msgstr), 2)  # type: ignore[arg-type]


def test_a_good_translation_has_no_fault() -> None:
    one_form = Message("%(a)s of %(b)s", "de %(b)s, %(a)s")
    two = Message(("one", "%(num)s all"), ("uno", "%(num)s todos"))

    assert faults(one_form, one_form, 2) == faults(two, two, 2) == []


class Shown(HTMLParser):
    """What a template says by itself, between its own expressions."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        self.said += [value or "" for name, value in attrs if name in SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def bare_words(template_text: str) -> list[str]:
    """Words in a template that no gettext call holds."""
    shown = Shown()
    classes = r"\{% block \w+_class %\}[\w -]*\{% endblock %\}"
    template_text = re.sub(classes, "", template_text)
    shown.feed(re.sub(r"\{[{%#].*?[}%#]\}", "·", template_text, flags=re.S))
    bare = [each.strip() for each in shown.said if LETTERS.search(each)]
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(template_text)
    for output in tree.find_all(nodes.Output):
        bare += [each for each in _literals(output) if TWO_WORDS.search(each)]
    return bare


def _literals(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in GETTEXT:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _literals(child)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "smart_app/templates").glob("*")), ids=lambda each: each.name
)
def test_a_template_says_nothing_that_cannot_be_translated(file: Path) -> None:
    assert bare_words(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "<p>Saved</p>",
        '<img alt="a picture">',
        '<button aria-label="less">−</button>',
        '<input placeholder="Your code">',
        '{{ "Not yet" if x else _("Saved") }}',
    ],
)
def test_a_planted_word_in_a_template_is_found(planted: str) -> None:
    assert bare_words(planted)


def bare_literals(code: str) -> list[str]:
    """String literals with words in them that reach neither gettext nor the log."""
    tree = ast.parse(code)
    skipped: set[ast.AST] = set()
    for each in ast.walk(tree):
        if _is_for_us(each):
            skipped |= set(ast.walk(each))
        if isinstance(each, ast.Module | ast.ClassDef | ast.FunctionDef):
            skipped |= _docstrings(each)
    return [
        each.value
        for each in ast.walk(tree)
        if isinstance(each, ast.Constant)
        and isinstance(each.value, str)
        and each not in skipped
        and TWO_WORDS.search(each.value)
    ]


def _is_for_us(node: ast.AST) -> bool:
    """Translated, an error's own message, or a line of the log."""
    if isinstance(node, ast.Raise):
        return True
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    return called in GETTEXT or called.startswith(("log.", "super()", "re.compile"))


def _docstrings(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> set[ast.AST]:
    """Also those under attributes and constants."""
    return {
        each.value
        for each in node.body
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
    }


def test_no_face_says_anything_that_cannot_be_translated() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {text}"
        for face in FACES
        for file in sorted((ROOT / face).rglob("*.py"))
        if str(file.relative_to(ROOT)) not in FOR_MACHINES
        for text in bare_literals(file.read_text(encoding="utf-8"))
    }

    assert found == set()


@pytest.mark.parametrize(
    "planted",
    ['x = "No form chosen"', 'render(text=f"Saved for {x} minutes now")'],
)
def test_a_planted_literal_in_a_face_is_found(planted: str) -> None:
    assert bare_literals(planted)


def test_placeholders_have_names_that_a_translator_understands(
    template: Catalog,
) -> None:
    """Order differs between languages, so no place goes without a name."""
    nameless = [
        text
        for _, text in messages(template)
        if re.search(r"%[sd]", text) or any(part[1] for part in Formatter().parse(text))
    ]

    assert nameless == []
    assert Locale.parse("de").text_direction == "ltr"
