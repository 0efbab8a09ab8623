"""`pio test`: the firmware says `TEST <name> PASS|FAIL|SKIP [why]` for each case and at last `TESTS DONE`."""

from __future__ import annotations

import re

import click
from platformio.public import TestCase, TestRunnerBase, TestStatus

LINE = re.compile(r"TEST\s+(\S+)\s+(PASS|FAIL|SKIP)\s*(.*)")
STATUS = {"PASS": TestStatus.PASSED, "FAIL": TestStatus.FAILED, "SKIP": TestStatus.SKIPPED}


class CustomTestRunner(TestRunnerBase):
    """PlatformIO finds it by this name."""

    NAME = "lines"

    def on_testing_line_output(self, line: str) -> None:
        said = line.strip()
        if case := LINE.fullmatch(said):
            self._add(TestCase(case[1], STATUS[case[2]], message=case[3] or None, stdout=said))
        elif said == "TESTS DONE":
            self.test_suite.on_finish()
        elif re.match(r"!?fault\b", said, re.IGNORECASE):
            self._add(TestCase("no_fault", TestStatus.ERRORED, message=said, stdout=said))
            self.test_suite.on_finish()
        elif self.options.verbose:
            click.echo(line, nl=False)

    def _add(self, case: TestCase) -> None:
        self.test_suite.add_case(case)
        click.echo(f"{case.name}\t[{case.status.name}]")
