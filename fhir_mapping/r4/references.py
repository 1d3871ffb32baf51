"""FHIR references: "Patient/123", the same on a server's address, with a version."""


def reference_parts(reference: str) -> tuple[str, str] | None:
    """Type and id of a literal reference; None for urn:, # and anything odd."""
    if reference.startswith(("urn:", "#")):
        return None
    parts = reference.split("/")
    if len(parts) >= 4 and parts[-2] == "_history":
        parts = parts[:-2]
    if len(parts) < 2 or not parts[-1] or not parts[-2]:
        return None
    return parts[-2], parts[-1]


def type_of(reference: str | None) -> str | None:
    """The type of what a literal reference means; None without one."""
    parts = reference_parts(reference) if reference else None
    return parts[0] if parts else None


def refers_to(
    reference: str, resource_type: str, *, resource_id: str, base: str | None
) -> bool:
    """Whether a reference means this resource.

    Args:
        reference: as it stands in the resource.
        resource_type: "Patient", "QuestionnaireResponse".
        resource_id: logical id on this server.
        base: the server's FHIR base; an absolute reference must then lie below it.
            None accepts any server's address, as examples carry them.
    """
    wanted = f"{resource_type}/{resource_id}"
    if reference == wanted:
        return True
    if reference_parts(reference) != (resource_type, resource_id):
        return False
    if base is None or "://" not in reference:
        return True
    return reference.startswith(f"{base.rstrip('/')}/{wanted}")


def relative(reference: str) -> str:
    """ "Type/id" without server and version; other references unchanged."""
    parts = reference_parts(reference)
    return reference if parts is None else f"{parts[0]}/{parts[1]}"
