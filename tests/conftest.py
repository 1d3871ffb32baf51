"""Says at the end of a run how many ways to answer a form were compared."""

import pytest

# Name of a test's property: so many filled forms were scored twice.
VECTORS = "vectors"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == VECTORS
    ]
    if counts:
        terminalreporter.write_line(
            f"second scorer: N = {sum(counts):,} filled forms"
            f" in {len(counts)} comparisons"
        )
