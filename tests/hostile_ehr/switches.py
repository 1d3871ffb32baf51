"""The misbehaviours of the hostile EHR, by name.

Each switch changes one thing in an EHR that is otherwise well-behaved. `{base}` stands
for the EHR's own address, `{evil}` for another one that listens as well.
"""

from typing import Any

ABSENT = "(absent)"

CONFIGURATION: dict[str, dict[str, Any]] = {
    "token endpoint on another host": {"token_endpoint": "https://evil.example/token"},
    "token endpoint on another port": {"token_endpoint": "{evil}/token"},
    "token endpoint in plain http": {"token_endpoint": "http://ehr.example/token"},
    "token endpoint with user info": {"token_endpoint": "http://a@{host}/token"},
    "token endpoint absent": {"token_endpoint": ABSENT},
    "token endpoint no text": {"token_endpoint": 7},
    "authorize endpoint on another host": {
        "authorization_endpoint": "https://evil.example/authorize"
    },
    "authorize endpoint a script": {"authorization_endpoint": "javascript:alert(1)"},
    "authorize endpoint absent": {"authorization_endpoint": ABSENT},
    "key set on another host": {"jwks_uri": "https://evil.example/jwks"},
    "revocation on another host": {"revocation_endpoint": "https://evil.example/r"},
    "issuer of somebody else": {"issuer": "https://evil.example"},
    "only plain PKCE": {"code_challenge_methods_supported": ["plain"]},
    "no PKCE method": {"code_challenge_methods_supported": []},
    "PKCE not advertised": {"code_challenge_methods_supported": ABSENT},
    "PKCE methods no list": {"code_challenge_methods_supported": "S256"},
}

CONFIGURATION_ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "configuration redirects": (302, {"Location": "{evil}/c"}, b""),
    "configuration is not found": (404, {}, b"{}"),
    "configuration fails": (503, {}, b"{}"),
    "configuration is a page": (200, {}, b"<html>log in</html>"),
    "configuration is a list": (200, {}, b"[]"),
    "configuration is empty": (200, {}, b""),
    "configuration is nested too deep": (200, {}, b'{"a":' * 90_000 + b"1"),
    "configuration has doubled members": (
        200,
        {},
        b'{"token_endpoint":"a","token_endpoint":"b"}',
    ),
    "configuration is huge": (200, {}, b'{"a":"' + b"x" * 11_000_000 + b'"}'),
}

TOKEN_MEMBERS: dict[str, dict[str, Any]] = {
    "no patient": {"patient": ABSENT},
    "patient null": {"patient": None},
    "patient empty": {"patient": ""},
    "patient a number": {"patient": 17},
    "patient a list": {"patient": ["p1", "p2"]},
    "patient a path": {"patient": "../Practitioner/1"},
    "patient an URL": {"patient": "https://evil.example/Patient/p1"},
    "patient with query": {"patient": "p1?_format=xml"},
    "patient of a thousand letters": {"patient": "p" * 1000},
    "patient that does not exist": {"patient": "nobody"},
    "encounter a list": {"encounter": ["e1"]},
    "encounter a path": {"encounter": "../e1"},
    "no access token": {"access_token": ABSENT},
    "access token with line break": {"access_token": "a\r\nX-Evil: 1"},
    "access token a number": {"access_token": 5},
    "access token without end": {"access_token": "a" * 40_000},
    "no token type": {"token_type": ABSENT},
    "token type mac": {"token_type": "mac"},
    "scope a list": {"scope": ["openid"]},
    "no id token": {"id_token": ABSENT},
    "id token a number": {"id_token": 5},
    "refresh token an object": {"refresh_token": {"a": 1}},
    "error in a 200": {"error": "invalid_grant"},
}

TOKEN_ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "token redirects": (302, {"Location": "{evil}/token"}, b""),
    "token redirects with method": (307, {"Location": "{evil}/token"}, b""),
    "token 400": (400, {}, b'{"error":"invalid_grant"}'),
    "token 400 with markup": (400, {}, b'{"error":"<script>alert(1)</script>"}'),
    "token 401": (401, {}, b'{"error":"invalid_client"}'),
    "token 429": (429, {"Retry-After": "5"}, b"{}"),
    "token 503": (503, {}, b"down"),
    "token no JSON": (200, {}, b"access_token=a&token_type=bearer"),
    "token not a number": (200, {}, b'{"expires_in":NaN}'),
    "token doubled member": (200, {}, b'{"patient":"a","patient":"b"}'),
}

PATIENT: dict[str, dict[str, Any]] = {
    "another patient": {"id": "p2"},
    "no id": {"id": ABSENT},
    "another resource": {"resourceType": "Practitioner"},
    "an inactive patient": {"active": False},
    "active is a text": {"active": "yes"},
    "a merged patient": {
        "link": [{"type": "replaced-by", "other": {"reference": "Patient/p9"}}]
    },
    "link no list": {"link": {"type": "refer"}},
    "link of texts": {"link": ["replaced-by"]},
}

PATIENT_ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "patient redirects": (302, {"Location": "{evil}/Patient/p1"}, b""),
    "patient unauthorized": (401, {}, b"{}"),
    "patient forbidden": (403, {}, b"{}"),
    "patient gone": (410, {}, b"{}"),
    "patient fails": (500, {}, b"{}"),
    "patient a page": (200, {}, b"<html></html>"),
}

# Positive twins: odd, and right.
HARMLESS_TOKEN_MEMBERS: dict[str, dict[str, Any]] = {
    "nothing odd": {},
    "lower-case bearer": {"token_type": "bearer"},
    "no life named": {"expires_in": ABSENT},
    "life as text": {"expires_in": "3600"},
    "life absurd": {"expires_in": -5},
    "more scopes than asked": {"scope": "openid fhirUser launch user/*.cruds"},
    "unknown members": {"need_patient_banner": False, "tenant": "t", "x": [1.5]},
    "no encounter": {"encounter": ABSENT},
    "no refresh token": {"refresh_token": ABSENT},
}
HARMLESS_PATIENT: dict[str, dict[str, Any]] = {
    "active not said": {"active": ABSENT},
    "seen elsewhere": {
        "link": [{"type": "seealso", "other": {"reference": "Patient/p9"}}]
    },
    "replaces another": {
        "link": [{"type": "replaces", "other": {"reference": "Patient/p0"}}]
    },
}
