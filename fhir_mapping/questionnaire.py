"""An instrument and its wording as a Questionnaire.

The Questionnaire is generated; `instrument.toml` and `wording.<lang>.toml` are the
source. Other languages of the same instrument become `translation` extensions. The way
back is `fhir_mapping.form_structure`.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, assert_never

from fhir_mapping.calculated_score import expression_from_score
from fhir_mapping.known_codes import SCORE_LINK
from fhir_mapping.r4.codes import (
    CALCULATED,
    HIDDEN,
    ITEM_CONTROL,
    ITEM_CONTROL_SYSTEM,
    ITEM_WEIGHT,
    MAX_VALUE,
    MIN_VALUE,
    ORDINAL_VALUE,
    SDC_PROFILE,
    SLIDER_STEP,
    TRANSLATION,
    VERSION_ALGORITHM,
    VERSION_ALGORITHM_SYSTEM,
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


def questionnaire_from_instrument(
    instrument: Instrument, wording: Wording, *, translations: Sequence[Wording] = ()
) -> Json:
    """The form as others may render it.

    Args:
        wording: main language.
        translations: validated wordings in other languages, never machine-made.

    Raises:
        NotValidR4: what we built is not valid.
    """
    texts = _Texts(instrument, wording, translations=translations)
    semver = {"system": VERSION_ALGORITHM_SYSTEM, "code": "semver"}
    questionnaire: Json = {
        "resourceType": QUESTIONNAIRE,
        "id": instrument.id,
        "meta": {"profile": [SDC_PROFILE]},
        "language": wording.language,
        "extension": [{"url": VERSION_ALGORITHM, "valueCoding": semver}],
        "url": instrument.canonical,
        "version": instrument.version,
        "name": _name(instrument.id),
        **texts.told("title", wording.title, [each.title for each in translations]),
        "status": "draft" if instrument.skeleton else "active",
        "experimental": not instrument.validated,
        "subjectType": ["Patient"],
        "copyright": wording.notice or instrument.licence.terms,
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
        told: Json = {"linkId": link_id}
        if item.codings:
            told["code"] = [coding_json(each) for each in item.codings]
        told |= self.told("text", self._wording.items[link_id], others)
        if item.ask_if:
            told |= self._enabled_when(item.ask_if)
        match item:
            case ChoiceItem():
                options = [
                    self._option(link_id, each.points, each.coding)
                    for each in item.options
                ]
                return told | {"type": "choice", "answerOption": options}
            case SliderItem():
                return self._slider(item, told)
            case TextItem():
                return told | {"type": "text"}
            case _:
                assert_never(item)

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

    def _slider(self, item: SliderItem, told: Json) -> Json:
        extensions = [
            _control("slider"),
            {"url": SLIDER_STEP, "valueInteger": 1},
            {"url": MIN_VALUE, "valueInteger": item.low},
            {"url": MAX_VALUE, "valueInteger": item.high},
        ]
        slider: Json = {"extension": extensions, **told, "type": "integer"}
        anchors = [
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
        return slider | {"item": anchors}


def _score_item(rule: ScoreRule, instrument: Instrument) -> Json:
    # What only the clinic's manual knows is not published as if it were known.
    if not instrument.reversed_known:
        return {
            "extension": [{"url": HIDDEN, "valueBoolean": True}],
            "linkId": f"{SCORE_LINK}{rule.id}",
            "code": [coding_json(rule.coding)],
            "type": "decimal",
            "readOnly": True,
        }
    expression = expression_from_score(rule, instrument)
    return {
        "extension": [
            {"url": HIDDEN, "valueBoolean": True},
            {
                "url": CALCULATED,
                "valueExpression": {
                    "language": "text/fhirpath",
                    "expression": expression,
                },
            },
        ],
        "linkId": f"{SCORE_LINK}{rule.id}",
        "code": [coding_json(rule.coding)],
        "type": "decimal",
        "readOnly": True,
    }


def _control(code: _Control) -> Json:
    concept = concept_json({"system": ITEM_CONTROL_SYSTEM, "code": code})
    return {"url": ITEM_CONTROL, "valueCodeableConcept": concept}


def _name(instrument_id: str) -> str:
    """A machine name from the id: "session-outcome" -> "SessionOutcome"."""
    return "".join(part[:1].upper() + part[1:] for part in instrument_id.split("-"))
