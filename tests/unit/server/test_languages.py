"""Catalogues are read as translators write them, or the start is refused."""

from pathlib import Path

import pytest

from server.errors import CatalogueFileError
from server.languages import TRANSLATIONS, read_catalogues

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


def written(folder: Path, language: str, text: str) -> Path:
    file = folder / language / "LC_MESSAGES" / "messages.po"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("es", "es"),
        ("es-MX", "es_MX"),
        ("DE-ch", "de_CH"),
        ("en-GB", "en_GB"),
        ("zh-TW", None),
        ("tlh", None),
        ("", None),
        ("*", None),
        ("d" * 5000, None),
        ("../../etc", None),
        ("ｄｅ", None),
    ],
)
def test_a_language_is_read_in_its_own_locale_if_there_is_a_catalogue(
    asked: str, got: str | None
) -> None:
    assert read_catalogues(TRANSLATIONS).locale_for(asked) == got


def test_a_new_language_needs_its_file_and_nothing_else(tmp_path: Path) -> None:
    text = HEAD + 'msgid "Saved"\nmsgstr "Enregistré"\n'

    found = read_catalogues(written(tmp_path, "fr", text))

    assert found.languages == ("en", "fr")
    assert found.locale_for("fr-CA") == "fr_CA"


def test_a_script_has_its_own_catalogue(tmp_path: Path) -> None:
    text = HEAD + 'msgid "Saved"\nmsgstr "已儲存"\n'

    found = read_catalogues(written(tmp_path, "zh_Hant", text))

    assert found.locale_for("zh-TW") == "zh_Hant_TW"
    assert found.locale_for("zh-CN") is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", 'msgid "Saved"\nnonsense\n'),
        ("klingon", HEAD),
    ],
)
def test_a_broken_catalogue_refuses_the_start_and_names_its_file(
    tmp_path: Path, language: str, text: str
) -> None:
    with pytest.raises(CatalogueFileError, match=rf"{language}/LC_MESSAGES"):
        read_catalogues(written(tmp_path, language, text))
