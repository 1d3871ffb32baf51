"""The few fields that decide about a score, of one line among millions.

The same bytes say the same. So what decides, the code and the quantity, stays as it
was written: a judgement made once about those bytes is looked up the next time
(`fhir_mapping.bulk_line`). A line with anything else that might matter is not `usual`
and is read whole, by `fhir_mapping.r4.reading`.
"""

from typing import Final

import msgspec

from fhir_mapping.r4.reading import Meta, Reference

_NOTHING: Final = msgspec.Raw(b"")


class ScoreLine(msgspec.Struct, gc=False, rename="camel"):
    """An Observation as far as a plain score needs it; see `Resource` for the rest."""

    resource_type: str = ""
    id: str = ""
    status: str | None = None
    language: str | None = None
    meta: Meta | None = None
    code: msgspec.Raw = _NOTHING
    subject: Reference | None = None
    effective_date_time: str | None = None
    value_quantity: msgspec.Raw = _NOTHING
    # Any of these makes a line unusual.
    effective_instant: msgspec.Raw | None = None
    effective_period: msgspec.Raw | None = None
    value_integer: msgspec.Raw | None = None
    value_string: msgspec.Raw | None = None
    value_codeable_concept: msgspec.Raw | None = None
    data_absent_reason: msgspec.Raw | None = None
    method: msgspec.Raw | None = None
    extension: msgspec.Raw | None = None
    modifier_extension: msgspec.Raw | None = None
    implicit_rules: msgspec.Raw | None = None

    @property
    def usual(self) -> bool:
        """Whether nothing that matters stands outside the fields above."""
        return (
            self.effective_instant
            is self.effective_period
            is self.value_integer
            is self.value_string
            is self.value_codeable_concept
            is self.data_absent_reason
            is self.method
            is self.extension
            is self.modifier_extension
            is self.implicit_rules
            is None
        ) and (
            self.effective_date_time is not None and self.resource_type == "Observation"
        )


_LINE: Final = msgspec.json.Decoder(ScoreLine)


def score_line(line: bytes) -> ScoreLine | None:
    """The fields of one line; None if they are not of the shape they should have."""
    try:
        return _LINE.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def score_lines(lines: bytes) -> list[ScoreLine] | None:
    """The same of many lines; None if not all of them are of that shape.

    Where one value ends and the next begins is not asked here: lines that end with `}`
    and begin with `{` are one value each, if as many are found.
    """
    try:
        return _LINE.decode_lines(lines)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
