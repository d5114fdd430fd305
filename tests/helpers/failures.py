"""Failures told at once: a run that is cut off says what has failed until then."""

import pytest

_MOST_CHARACTERS = 600


class FailuresAtOnce:
    """A plugin that names each test that fails as soon as it has, with what went wrong."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each stage of each test."""
        terminal = self._plugins.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = crash.message if crash else report.longreprtext
            terminal.write_line(f"\nFAILED {report.nodeid} ({report.when})")
            terminal.write_line(reason[:_MOST_CHARACTERS])
