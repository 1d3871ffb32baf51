"""Norm packs for tests: an invented law, signed by an invented person."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from clinical.attention import Horizon
from clinical.forecast import Progress, forecast
from clinical.norms.pack import (
    AgeBand,
    NormPack,
    Origin,
    PackKey,
    SignOff,
    hashed,
    pack_bytes,
)
from clinical.norms.signature import public_key_of, sign
from clinical.norms.source_attributes import KEYS, NOT_AVAILABLE
from clinical.plan import MeasurementPlan
from clinical.plan_norms import NamedPack, PlanNorms
from tests.curves import curve
from tests.instruments import PHQ9

SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
SIGNER = "Dr Test, invented"
SIGNED_ON = date(2026, 1, 15)
REVIEW_BY = date(2027, 1, 15)
BORN = date(1980, 5, 1)
ADULTS = AgeBand(18, 64)
CHANCE = re.compile(r"(?i)probab|\blikel|\brisk of|wahrscheinlich|riesgo de")
KEY = PackKey("phq-9", PHQ9.version, "en", "self", ADULTS, "outpatient")


def pack(**changes: Any) -> NormPack:
    """An unsigned pack of the PHQ-9 for adults, checked; the law is invented."""
    plain = NormPack(
        pack_id="phq-9-invented",
        version="1.0.0",
        key=KEY,
        origin=Origin(
            canonical=PHQ9.canonical,
            score=PHQ9.total.id,
            items=PHQ9.total.link_ids,
            mode="any",
            country="XX",
            period="2020 to 2024",
            exclusions="none",
            missing_handling="sessions without a score are left out",
            legal_basis="invented; nobody's scores",
            n_readings=9000,
            intake_mean="14.2",
            intake_sd="5.1",
            software="tests",
            loglik="-20000.5",
            singular="no",
            steps=("one form only",),
        ),
        curve=replace(curve(), low=Decimal(0), high=Decimal(27)),
        intended_use="tests",
        not_for="patients",
        licence="CC0-1.0",
        attributes=dict.fromkeys(KEYS, NOT_AVAILABLE),
        validation={"on": "2026-01-10", "persons": 500},
        sign_off=None,
    )
    return replace(plain, **changes)


def signed(
    unsigned: NormPack,
    *,
    seed: bytes = SEED,
    by: str = SIGNER,
    review_by: date = REVIEW_BY,
) -> NormPack:
    sign_off = SignOff(by, SIGNED_ON, review_by=review_by, key=public_key_of(seed))
    complete = hashed(replace(unsigned, sign_off=sign_off))
    return replace(complete, signature=sign(seed, complete.hash))


def contents(*packs: NormPack) -> Mapping[str, bytes]:
    """File name -> bytes, as they lie beside the plan."""
    return {f"pack-{at}.json": pack_bytes(each) for at, each in enumerate(packs)}


def plan_naming(
    plan: MeasurementPlan, *packs: NormPack, setting: str = "outpatient"
) -> MeasurementPlan:
    """The plan with `[norms]` for exactly these packs."""
    named = tuple(
        NamedPack(f"pack-{at}.json", each.hash) for at, each in enumerate(packs)
    )
    signers = {SIGNER: public_key_of(SEED)}
    return replace(plan, norms=PlanNorms(setting, signers, named))


def asked(at_least: str, *, false_alarms: str = "0.10") -> NormPack:
    """A pack whose check chose this threshold, the same after each session."""
    budgets = [
        {
            "session": session,
            "false_alarms": false_alarms,
            "at_least": at_least,
            "persons": 900,
            "found": "0.700 (0.600 to 0.800)",
        }
        for session in range(2, 10)
    ]
    forecast = {
        "horizon_session": 10,
        "rci": "6",
        "whole_points": "yes",
        "budgets": budgets,
    }
    return pack(validation={"on": "2026-01-10", "persons": 500, "forecast": forecast})


def norms_toml(
    *packs: NormPack, setting: str = "outpatient", false_alarms: str = ""
) -> str:
    """The same as a part of a plan's file."""
    share = f"false_alarms = {false_alarms}\n" if false_alarms else ""
    tables = "".join(
        f'[[norms.packs]]\nfile = "pack-{at}.json"\nsha256 = "{each.hash}"\n'
        for at, each in enumerate(packs)
    )
    return (
        f'\n[norms]\nsetting = "{setting}"\n{share}[norms.signers]\n'
        f'"{SIGNER}" = "{public_key_of(SEED)}"\n{tables}'
    )


def chance_after(made: NormPack, scores: list[int]) -> float:
    """The probability of ending reliably worse, which nobody is shown."""
    readings = [Progress(at, Decimal(each)) for at, each in enumerate(scores[1:], 2)]
    intake, ten = Decimal(scores[0]), Horizon(10, Decimal(6), whole_points=True)
    return forecast(made.curve, readings, intake=intake, horizon=ten).reliably_worse


def is_told(text: str, chance: float) -> bool:
    """Whether any spelling of the probability stands there, or a word for one.

    Args:
        text: JSON, or a page, of which only what people see counts.
    """
    seen = re.sub(r"<[^>]*>", " ", text)
    percent = "|".join(f"{100 * chance:.{digits}f}" for digits in (0, 1, 2))
    part = "|".join(f"{chance:.{digits}f}" for digits in (2, 3, 4))
    spelt = rf"(?<![\d.])(?:(?:{percent})\s?%|(?:{part})(?!\d))"
    return bool(CHANCE.search(seen) or re.search(spelt, seen.replace(",", ".")))
