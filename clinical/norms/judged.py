"""Which pack a check's report is about, so that it speaks for no other."""

from typing import Literal

from clinical.norms.canonical import digest_of
from clinical.norms.pack import NormPack, body_of

Judged = Literal["this_pack", "another_pack", "not_said"]
# Put in or changed after the check, or words about where the pack comes from.
_NOT_JUDGED = frozenset(
    {"attributes", "validation", "signed_by", "signed_on", "signed_key", "review_by"}
)


def digest_judged(pack: NormPack) -> str:
    """SHA-256 (hex) of what a check looks at: the curve, for whom and from whom."""
    return digest_of({k: v for k, v in body_of(pack).items() if k not in _NOT_JUDGED})


def judged(pack: NormPack) -> Judged:
    """What the pack's report, if it has one, is about.

    Reports made before they carried a digest do not say.
    """
    said = (pack.validation or {}).get("judged")
    if said is None:
        return "not_said"
    return "this_pack" if said == digest_judged(pack) else "another_pack"
