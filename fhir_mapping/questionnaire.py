"""An instrument and its wording as a Questionnaire (SDC 4.0.0, R4).

The Questionnaire is generated; `instrument.toml` and `wording.<lang>.toml` are the
source. Other languages of the same instrument become `translation` extensions. A form
filler that extracts Observations from it gets those that we would write: same codes,
same category, same values. The way back is `fhir_mapping.form_structure`.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, assert_never

from fhir_mapping.calculated_score import expression_from_score
from fhir_mapping.known_codes import SCORE_LINK, item_codings, score_codings
from fhir_mapping.questionnaire_head import (
    PROFILES,
    derivation,
    head_extensions,
    meta_of,
    rights_of,
)
from fhir_mapping.r4.codes import (
    CALCULATED,
    ENTRY_FORMAT,
    EXTRACT,
    HIDDEN,
    ITEM_CONTROL,
    ITEM_CONTROL_SYSTEM,
    ITEM_WEIGHT,
    MAX_VALUE,
    MIN_VALUE,
    ORDINAL_VALUE,
    SLIDER_STEP,
    TRANSLATION,
    UCUM,
    UNIT,
    coding_json,
    concept_json,
)
from fhir_mapping.r4.json import Json
from fhir_mapping.r4.models import checked
from questionnaires.instrument import (
    AskIf,
    ChoiceItem,
    Coding,
    Instrument,
    ScoreRule,
    SliderItem,
    TextItem,
    Wording,
)
from questionnaires.instrument import Item as InstrumentItem

QUESTIONNAIRE: Final = "Questionnaire"

_Control = Literal["slider", "lower", "upper"]
_ENDS: Final[tuple[_Control, _Control]] = ("lower", "upper")
_EXTRACTED: Final[Json] = {"url": EXTRACT, "valueBoolean": True}


def questionnaire_from_instrument(
    instrument: Instrument,
    wording: Wording,
    *,
    translations: Sequence[Wording] = (),
    bases: Sequence[Instrument] = (),
) -> Json:
    """The form as others may render it. No item is required: a blank is allowed.

    Args:
        wording: main language; of a skeleton `neutral_wording`.
        translations: validated wordings in other languages, never machine-made.
        bases: instruments it may be derived from, to say how.

    Raises:
        NotValidR4: what we built is not valid.
    """
    texts = _Texts(instrument, wording, translations=translations)
    questionnaire: Json = {
        "resourceType": QUESTIONNAIRE,
        "id": instrument.id,
        "meta": {"profile": list(PROFILES)},
        "language": wording.language,
        "extension": head_extensions(instrument),
        "url": instrument.canonical,
        "version": instrument.version,
        "name": _name(instrument.id),
        **texts.told("title", wording.title, [each.title for each in translations]),
        **derivation(instrument, bases),
        "status": "draft" if instrument.skeleton else "active",
        "experimental": not instrument.validated,
        "subjectType": ["Patient"],
        **meta_of(instrument),
        "copyright": rights_of(instrument, wording),
        "code": [coding_json(instrument.coding)],
    }
    items = [texts.introduction()] if wording.introduction.strip() else []
    items += [texts.item(each) for each in instrument.items]
    items += [_score_item(each, instrument) for each in instrument.scores]
    return checked(questionnaire | {"item": items})


class _Texts:
    """The words of a form in its main language, with their translations."""

    def __init__(
        self,
        instrument: Instrument,
        wording: Wording,
        *,
        translations: Sequence[Wording],
    ) -> None:
        self._instrument = instrument
        self._wording = wording
        self._others = translations
        self._extracted = _extracted(instrument)

    def told(self, key: str, text: str, others: Sequence[str]) -> Json:
        """A text element, and its translations beside it."""
        extensions = [
            {
                "url": TRANSLATION,
                "extension": [
                    {"url": "lang", "valueCode": wording.language},
                    {"url": "content", "valueString": other},
                ],
            }
            for wording, other in zip(self._others, others, strict=True)
            if other.strip()
        ]
        told: Json = {key: text}
        return told | {f"_{key}": {"extension": extensions}} if extensions else told

    def introduction(self) -> Json:
        others = [each.introduction for each in self._others]
        told = self.told("text", self._wording.introduction, others)
        return {"linkId": "introduction", **told, "type": "display"}

    def item(self, item: InstrumentItem) -> Json:
        link_id = item.link_id
        others = [each.items[link_id] for each in self._others]
        extensions = [_EXTRACTED] if link_id in self._extracted else []
        if isinstance(item, SliderItem):
            extensions = [*self._line(item), *extensions]
        version = self._instrument.version
        told: Json = {"extension": extensions} if extensions else {}
        told |= {
            "linkId": link_id,
            "code": item_codings(self._instrument, item, version=version),
            **self.told("text", self._wording.items[link_id], others),
        }
        match item:
            case ChoiceItem():
                told["type"] = "choice"
            case SliderItem():
                told["type"] = "integer"
            case TextItem():
                told["type"] = "text"
            case _:
                assert_never(item)
        if item.ask_if:
            told |= self._enabled_when(item.ask_if)
        match item:
            case ChoiceItem(options=options):
                told["answerOption"] = [
                    self._option(link_id, each.points, each.coding) for each in options
                ]
            case SliderItem():
                told["item"] = self._ends(item)
        return told

    def _enabled_when(self, rule: AskIf) -> Json:
        gate = self._instrument.item(rule.link_id)
        if isinstance(gate, ChoiceItem):
            when: list[Json] = [
                {
                    "question": rule.link_id,
                    "operator": "=",
                    "answerCoding": coding_json(each.coding),
                }
                for each in gate.options
                if each.points >= rule.at_least
            ]
        else:
            assert isinstance(gate, SliderItem)  # as the library's checks prove
            steps = int(rule.at_least / gate.points_per_step)
            when = [
                {
                    "question": rule.link_id,
                    "operator": ">=",
                    "answerInteger": steps,
                }
            ]
        several: Json = {"enableBehavior": "any"} if len(when) > 1 else {}
        return {"enableWhen": when} | several

    def _option(self, link_id: str, points: Decimal, coding: Coding) -> Json:
        # Both: itemWeight is current, ordinalValue is what R4 tools still read.
        weights = [
            {"url": ITEM_WEIGHT, "valueDecimal": points},
            {"url": ORDINAL_VALUE, "valueDecimal": points},
        ]
        label = self._wording.options[link_id][points]
        others = [each.options[link_id][points] for each in self._others]
        value = {**coding_json(coding), **self.told("display", label, others)}
        return {"extension": weights, "valueCoding": value}

    def _line(self, item: SliderItem) -> list[Json]:
        extensions = [
            _control("slider"),
            {"url": SLIDER_STEP, "valueInteger": 1},
            {"url": MIN_VALUE, "valueInteger": item.low},
            {"url": MAX_VALUE, "valueInteger": item.high},
        ]
        if self._instrument.skeleton:
            # Without words, a renderer that knows no lines shows at least the numbers.
            numbers = f"{item.low}-{item.high}"
            extensions.append({"url": ENTRY_FORMAT, "valueString": numbers})
        return extensions

    def _ends(self, item: SliderItem) -> list[Json]:
        return [
            {
                "extension": [_control(control)],
                "linkId": f"{item.link_id}.{control}",
                **self.told(
                    "text",
                    self._wording.anchors[item.link_id][end],
                    [each.anchors[item.link_id][end] for each in self._others],
                ),
                "type": "display",
            }
            for end, control in enumerate(_ENDS)
        ]


def _extracted(instrument: Instrument) -> frozenset[str]:
    """Link ids of the answers that become Observations: those that a score rests on.

    Of a form without scores, every answer but free text: they are its result.
    """
    scored = {link_id for rule in instrument.scores for link_id in rule.link_ids}
    if not instrument.scores:
        scored = {
            each.link_id for each in instrument.items if not isinstance(each, TextItem)
        }
    return frozenset(scored)


def _score_item(rule: ScoreRule, instrument: Instrument) -> Json:
    extensions: list[Json] = [{"url": HIDDEN, "valueBoolean": True}]
    # What only the clinic's manual knows is not published as if it were known.
    if instrument.reversed_known:
        expression: Json = {
            "language": "text/fhirpath",
            "expression": expression_from_score(rule, instrument),
        }
        extensions.append({"url": CALCULATED, "valueExpression": expression})
    # The display becomes the unit of what is extracted.
    unit: Json = {"system": UCUM, "code": "{score}", "display": "{score}"}
    return {
        "extension": [*extensions, {"url": UNIT, "valueCoding": unit}, _EXTRACTED],
        "linkId": f"{SCORE_LINK}{rule.id}",
        "code": score_codings(instrument, rule, version=instrument.version),
        "text": f"{instrument.title}: {rule.id}",
        "type": "decimal",
        "readOnly": True,
    }


def _control(code: _Control) -> Json:
    concept = concept_json({"system": ITEM_CONTROL_SYSTEM, "code": code})
    return {"url": ITEM_CONTROL, "valueCodeableConcept": concept}


def _name(instrument_id: str) -> str:
    """A machine name from the id: "session-outcome" -> "SessionOutcome"."""
    return "".join(part[:1].upper() + part[1:] for part in instrument_id.split("-"))
