"""The site's norm packs: believed once at the start, then chosen for each patient.

No match is no norm; never a neighbour's. Nothing here fits anything or needs numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from clinical.errors import NormPackError
from clinical.expected_response import ExpectedResponse, NoNorm
from clinical.measurement import Episode
from clinical.norms.judged import judged
from clinical.norms.pack import NormPack, PackKey, pack_from_bytes
from clinical.norms.pack_attention import attention_of
from clinical.norms.signature import is_public_key, is_signed
from clinical.plan import MeasurementPlan
from clinical.plan_norms import NamedPack, PlanNorms
from clinical.signals.band import NO_NORMS, NormKey, Norms
from clinical.trajectory import present_sittings


@dataclass(frozen=True, slots=True)
class NormLibrary:
    """Packs that the plan names and that were believed.

    Attributes:
        on_trial: in a replay also a pack speaks that nobody has signed (yet); never
            true where people are told something.
    """

    packs: tuple[NormPack, ...]
    on_trial: bool = False


NO_LIBRARY = NormLibrary(())


def norm_library(plan: MeasurementPlan, contents: Mapping[str, bytes]) -> NormLibrary:
    """Every pack of the plan, checked.

    Args:
        contents: file name -> bytes, for each file that the plan names.

    Raises:
        NormPackError: one of them is tampered with, unsigned, signed by somebody else,
            never checked (or changed since), or not for this plan. One is enough for
            no start: a norm that silently fell away would look like a patient on track.
    """
    found: list[NormPack] = []
    for named in plan.norms.packs:
        pack = pack_from_bytes(contents[named.file], file=named.file)
        _believe(pack, named, plan.norms)
        _fits(pack, plan, named.file, setting=plan.norms.setting)
        pack = _asked(pack, plan, named.file)
        _refuse_second(pack, found, named.file)
        found.append(pack)
    return NormLibrary(tuple(found))


def norms_on_trial(plan: MeasurementPlan, contents: Mapping[str, bytes]) -> NormLibrary:
    """These packs in place of the plan's, signed or not: for a replay alone.

    Args:
        contents: file name -> bytes.

    Raises:
        NormPackError: one is tampered with, changed after its check, not for this
            plan, or two are for the same people.
    """
    found: list[NormPack] = []
    for file, content in contents.items():
        pack = pack_from_bytes(content, file=file)
        # A plan without norms has no setting yet: the pack's is taken.
        _fits(pack, plan, file, setting=plan.norms.setting or pack.key.setting)
        pack = _asked(pack, plan, file)
        _refuse_second(pack, found, file)
        found.append(pack)
    return NormLibrary(tuple(found), on_trial=True)


def norms_for(
    library: NormLibrary,
    episode: Episode,
    *,
    born: date | None,
    today: date,
    new_after_days: int | None = None,
) -> Norms:
    """The norms of exactly this person's age band at intake.

    Args:
        born: date of birth, to the day; None where the record does not say it, and
            then there is no norm at all.
        today: for the day until which a pack may be used without a review.
        new_after_days: a longer pause on a form begins a new course, and an intake.
    """
    if born is None:
        return NO_NORMS
    found: dict[NormKey, ExpectedResponse | NoNorm] = {}
    for pack in library.packs:
        key = pack.key
        answered = present_sittings(
            episode, key.instrument_id, key.respondent, new_after_days=new_after_days
        )
        # The age at intake: a birthday changes neither the norm nor an earlier signal.
        if answered and key.age_band.holds(age_on(born, answered[0].authored.date())):
            named = NormKey(
                key.instrument_id, key.instrument_version, key.language, key.respondent
            )
            found[named] = pack.curve if library.on_trial else _curve(pack, today)
    return found


def overdue(library: NormLibrary, *, today: date) -> tuple[NormPack, ...]:
    """Packs that say nothing any more until somebody has reviewed them."""
    return tuple(each for each in library.packs if _is_overdue(each, today))


def age_on(born: date, day: date) -> int:
    """Whole years; negative if the day is before the birth."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _curve(pack: NormPack, today: date) -> ExpectedResponse | NoNorm:
    return NoNorm("norm_review_overdue") if _is_overdue(pack, today) else pack.curve


