"""Filled forms of any instrument that is scored here, for properties."""

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from questionnaires.answers import Answers, answers_from_offered
from questionnaires.instrument import ChoiceItem, Instrument, Item, SliderItem, TextItem
from questionnaires.library import load_library

LIBRARY = load_library()
# No clock decides about these tests: a busy machine is no counterexample.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# A skeleton whose turned items only the clinic knows never has a score.
INSTRUMENTS = [
    LIBRARY.instruments[slug]
    for slug in sorted(LIBRARY.instruments)
    if LIBRARY.instruments[slug].reversed_known
]
SCORED = [each for each in INSTRUMENTS if each.scores]


def offered(item: Item) -> st.SearchStrategy[object]:
    match item:
        case ChoiceItem():
            return st.sampled_from([option.points for option in item.options])
        case SliderItem():
            return st.integers(item.low, item.high)
        case TextItem():
            return st.text(
                st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=50
            )


@st.composite
def filled_forms(
    draw: st.DrawFn, instruments: Sequence[Instrument] = INSTRUMENTS
) -> tuple[Instrument, dict[str, object]]:
    instrument = draw(st.sampled_from(instruments))
    given_ = {
        item.link_id: draw(st.none() | offered(item)) for item in instrument.items
    }
    return instrument, given_


def answered(form: tuple[Instrument, dict[str, object]]) -> Answers:
    instrument, given_ = form
    return answers_from_offered(instrument, given_, language="en")
