"""The interface's languages: catalogues as translators write them, and who gets which.

`translations/<language>/LC_MESSAGES/messages.po` is read at the start; there is no
compiled copy that could lag behind. English is the language of the code itself.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request
from flask_babel import Babel, Domain, force_locale, get_locale

from clinical.plan import MeasurementPlan
from ehr.tenants import Tenants
from server.errors import CatalogueFileError
from smart_app.languages import spoken

TRANSLATIONS = Path(__file__).parent / "translations"
SOURCE = "en"


class Catalogues(Domain):
    """Every catalogue, by language; English needs none."""

    def __init__(self, by_language: Mapping[str, Translations]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # carries no types
        self._by_language = {SOURCE: NullTranslations(), **by_language}

    @property
    def languages(self) -> tuple[str, ...]:
        """As CLDR writes them (`de`, `pt_BR`), English first."""
        return tuple(self._by_language)

    def locale_for(self, tag: str) -> str | None:
        """The locale in which a person of this language (BCP 47) reads the pages.

        `de-CH` reads the catalogue `de`, with the numbers of Switzerland. None if
        there is no catalogue, or no such language.
        """
        try:
            locale = Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError, TypeError):
            return None
        return str(locale) if self._catalogue(locale) is not None else None

    def get_translations(self) -> NullTranslations:
        """What Flask-Babel asks for at each message of a request."""
        locale = get_locale()
        found = self._catalogue(locale) if locale is not None else None
        return found or self._by_language[SOURCE]

    def _catalogue(self, locale: Locale) -> NullTranslations | None:
        parts = str(locale).split("_")
        for length in range(len(parts), 0, -1):
            found = self._by_language.get("_".join(parts[:length]))
            if found is not None:
                return found
        return None


def read_catalogues(folder: Path) -> Catalogues:
    """Each `<language>/LC_MESSAGES/messages.po` of this folder.

    Raises:
        CatalogueFileError: a file is not a catalogue, or its language is none.
    """
    return Catalogues(
        {
            file.parts[-3]: _translations(file)
            for file in sorted(folder.glob("*/LC_MESSAGES/messages.po"))
        }
    )


def speak_many_languages(
    app: Flask, catalogues: Catalogues, *, plan: MeasurementPlan, tenants: Tenants
) -> None:
    """From now on every page and card of this application has a language."""

    def choose() -> str:
        return _chosen(catalogues, plan, tenants)

    babel = Babel(app, locale_selector=choose)
    babel.domain_instance = catalogues


@contextmanager
def words_without_request(catalogues: Catalogues, tag: str) -> Iterator[None]:
    """In here cards have words, in this language (BCP 47), for nobody's request."""
    app = Flask("rom-words", static_folder=None)
    Babel(app).domain_instance = catalogues
    with app.app_context(), force_locale(catalogues.locale_for(tag) or SOURCE):
        yield


def _chosen(catalogues: Catalogues, plan: MeasurementPlan, tenants: Tenants) -> str:
    """A patient's page speaks as its form does; all else as the reader asks for it."""
    form = spoken()
    wanted = (form,) if form else _asked(plan, tenants)
    for tag in wanted:
        found = catalogues.locale_for(tag)
        if found is not None:
            return found
    return SOURCE


def _asked(plan: MeasurementPlan, tenants: Tenants) -> Iterator[str]:
    """Browser or hook caller, then the tenant's setting, then the plan's first."""
    for tag, quality in request.accept_languages:
        if tag == "*" or quality <= 0:
            break  # "anything": then the site's own language is the better guess
        yield tag
    name = (request.view_args or {}).get("tenant_id")
    for tenant in tenants:
        if tenant.id == name and tenant.language is not None:
            yield tenant.language
    yield plan.languages[0]


def _translations(file: Path) -> Translations:
    language = file.parts[-3]
    try:
        locale = Locale.parse(language)
        with file.open("rb") as content:
            catalogue = read_po(content, locale=locale, abort_invalid=True)
    except (PoFileError, UnknownLocaleError, ValueError) as error:
        raise CatalogueFileError(str(file), str(error)) from None
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)  # leaves out what is fuzzy or empty
    compiled.seek(0)
    return Translations(compiled)