def _is_overdue(pack: NormPack, today: date) -> bool:
    return pack.sign_off is None or today > pack.sign_off.review_by


def _believe(pack: NormPack, named: NamedPack, norms: PlanNorms) -> None:
    file = named.file
    if pack.hash != named.sha256:
        raise NormPackError(
            file,
            f"is another pack ({pack.hash[:12]}) than the plan names"
            f" ({named.sha256[:12]}): after a review write its sha256 into the plan",
        )
    if pack.validation is None:
        raise NormPackError(
            file, "holds no validation report; run rom norms check, then sign again"
        )
    sign_off = pack.sign_off
    if sign_off is None or not pack.signature:
        raise NormPackError(file, "is not signed by a named person; run rom norms sign")
    expected = norms.signers.get(sign_off.by)
    if expected is None or not is_public_key(expected):
        raise NormPackError(
            file,
            f"is signed in the name of {sign_off.by}, for whom the plan has no key"
            " (norms.signers)",
        )
    if sign_off.key != expected or not is_signed(
        pack.hash, pack.signature, public_key=expected
    ):
        raise NormPackError(
            file,
            f"its signature was not made with the plan's key of {sign_off.by}:"
            " do not use it; ask them",
        )


def _refuse_second(pack: NormPack, found: Sequence[NormPack], file: str) -> None:
    for other in found:
        if _collide(pack.key, other.key):
            raise NormPackError(
                file,
                f"is for people for whom {other.pack_id} {other.version} is too:"
                " name only one of them in the plan",
            )


def _fits(pack: NormPack, plan: MeasurementPlan, file: str, *, setting: str) -> None:
    """That the report is about the pack, and the pack about this plan's instruments."""
    # A report that does not say (an earlier release's) stands by its signature; to sign
    # such a pack again, it is checked again.
    if judged(pack) == "another_pack":
        raise NormPackError(
            file,
            "its report is of another pack: it was changed after its check. Run rom"
            " norms check PACK SCORES --write, then sign",
        )
    key, curve = pack.key, pack.curve
    if key.setting != setting:
        raise NormPackError(
            file, f"is for the setting {key.setting!r}; the plan's is {setting!r}"
        )
    instrument = plan.instrument(key.instrument_id)
    if instrument is None or instrument.construct != "outcome":
        raise NormPackError(
            file, f"is for {key.instrument_id}, which is no outcome of this plan"
        )
    if instrument.version != key.instrument_version:
        return  # of an earlier version; matches that one's readings and no others
    total = instrument.total
    if (total.low, total.high, instrument.direction) != (
        curve.low,
        curve.high,
        curve.direction,
    ):
        raise NormPackError(
            file, f"was made on another scale than {instrument.id} has here"
        )
    if (total.id, total.link_ids) != (pack.origin.score, pack.origin.items):
        raise NormPackError(
            file, f"was made from other items than {instrument.id} has here"
        )


def _asked(pack: NormPack, plan: MeasurementPlan, file: str) -> NormPack:
    """The pack with the thresholds for the plan's share of false alarms, if it has one.

    A pack of an earlier version of the instrument is not asked for any.
    """
    instrument, share = plan.instrument(pack.key.instrument_id), plan.norms.false_alarms
    assert instrument is not None  # proved by _fits
    if share is None or instrument.version != pack.key.instrument_version:
        return pack
    attention = attention_of(pack, instrument, false_alarms=share, file=file)
    return replace(pack, curve=replace(pack.curve, attention=attention))


def _collide(left: PackKey, right: PackKey) -> bool:
    return _series(left) == _series(right) and left.age_band.meets(right.age_band)


def _series(key: PackKey) -> Sequence[str]:
    return (
        key.instrument_id,
        key.instrument_version,
        key.language,
        key.respondent,
    )
