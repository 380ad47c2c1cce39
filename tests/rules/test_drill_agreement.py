"""The rule on the RTO reads what the recovery room writes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.values.duration import parse_duration
from dbdeed.recovery import report
from dbdeed.rules.facts import Facts
from dbdeed.rules.rto_unreachable import measured_row


@pytest.mark.parametrize("seconds", [0.3, 45, 200, 18_120, 273_600])
def test_a_drills_report_is_read_back(seconds: float) -> None:
    measured = report._seconds(seconds)
    row = f"| | Declared | Measured | |\n| --- | --- | --- | --- |\n| RTO | 4 hours | {measured} | met |\n"
    text = f"## Backup and Recovery\n\n<!-- dbdeed:{report.RECOVERY_BLOCK} -->\n{row}<!-- /dbdeed:{report.RECOVERY_BLOCK} -->\n"
    facts = Facts(architecture=read(Source("D.md", text.encode())), today=date(2026, 11, 22))
    assert parse_duration(measured_row(facts)) == timedelta(seconds=seconds)
