"""From a norm, or from cells of several sites, to an unsigned pack."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

import numpy as np

from clinical.measurement import Mode
from clinical.norms.choose import choose_form
from clinical.norms.conformal import Scales
from clinical.norms.fit import Fit
from clinical.norms.form import Form, RandomPart
from clinical.norms.norm import (
    Norm,
    Scale,
    curve_of,
    forms_of,
    make_norm,
    tier_of,
)
from clinical.norms.pack import NormPack, Origin, PackKey, hashed
from clinical.norms.readings import BoolArray, FloatArray, Readings
from clinical.norms.rules import NormRules
from clinical.norms.source_attributes import KEYS, NOT_AVAILABLE
from questionnaires.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Said:
    """What only the makers of a pack can say about it.

    Attributes:
        attributes: source attributes in their own words, in place of ours.
    """

    pack_id: str
    version: str
    mode: Mode | Literal["any"]
    country: str
    period: str
    exclusions: str
    missing_handling: str
    legal_basis: str
    licence: str
    software: str
    developer: str
    funding: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def fit_pack(
    readings: Readings,
    instrument: Instrument,
    *,
    key: PackKey,
    said: Said,
    rules: NormRules,
    knot_session: float | None,
    seed: int,
) -> NormPack:
    """The pack of these people: form chosen by prediction, bands calibrated.

    Raises:
        TooFewPeople: the rules allow no norm of so few.
        NotFitted: the model has no fit.
    """
    tier = tier_of(int((readings.rows_per_person > 0).sum()), rules)
    forms = tuple(
        each for each in forms_of(tier) if knot_session is not None or not each.has_knot
    )
    choice = choose_form(
        readings,
        forms,
        n_folds=rules.folds,
        knot_session=knot_session,
        random=np.random.default_rng(seed),
    )
    norm = make_norm(
        readings,
        scale_of(instrument),
        form=choice.form,
        rules=rules,
        knot_session=knot_session,
        random=np.random.default_rng(seed),
    )
    steps = tuple(
        f"{' + '.join(each.richer.terms)} ({each.richer.random}) against"
        f" {' + '.join(each.simpler.terms)} ({each.simpler.random}): log score per"
        f" person {each.gain:+.4f}, standard error {each.standard_error:.4f};"
        f" {'kept' if each.richer_won else 'not kept'}"
        for each in choice.contests
    )
    return pack_of(
        norm,
        instrument,
        key=key,
        said=said,
        intake=(float(readings.intake.mean()), float(readings.intake.std(ddof=1))),
        steps=(f"tier {tier}, seed {seed}", *steps),
    )


def pack_of(
    norm: Norm,
    instrument: Instrument,
    *,
    key: PackKey,
    said: Said,
    intake: tuple[float, float],
    steps: tuple[str, ...],
) -> NormPack:
    """The unsigned pack of a norm, without a validation report.

    Args:
        intake: mean and SD of the first scores, in score points.
        steps: how the form was chosen, for people who check.
    """
    curve = curve_of(
        norm, pack_id=f"{said.pack_id} {said.version}", pack_hash="", provenance=""
    )
    group = f"{key.setting}, {key.language}, ages {key.age_band.start} to"
    group += f" {key.age_band.to or 'any'}"
    pack = NormPack(
        pack_id=said.pack_id,
        version=said.version,
        key=key,
        origin=Origin(
            canonical=instrument.canonical,
            score=instrument.total.id,
            items=instrument.total.link_ids,
            mode=said.mode,
            country=said.country,
            period=said.period,
            exclusions=said.exclusions,
            missing_handling=said.missing_handling,
            legal_basis=said.legal_basis,
            n_readings=norm.fit.n_rows,
            intake_mean=f"{intake[0]:.4f}",
            intake_sd=f"{intake[1]:.4f}",
            software=said.software,
            loglik=f"{norm.fit.loglik:.6f}",
            singular="yes" if norm.fit.singular else "no",
            steps=steps,
        ),
        curve=curve,
        intended_use="shows the treating clinician where the scores of people with a"
        " similar start were, so that clinician and client can talk about a course"
        " that differs",
        not_for="diagnosis, triage, prediction of suicide, ranking of clinicians; other"
        " languages, ages, settings or versions of the form; a goal of treatment",
        licence=said.licence,
        attributes=_attributes(said, group),
        validation=None,
        sign_off=None,
    )
    return hashed(pack)


def _attributes(said: Said, group: str) -> dict[str, str]:
    """What the makers and the way of making can say; the rest is not available."""
    review = "after review_by the pack says nothing until a named person has reviewed"
    review += " and signed it again; rom norms check tells how it does on newer people"
    return {
        **dict.fromkeys(KEYS, NOT_AVAILABLE),
        "developer": said.developer,
        "funding": said.funding,
        "value_produced": "expected score with a 68 % and an 80 % range",
        "output_type": "prediction",
        "intended_use": "to notice a course that differs from the usual one",
        "intended_patients": group,
        "intended_users": "the treating clinician, with the client",
        "role_in_decision": "informs; it replaces no judgement",
        "cautioned_against": "everything that not_for names",
        "known_risks_and_limits": "describes people who stayed in treatment until each"
        " session; holds on average over people and sessions, not for each; false"
        " alarms and missed courses",
        "training_inclusion_exclusion": said.exclusions,
        "demographic_inputs": "none; language and age choose the pack",
        "training_representativeness": f"{group}; of the people who made the pack"
        " nothing else is known to it",
        "training_relevance": group,
        "fairness_approach": "the check tells the share beyond each line by language,"
        " age and sex where known, with intervals",
        "bias_reduction": "a pack of its own for each language, age band and setting;"
        " who matches none has no norm",
        "validity_monitoring": review,
        "fairness_monitoring": review,
        "update_schedule": review,
        **said.attributes,
    }


def scale_of(instrument: Instrument) -> Scale:
    """The range of the score whose course is followed."""
    total = instrument.total
    return Scale(float(total.low), float(total.high), instrument.direction)


def norm_of_pack(pack: NormPack) -> Norm:
    """The pack's curve as arrays, to look at many people at once."""
    curve = pack.curve
    spread = [float(each) for each in curve.g]
    random: RandomPart = "intercept_and_slope"
    if spread[1] == spread[2] == 0:
        random = "intercept"
    found = Fit(
        Form(curve.terms, random),
        float(curve.reference_intake),
        beta=np.array([float(each) for each in curve.b]),
        cov_beta=np.array([[float(each) for each in row] for row in curve.cov_b]),
        g=np.array([[spread[0], spread[1]], [spread[1], spread[2]]]),
        sigma2=float(curve.sigma2),
        loglik=float(pack.origin.loglik),
        reml=True,
        n_rows=pack.origin.n_readings,
        n_persons=curve.sample.n_persons,
        singular=pack.origin.singular == "yes",
        evaluations=0,
    )
    knot = curve.knot_session
    return Norm(
        "full",
        found,
        Scales(float(curve.k_68), float(curve.k_80), curve.sample.n_persons),
        scale=Scale(float(curve.low), float(curve.high), curve.direction),
        knot_session=None if knot is None else float(knot),
        intake_low=float(curve.intake_low),
        intake_high=float(curve.intake_high),
        n_persons=curve.sample.n_persons,
        n_per_session=curve.sample.n_per_session,
        max_session=curve.max_session,
    )


