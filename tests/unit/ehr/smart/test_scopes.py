"""Scopes are compared as rights, not as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ehr.smart.scopes import (
    ResourceScope,
    allows,
    as_version_1,
    lacking,
    parse_scope,
    parse_scopes,
    union,
)

RIGHTS = st.sets(st.sampled_from("cruds"), min_size=1).map(
    lambda chosen: "".join(each for each in "cruds" if each in chosen)
)
SCOPES = st.builds(
    lambda level, kind, rights, query: f"{level}/{kind}.{rights}{query}",
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(["Observation", "Patient", "QuestionnaireResponse", "*"]),
    RIGHTS,
    st.sampled_from(["", "?category=a", "?category=a&status=final"]),
)


@pytest.mark.req("SM-40")
@given(SCOPES)
def test_a_scope_survives_reading_and_writing(text: str) -> None:
    assert str(parse_scope(text)) == text


@given(SCOPES)
def test_a_scope_allows_itself(text: str) -> None:
    assert allows(text, text)


@given(st.lists(SCOPES, max_size=6), SCOPES)
def test_joining_scopes_changes_no_right(texts: list[str], needed: str) -> None:
    granted = " ".join(texts)
    joined = " ".join(str(each) for each in union(parse_scopes(granted)))

    assert allows(joined, needed) == allows(granted, needed)


@pytest.mark.req("SM-41")
@pytest.mark.parametrize(
    ("old", "rights"),
    [("read", "rs"), ("write", "cud"), ("*", "cruds")],
)
def test_version_1_is_read_as_what_it_means(old: str, rights: str) -> None:
    scope = parse_scope(f"user/Observation.{old}")

    assert isinstance(scope, ResourceScope)
    assert scope.rights == frozenset(rights)


@pytest.mark.parametrize(
    "text",
    [
        "user/Observation.dus",
        "user/Observation.sr",
        "user/Observation.rr",
        "user/Observation.",
        "user/Observation",
        "user/observation.r",
        "person/Observation.r",
        "user/Observation.r?",
        "user/.r",
        "user/*.x",
        "user/Observation.readwrite",
        "openid",
    ],
)
def test_what_is_no_resource_scope_grants_nothing(text: str) -> None:
    assert parse_scope(text) == text
    assert not allows(text, "user/Observation.r")


@pytest.mark.parametrize(
    ("granted", "needed", "allowed"),
    [
        ("user/Observation.crs", "user/Observation.rs", True),
        ("user/Observation.rs", "user/Observation.crs", False),
        ("user/Observation.r user/Observation.s", "user/Observation.rs", True),
        ("user/*.rs", "user/Observation.rs", True),
        ("user/*.r user/Observation.s", "user/Observation.rs", True),
        ("user/Observation.rs", "user/*.rs", False),
        ("patient/Observation.rs", "user/Observation.rs", False),
        ("system/*.cruds", "user/Observation.rs", False),
        ("user/Observation.read", "user/Observation.rs", True),
        ("user/Observation.write", "user/Observation.c", True),
        ("user/Observation.rs?category=survey", "user/Observation.rs", False),
        ("user/Observation.rs", "user/Observation.rs?category=survey", True),
        (
            "user/Observation.rs?category=survey",
            "user/Observation.rs?category=survey",
            True,
        ),
        ("openid", "openid", True),
        ("", "openid", False),
        ("openid", "", True),
    ],
)
def test_a_grant_covers_what_it_reaches(
    granted: str, needed: str, allowed: bool
) -> None:
    assert allows(granted, needed) is allowed


@pytest.mark.req("SM-30")
def test_what_is_lacking_is_named() -> None:
    granted = "openid user/Patient.r user/Observation.rs"

    assert lacking(granted, "openid user/Patient.r user/Observation.crs") == (
        "user/Observation.crs",
    )


def test_the_old_form_asks_for_no_type_more() -> None:
    asked = "launch openid user/Patient.r user/Observation.crs"

    assert as_version_1(asked) == (
        "launch openid user/Patient.read user/Observation.read user/Observation.write"
    )
