"""Failures told at once: a run that is cut off says what has failed until then, and what failed
once is seen though it passed when it was run again."""

import pytest

_MOST_CHARACTERS = 600


class FailuresAtOnce:
    """A plugin that names each test that fails as soon as it has, with what went wrong."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each stage of each test."""
        outcome: str = report.outcome
        if outcome == "rerun":  # pytest-rerunfailures
            self._tell("RUN AGAIN", report, str(report.when))
        elif report.failed:
            self._tell("FAILED", report, str(report.when))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Called by pytest for each file and folder."""
        if report.failed:
            self._tell("FAILED", report, "collection")

    def _tell(
        self, what: str, report: pytest.TestReport | pytest.CollectReport, stage: str
    ) -> None:
        terminal = self._plugins.get_plugin("terminalreporter")
        if terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = crash.message if crash else report.longreprtext
            terminal.write_line(f"\n{what} {report.nodeid} ({stage})")
            terminal.write_line(reason[:_MOST_CHARACTERS])