def with_report(pack: NormPack, report: dict[str, object]) -> NormPack:
    """The pack with its validation report; a signature on it no longer counts."""
    same = report["people"] == "same"
    attributes = dict(pack.attributes)
    for name in ("internal", "external", "local"):
        # A report of others replaces that of the same people, and the other way round.
        known = "see validation" if same == (name == "internal") else NOT_AVAILABLE
        attributes |= {f"validity_{name}": known, f"fairness_{name}": known}
    return hashed(
        replace(
            pack,
            validation=report,
            attributes=attributes,
            sign_off=None,
            signature="",
        )
    )


def rci_of(instrument: Instrument) -> tuple[Decimal, bool] | None:
    """The reliable change, and whether exactly so much is enough."""
    change = instrument.reliable_change
    return None if change is None else (change.value, change.operator == ">=")


def reliably_worse(change: FloatArray, instrument: Instrument) -> BoolArray | None:
    """Which changes are reliable; None without such a number.

    Args:
        change: score points, positive is worse (or better, to ask for gains).
    """
    found = rci_of(instrument)
    if found is None:
        return None
    rci, equal_is_enough = float(found[0]), found[1]
    # Scores are exact on a grid of hundredths; a hair keeps sums of tenths equal.
    hair = -1e-9 if equal_is_enough else 1e-9
    reliable: BoolArray = change > rci + hair
    return reliable
