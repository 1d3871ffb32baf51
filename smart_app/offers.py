"""Which forms may be given today: those with words here and a licence in force."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext

from questionnaires.instrument import Instrument, Wording
from questionnaires.library import NoWording
from smart_app.errors import LicenceOver, NotOffered
from smart_app.services import AppServices
from smart_app.words import day


@dataclass(frozen=True, slots=True)
class Offers:
    """The plan's forms in the plan's order.

    Attributes:
        withheld: a sentence for each form that cannot be given, and why.
    """

    forms: tuple[Instrument, ...]
    withheld: tuple[str, ...]


def offers(app: AppServices) -> Offers:
    """What may be handed over now, in the language that patients are offered first."""
    forms: list[Instrument] = []
    withheld: list[str] = []
    for each in app.plan.instruments:
        try:
            offered_wording(app, each, app.plan.languages[0])
        except LicenceOver:
            withheld.append(_licence_over(each))
        except NotOffered:
            withheld.append(
                gettext(
                    "%(form)s is not offered: its wording is missing.",
                    form=each.title,
                )
            )
        else:
            forms.append(each)
    return Offers(tuple(forms), tuple(withheld))


def offered_wording(app: AppServices, instrument: Instrument, language: str) -> Wording:
    """The words of a form that may be given today.

    Raises:
        LicenceOver: the last day of the site's licence has passed.
        NotOffered: as `wording_of`.
    """
    last_day = instrument.licence.valid_until
    if last_day is not None and app.clock().date() > last_day:
        raise LicenceOver(instrument.id)
    return wording_of(app, instrument, language)


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


def _licence_over(instrument: Instrument) -> str:
    last_day = instrument.licence.valid_until
    assert last_day is not None
    return gettext(
        "%(form)s is not offered: this clinic's licence ended on %(date)s."
        " Earlier scores stay readable.",
        form=instrument.title,
        date=day(last_day),
    )
