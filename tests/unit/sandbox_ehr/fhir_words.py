"""Small things that several of the FHIR tests say."""

import copy


def issues_of(answer):
    assert answer.json["resourceType"] == "OperationOutcome", answer.json
    return [
        (each["code"], each.get("expression", [""])[-1])
        for each in answer.json["issue"]
    ]


def ids_of(bundle):
    return [
        e["resource"]["id"]
        for e in bundle.get("entry", [])
        if e["search"]["mode"] == "match"
    ]


def with_changed(resource, **changes):
    changed = copy.deepcopy(resource) | changes
    return {key: value for key, value in changed.items() if value is not None}


def several(worker, observation, number):
    """That many Observations of marta, one a day."""
    for day in range(1, number + 1):
        made = worker.fhir(
            "PUT",
            f"Observation/o{day}",
            with_changed(
                observation,
                id=f"o{day}",
                effectiveDateTime=f"2026-01-{day:02}T10:00:00Z",
                identifier=[{"system": "urn:x", "value": f"id-{day}"}],
            ),
        )
        assert made.status_code == 201
