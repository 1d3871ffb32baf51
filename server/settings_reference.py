"""`python -m server.settings_reference`: the configuration page, from the code.

The page is never written by hand; a test fails when it is not current.
"""

from server.settings import SETTINGS_FILE, Settings

HEAD = f"""# Configuration

Settings come from environment variables, or from one TOML file whose path is in
`{SETTINGS_FILE}` (names there in lower case, without `ROM_`). The environment wins.
`rom check` reads everything as `rom serve` would, and says what to mend.

Client secrets and private key sets are never in files of ours: `tenants.toml` names
them, and `ROM_SECRET_<name>` holds them.

| Variable | Default | Meaning |
|---|---|---|
"""


def page() -> str:
    """The whole page; one row per setting, in the order of the code."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{_shown(field.default)}`"
        rows.append(f"| `ROM_{name.upper()}` | {default} | {field.description} |")
    return HEAD + "\n".join(rows) + "\n"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return "[]"
    return str(default) if default != "" else "(empty)"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- the page is what this program is for
