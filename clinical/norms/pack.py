"""A norm pack: a curve with its provenance, written in one way, hashed and signed.

Read here without numpy: what makes packs is `clinical.norms.made_pack`. The hash is
the SHA-256 of the canonical JSON without `hash` and `signature`; who signed, when, and
until when it may be used are part of what is hashed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from clinical.errors import NormPackError
from clinical.expected_response import ExpectedResponse
from clinical.measurement import Mode, Respondent
from clinical.norms.canonical import (
    Json,
    NotCanonical,
    canonical_bytes,
    content_of,
    digest_of,
)
from clinical.norms.pack_curve import count, curve_from, curve_json
from clinical.norms.source_attributes import KEYS
from questionnaires.errors import InstrumentFileError
from questionnaires.table import Table

FORMAT = "rom-on-fhir/norm-pack/1"
_RESPONDENTS: Mapping[str, Respondent] = {"self": "self", "carer": "carer"}
_MODES: Mapping[str, Mode | Literal["any"]] = {
    **{"screen": "screen", "paper": "paper", "interview": "interview"},
    "any": "any",
}


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Whole years at intake, both ends included; no upper end if `to` is None."""

    start: int
    to: int | None

    def holds(self, age: int) -> bool:
        return age >= self.start and (self.to is None or age <= self.to)

    def meets(self, other: "AgeBand") -> bool:
        """Whether somebody's age lies in both."""
        return not (
            (self.to is not None and self.to < other.start)
            or (other.to is not None and other.to < self.start)
        )


