"""The norm packs that the plan names, read from beside it at the start."""

from pathlib import Path

from clinical.errors import NormPackError
from clinical.norms.canonical import LARGEST_PACK
from clinical.norms.library import NormLibrary, norm_library
from clinical.plan import MeasurementPlan


def read_norms(plan: MeasurementPlan, folder: Path) -> NormLibrary:
    """Every pack of the plan, believed.

    Raises:
        NormPackError: a file cannot be read, or its pack may not be used here.
    """
    return norm_library(
        plan, {each.file: pack_content(folder / each.file) for each in plan.norms.packs}
    )


def pack_content(path: Path) -> bytes:
    """The bytes of a pack, a little more than a pack may have at most.

    Raises:
        NormPackError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            # A little more than the reader takes: it then says so by itself.
            return stream.read(LARGEST_PACK + 2)
    except OSError as failure:
        raise NormPackError(path.name, f"cannot be read: {failure.strerror}") from None
