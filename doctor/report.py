"""What is shown on the terminal: a table of findings, and how to mend each."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from doctor.finding import Finding, State
from telemetry.redaction import redact

_SIGNS: Final[dict[State, tuple[str, str]]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "fault": ("FAULT", "bold red"),
    "skipped": ("skipped", "dim"),
}


def show(console: Console, findings: Iterable[Finding]) -> list[Finding]:
    """Show all findings and how many there are of each kind; give them back."""
    told = list(findings)
    table = Table(show_header=False, box=None, padding=(0, 1), expand=True)
    for column in ("area", "state", "what"):
        table.add_column(column, no_wrap=column != "what", ratio=1 if column == "what" else None)
    area = ""
    for one in told:
        sign, style = _SIGNS[one.state]
        table.add_row(one.area if one.area != area else "", Text(sign, style), _text(one))
        area = one.area
    console.print(table)
    console.print(_sum(told))
    return told


def _text(finding: Finding) -> Text:
    """Say it as plain text: what an endpoint answered is no markup."""
    text = Text(redact(f"{finding.where}: {finding.what}"))
    if finding.fix and finding.state != "ok":
        text.append(f"\n→ {redact(finding.fix)}", "italic")
    return text


def _sum(findings: list[Finding]) -> Text:
    def count(state: State) -> int:
        return sum(one.state == state for one in findings)

    faults, warnings = count("fault"), count("warning")
    if faults:
        return Text(f"{faults} faults, {warnings} warnings.", "bold red")
    return Text(f"No fault, {warnings} warnings.", "bold green")
