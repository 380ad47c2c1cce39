"""Every command with its one line of help, so that `dbdeed --help` imports none of them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its name is also its module's in `dbdeed.cli.commands`."""

    name: str
    summary: str


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "The document",
        (
            Entry("init", "Write a new document from the template."),
            Entry("adopt", "Write a document that describes a live database."),
            Entry("check", "Say what in the document is wrong, missing or contradicts itself."),
            Entry("sync", "Bring the document in line with what leads: its SQL, or the database."),
            Entry("erd", "Draw the data models as Mermaid or SVG."),
        ),
    ),
    (
        "The database",
        (
            Entry("up", "Make everything true: check, plan, prove, apply, generate, back up, drill."),
            Entry("plan", "Show the proven steps that make the database match the document."),
            Entry("apply", "Run a plan."),
            Entry("undo", "Take back what a plan did, with the data that the archive has."),
            Entry("migrate", "Write and run migrations as files, in the format of the document's Tool."),
            Entry("archive", "List what plans removed and the database still has, and purge it."),
            Entry("diff", "Compare the document with its database, or any two of either."),
            Entry("status", "Say where the database is, whether it runs and when it was last proven."),
            Entry("stop", "Stop the embedded database."),
        ),
    ),
    ("The code", (Entry("generate", "Write the data access layer."),)),
    (
        "Recovery",
        (
            Entry("backup", "Take, list, verify and prune backups, and archive the log."),
            Entry("restore", "Bring a backup back."),
            Entry("drill", "Restore the newest backup in isolation and prove it."),
            Entry("evidence", "Verify what a drill found, on any machine."),
            Entry("agent", "Run the document's schedule of backups and drills."),
            Entry("ledger", "Keep account of what the database acknowledged, outside of it."),
        ),
    ),
)

SUMMARIES = {entry.name: entry.summary for _, entries in GROUPS for entry in entries}

USAGE = "Usage: dbdeed COMMAND [OPTIONS] [ARGUMENTS]"


def help_text() -> str:
    """What `dbdeed --help` prints."""
    width = max(map(len, SUMMARIES)) + 2
    lines = [USAGE, "", "Makes a database architecture document true, and keeps it so.", ""]
    for title, entries in GROUPS:
        lines.append(f"{title}:")
        lines += [f"  {entry.name:<{width}}{entry.summary}" for entry in entries]
        lines.append("")
    lines += [
        "Options:",
        "  --help     Show this, or a command's own help with examples.",
        "  --version  Show the version.",
        "",
        "Examples:",
        "  dbdeed init                  a new DATABASE.md, by a few questions",
        "  dbdeed up                    the database that ./DATABASE.md describes",
        "  dbdeed plan --format sql     the same change as a script",
        "",
        "Exit codes: 0 yes · 1 findings or differences · 2 invalid input · 3 cannot reach something ·",
        "            4 refused for safety · 70 our own fault",
    ]
    return "\n".join(lines)