@dataclass(frozen=True, slots=True)
class PackKey:
    """For whose answers the pack holds: all of it must match, or there is no norm."""

    instrument_id: str
    instrument_version: str
    language: str
    respondent: Respondent
    age_band: AgeBand
    setting: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose readings, and how they became a curve.

    Attributes:
        items: link ids that the score was made of, in order.
        mode: how the forms were filled in; "any" if they were mixed or nobody knows.
        country: as the site writes it, such as "DE".
        period: first and last year or day, as the site writes it.
        n_readings: after the intake.
        loglik: restricted log-likelihood, as a decimal text.
        singular: the data would rather have a smaller random part.
    """

    canonical: str
    score: str
    items: tuple[str, ...]
    mode: Mode | Literal["any"]
    country: str
    period: str
    exclusions: str
    missing_handling: str
    legal_basis: str
    n_readings: int
    intake_mean: str
    intake_sd: str
    software: str
    loglik: str
    singular: Literal["yes", "no"]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignOff:
    """Who put the pack into use, until when. Without it a pack is not read.

    Attributes:
        key: public key (base64) whose owner signed.
        review_by: after this day the pack says nothing until it is reviewed.
    """

    by: str
    on: date
    review_by: date
    key: str


@dataclass(frozen=True, slots=True)
class NormPack:
    """One pack, as written.

    Attributes:
        attributes: the source attributes of a predictive decision support
            intervention, each with a text; "not available" where nothing is known.
        validation: the report of `rom norms check`; None before it was made.
        hash: SHA-256 (hex) of all but itself and the signature; "" before written.
        signature: base64; "" before signed.
    """

    pack_id: str
    version: str
    key: PackKey
    origin: Origin
    curve: ExpectedResponse
    intended_use: str
    not_for: str
    licence: str
    attributes: Mapping[str, str]
    validation: Json | None
    sign_off: SignOff | None
    hash: str = ""
    signature: str = field(default="", repr=False)


def pack_bytes(pack: NormPack) -> bytes:
    """The file, one line, ended by a line feed."""
    body = body_of(pack)
    whole = {**body, "hash": digest_of(body), "signature": pack.signature}
    return canonical_bytes(whole) + b"\n"


def hashed(pack: NormPack) -> NormPack:
    """The pack with the hash of what it says, also in its curve."""
    found = digest_of(body_of(pack))
    sample = replace(pack.curve.sample, pack_hash=found)
    return replace(pack, hash=found, curve=replace(pack.curve, sample=sample))


def pack_from_bytes(content: bytes, *, file: str) -> NormPack:
    """The pack, if it says what its hash says. Nothing about its signature.

    Raises:
        NormPackError: changed, written in another way, or not a pack.
    """
    try:
        whole = dict(content_of(content.removesuffix(b"\n")))
        said, signature = whole.pop("hash", None), whole.pop("signature", None)
        found = digest_of(whole)
        if said != found:
            raise NormPackError(
                file,
                "its content is not what its hash says: it was changed after it was"
                " made. Take the file from who made it",
            )
        if not isinstance(signature, str):
            raise NormPackError(file, "signature: is no text")
        pack = _pack(Table(file, "", whole), digest=found, signature=signature)
    except NotCanonical as problem:
        raise NormPackError(file, f"is no norm pack: {problem}") from None
    except InstrumentFileError as error:  # the reader of tables is shared
        raise NormPackError(file, f"{error.key}: {error.problem}") from None
    if pack_bytes(pack) != content:
        raise NormPackError(file, "says something in a way that no pack is written in")
    return pack


def body_of(pack: NormPack) -> dict[str, Any]:
    """Everything that is hashed, as JSON."""
    key, origin, sign_off = pack.key, pack.origin, pack.sign_off
    sample = pack.curve.sample
    return {
        "format": FORMAT,
        "pack_id": pack.pack_id,
        "version": pack.version,
        **key_json(
            key,
            canonical=origin.canonical,
            score=origin.score,
            items=list(origin.items),
        ),
        "mode": origin.mode,
        "country": origin.country,
        "curve": curve_json(pack.curve),
        "n_persons": sample.n_persons,
        "n_per_session": list(sample.n_per_session),
        "n_readings": origin.n_readings,
        "intake_mean": origin.intake_mean,
        "intake_sd": origin.intake_sd,
        "period": origin.period,
        "exclusions": origin.exclusions,
        "missing_handling": origin.missing_handling,
        "legal_basis": origin.legal_basis,
        "software": origin.software,
        "loglik": origin.loglik,
        "singular": origin.singular,
        "steps": list(origin.steps),
        "intended_use": pack.intended_use,
        "not_for": pack.not_for,
        "licence": pack.licence,
        "attributes": dict(pack.attributes),
        "validation": pack.validation,
        "signed_by": sign_off.by if sign_off else None,
        "signed_on": sign_off.on.isoformat() if sign_off else None,
        "signed_key": sign_off.key if sign_off else None,
        "review_by": sign_off.review_by.isoformat() if sign_off else None,
    }


def key_json(key: PackKey, **of_instrument: Any) -> dict[str, Any]:
    """For whose answers, as packs and cells say it.

    Args:
        of_instrument: what else is said of the instrument.
    """
    return {
        "instrument": {
            "id": key.instrument_id,
            "version": key.instrument_version,
            **of_instrument,
        },
        "language": key.language,
        "respondent": key.respondent,
        "age_band": {"from": key.age_band.start, "to": key.age_band.to},
        "setting": key.setting,
    }


def key_from(table: Table, instrument: Table) -> PackKey:
    """The way back.

    Raises:
        InstrumentFileError: something is missing or is none.
    """
    return PackKey(
        instrument_id=instrument.text("id"),
        instrument_version=instrument.text("version"),
        language=table.text("language"),
        respondent=table.one_of("respondent", _RESPONDENTS),
        age_band=_age_band(table.table("age_band")),
        setting=table.text("setting"),
    )


def _pack(table: Table, *, digest: str, signature: str) -> NormPack:
    if table.text("format") != FORMAT:
        raise table.refuse("format", f"is not {FORMAT}: made by another version?")
    instrument = table.table("instrument")
    key = key_from(table, instrument)
    origin = _origin(table, instrument)
    instrument.finish()
    pack_id, version = table.text("pack_id"), table.text("version")
    pack = NormPack(
        pack_id=pack_id,
        version=version,
        key=key,
        origin=origin,
        curve=curve_from(
            table,
            pack_id=f"{pack_id} {version}",
            pack_hash=digest,
            provenance=f"{key.setting}, {origin.country}, {origin.period},"
            f" {key.language}",
        ),
        intended_use=table.text("intended_use"),
        not_for=table.text("not_for"),
        licence=table.text("licence"),
        attributes=_attributes(table.table("attributes")),
        validation=_validation(table),
        sign_off=_sign_off(table),
        hash=digest,
        signature=signature,
    )
    table.finish()
    return pack


def _origin(table: Table, instrument: Table) -> Origin:
    return Origin(
        canonical=instrument.text("canonical"),
        score=instrument.text("score"),
        items=instrument.texts("items"),
        mode=table.one_of("mode", _MODES),
        country=table.text("country"),
        period=table.text("period"),
        exclusions=table.text("exclusions"),
        missing_handling=table.text("missing_handling"),
        legal_basis=table.text("legal_basis"),
        n_readings=count(table, "n_readings"),
        intake_mean=table.text("intake_mean"),
        intake_sd=table.text("intake_sd"),
        software=table.text("software"),
        loglik=table.text("loglik"),
        singular=table.one_of("singular", {"yes": "yes", "no": "no"}),
        steps=table.texts("steps"),
    )


def _age_band(table: Table) -> AgeBand:
    start, to = table.whole("from"), None
    if table.content.get("to") is None:
        table.read.add("to")
    else:
        to = table.whole("to")
    table.finish()
    if start < 0 or (to is not None and to < start):
        raise table.refuse("", "is no span of ages")
    return AgeBand(start, to)


def _attributes(table: Table) -> Mapping[str, str]:
    found = {key: table.text(key) for key in KEYS}
    table.finish()
    return found


def _validation(table: Table) -> Json | None:
    table.read.add("validation")
    found = table.content.get("validation")
    if found is not None and not isinstance(found, dict):
        raise table.refuse("validation", "is neither a report nor null")
    return found


def _sign_off(table: Table) -> SignOff | None:
    keys = ("signed_by", "signed_on", "signed_key", "review_by")
    if all(table.content.get(each) is None for each in keys):
        table.read.update(keys)
        return None
    return SignOff(
        table.text("signed_by"),
        on=_day(table, "signed_on"),
        review_by=_day(table, "review_by"),
        key=table.text("signed_key"),
    )


def _day(table: Table, key: str) -> date:
    try:
        return date.fromisoformat(table.text(key))
    except ValueError:
        raise table.refuse(key, "is no day, such as 2026-11-25") from None
