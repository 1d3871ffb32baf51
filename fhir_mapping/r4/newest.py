"""The same resource met twice, as paged searches may give it: the newest counts."""

from collections.abc import Iterable, Iterator

from fhir_mapping.r4.dates import to_the_day
from fhir_mapping.r4.reading import Resource
from fhir_mapping.r4.sane_numbers import MAX_DIGITS


def newest_of_each(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Each type and id once, whatever the order; those without an id all stay."""
    found: dict[tuple[str, str], Resource] = {}
    for each in resources:
        if not each.id:
            yield each
            continue
        key = (each.resource_type, each.id)
        other = found.setdefault(key, each)
        if other is not each and _age(each) > _age(other):
            found[key] = each
    yield from found.values()


def _age(resource: Resource) -> tuple[float, int, str]:
    """Ascending with newness; the last part only makes the choice independent of order.

    lastUpdated decides, then a numeric version.
    """
    meta = resource.meta
    updated = to_the_day(meta.last_updated) if meta else None
    version = (meta.version_id if meta else None) or ""
    is_number = version.isascii() and version.isdigit() and len(version) <= MAX_DIGITS
    number = int(version) if is_number else -1
    return (updated.timestamp() if updated else 0.0, number, repr(resource))
