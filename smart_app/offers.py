"""Which forms may be given today, and in which language.

A form that has no words in the person's language is given in the plan's first one, and
every page that shows it says so. No form is ever put together from two languages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from questionnaires.instrument import Instrument, Wording
from questionnaires.library import NoWording
from smart_app.errors import LicenceOver, NotOffered
from smart_app.figures import day, form_title
from smart_app.languages import name_of, nearest
from smart_app.services import AppServices


@dataclass(frozen=True, slots=True)
class Offers:
    """The plan's forms in the plan's order.

    Attributes:
        lacking: form's id -> the plan's languages that it has no words in, in words.
        withheld: a sentence for each form that cannot be given, and why.
    """

    forms: tuple[Instrument, ...]
    withheld: tuple[str, ...]
    lacking: Mapping[str, str]


def offers(app: AppServices) -> Offers:
    """What may be handed over now, in at least the plan's first language."""
    forms: list[Instrument] = []
    withheld: list[str] = []
    for each in app.plan.forms:
        try:
            offered_wording(app, each, app.plan.languages[0])
        except LicenceOver:
            withheld.append(_licence_over(each))
        except NotOffered:
            withheld.append(
                gettext(
                    "%(form)s is not offered: its wording is missing.",
                    form=form_title(each),
                )
            )
        else:
            forms.append(each)
    lacking = {each.id: _lacking(app, each) for each in forms}
    return Offers(tuple(forms), tuple(withheld), lacking)


def offered_wording(app: AppServices, instrument: Instrument, language: str) -> Wording:
    """The words of a form that may be given today, as near to this language as can be.

    Returns:
        In this language, else in the plan's first: `Wording.language` says which.

    Raises:
        LicenceOver: the last day of the site's licence has passed.
        NotOffered: as `wording_of`.
    """
    last_day = instrument.licence.valid_until
    if last_day is not None and app.clock().date() > last_day:
        raise LicenceOver(instrument.id)
    return wording_of(app, instrument, given_language(app, instrument, language))


def given_language(app: AppServices, instrument: Instrument, language: str) -> str:
    """This language if the form has words in it, else the plan's first."""
    found = app.library.wording(instrument.id, language=language)
    return app.plan.languages[0] if isinstance(found, NoWording) else language


def in_another_language(
    app: AppServices, instruments: Sequence[Instrument], language: str
) -> tuple[str, ...]:
    """A sentence for each form that this language has no words for."""
    return tuple(
        other_language_words(form_title(each), wanted=language, given=given)
        for each in instruments
        for given in [given_language(app, each, language)]
        if given != language
    )


def other_language_words(form: str, *, wanted: str, given: str) -> str:
    return gettext(
        "%(form)s: not available here in %(wanted)s; it is shown in %(given)s.",
        form=form,
        wanted=name_of(wanted),
        given=name_of(given),
    )


def wording_of(app: AppServices, instrument: Instrument, language: str) -> Wording:
    """The words of a form that is open; never another language's.

    Raises:
        NotOffered: no words; a skeleton whose licensed text the site has not brought.
    """
    wording = app.library.wording(instrument.id, language=language)
    if isinstance(wording, NoWording):
        raise NotOffered(instrument.id)
    return wording


def chosen_forms(app: AppServices, names: Sequence[str]) -> tuple[Instrument, ...]:
    """The named forms that may be given, in the plan's order."""
    return tuple(each for each in offers(app).forms if each.id in names)


def recorded_language_words(language: str, languages: Sequence[str]) -> str:
    """What must be said if no form is offered in the language that the record names."""
    if not language or nearest(language, languages):
        return ""
    return gettext(
        "The record names %(language)s as this person's language."
        " No form is offered in it here.",
        language=name_of(language),
    )


def _lacking(app: AppServices, instrument: Instrument) -> str:
    missing = [
        name_of(each)
        for each in app.plan.languages
        if given_language(app, instrument, each) != each
    ]
    return gettext("not in %(names)s", names=", ".join(missing)) if missing else ""


def _licence_over(instrument: Instrument) -> str:
    last_day = instrument.licence.valid_until
    assert last_day is not None
    return gettext(
        "%(form)s is not offered: this clinic's licence ended on %(date)s."
        " Earlier scores stay readable.",
        form=form_title(instrument),
        date=day(last_day),
    )
