"""Becomes a PostgreSQL program: run as a file by the interpreter, never imported.

It stands alone, since it runs before privileges are dropped and must start fast. In this order: leave the
network, limit memory, become the unprivileged user, ask to be told of the parent's death, and turn into the
program, or stay beside it where it starts others. The only argument is JSON
(`dbdeed.engines.postgresql.servers.account.Launch`).
"""

import ctypes
import json
import os
import resource
import signal
import sys

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1


def leave_network(libc: ctypes.CDLL) -> None:
    """Enter a network of our own with nothing in it; Unix sockets go on working. Best effort."""
    if os.geteuid() == 0:
        libc.unshare(CLONE_NEWNET)
        return
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs start-up
                file.write(text)


def become(user: int, group: int) -> None:
    os.setgroups([group])
    os.setgid(group)
    os.setuid(user)


def stay_beside(command: list[str], libc: ctypes.CDLL) -> None:
    """Run the program in a process group, and end all of the group when we are asked to end.

    What a program forks is not told of our parent's death: the part of pg_basebackup that streams the log
    would go on for ever.
    """
    awaited = {signal.SIGQUIT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    # Waited for, not handled: nothing that comes before or between two looks is lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    while (number := signal.sigwait(awaited)) == signal.SIGCHLD:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
    for kill in (os.killpg, os.kill):  # it may not lead its group yet
        try:
            kill(child, signal.SIGKILL)
        except OSError:
            continue
    os._exit(128 + number)


def main() -> None:
    asked = json.loads(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    if asked["isolated"]:
        leave_network(libc)
    if asked["memory"]:
        resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    if asked["user"] is not None:
        become(asked["user"], asked["group"])
    os.umask(0o077)
    if asked["detached"]:
        child = os.fork()
        if child:
            print(child, flush=True)
            os._exit(0)
        os.setsid()
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1)
        os.dup2(2, 1)
    if asked["parent"]:
        # SIGQUIT is the postmaster's immediate shutdown: it takes its children with it. A shell has commands
        # in the background ignore it, and a program that says nothing of it would go on doing so.
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
        if os.getppid() != asked["parent"]:
            sys.exit("The parent is gone already.")
    if asked["guarded"]:
        stay_beside(asked["command"], libc)
    os.execv(asked["command"][0], asked["command"])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
