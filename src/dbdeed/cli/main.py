"""Where the program starts: finds the command's module, turns whatever is raised into words and a code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dbdeed.cli.catalogue import SUMMARIES, USAGE, help_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from dbdeed.errors import DbdeedError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        code = 0
    except KeyboardInterrupt:  # so early or so late that there is nothing to say
        code = INTERRUPTED
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; gives its exit code."""
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        print(help_text())
        return 0
    if arguments[0] in ("--version", "-V", "version"):
        from dbdeed import __version__

        print(f"dbdeed {__version__}")
        return 0
    if arguments[0] not in SUMMARIES:
        return _unknown(arguments[0])
    return _run_command(arguments[0], arguments[1:])


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    near = get_close_matches(name, SUMMARIES, n=1)
    what = "option" if name.startswith("-") else "command"
    hint = f"Did you mean {near[0]!r}?" if near else "`dbdeed --help` lists the commands."
    print(f"{USAGE}\n\nError: no such {what}: {name!r}. {hint}", file=sys.stderr)
    return 2


def _run_command(name: str, arguments: list[str]) -> int:
    from click import Abort, ClickException

    from dbdeed.cli.interrupting import ignore, unwind_when_told
    from dbdeed.errors import DbdeedError

    called = name
    try:
        unwind_when_told()
        # `--help` comes back as a code; commands end by SystemExit or by returning nothing.
        command = _load(name)
        called = _called(name, command, arguments)
        code: object = command.main(arguments, prog_name=f"dbdeed {name}", standalone_mode=False)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except ClickException as error:
        return _report_usage(called, error, arguments)
    except DbdeedError as error:
        return _report(called, error, arguments)
    except (KeyboardInterrupt, Abort):
        ignore()
        print("\nInterrupted. Run the same command again to carry on.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place where an unexpected fault is turned into words
        return _report_fault(called, error, arguments)
    return code if isinstance(code, int) else 0


def _called(name: str, command: click.Command, arguments: list[str]) -> str:
    """The command's whole name: "backup list"."""
    below = arguments[0] if arguments else ""
    return f"{name} {below}" if below in getattr(command, "commands", ()) else name


def _load(name: str) -> click.Command:
    from dbdeed.cli.loading import load_command

    return load_command(name)


def _silence_stdout() -> None:
    """The reader went away (`dbdeed … | head`); nothing more is to be flushed at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_usage(name: str, error: click.ClickException, arguments: list[str]) -> int:
    from dbdeed.cli.output import error_object, wants_json
    from dbdeed.errors import InvalidInput

    if wants_json(arguments):
        hint = f"`dbdeed {name} --help` shows what it takes."
        print(error_object(name, InvalidInput(error.format_message(), hint=hint, code="usage")))
    else:
        error.show()
    return InvalidInput.exit_code


def _report(name: str, error: DbdeedError, arguments: list[str]) -> int:
    from dbdeed.cli.output import error_object, error_text, wants_json

    if error.exit_code == 70:
        return _report_fault(name, error, arguments)
    if wants_json(arguments):
        print(error_object(name, error))
    else:
        print(error_text(error, sys.stderr), file=sys.stderr)
    return error.exit_code


def _report_fault(name: str, error: Exception, arguments: list[str]) -> int:
    """Our own fault: say so, keep the details in a file, and say how to report it."""
    from dbdeed.cli.fault import write_report
    from dbdeed.cli.output import error_object, wants_json
    from dbdeed.errors import OurFault

    report = write_report(name, error)
    message = str(error) if isinstance(error, OurFault) else f"{type(error).__name__} in `dbdeed {name}`."
    hint = f"This is a fault of dbdeed, not yours. Please report it with the details in {report}."
    if wants_json(arguments):
        print(error_object(name, OurFault(message, hint=hint)))
    else:
        print(f"Fault: {message}\n  {hint}", file=sys.stderr)
    return OurFault.exit_code
