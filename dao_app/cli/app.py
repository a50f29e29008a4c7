"""The command tree, and the one place where errors become text and exit codes.

Exit codes: 0 done; 1 a fault of ours, or the doctor found a problem; 2 input; 3 not found; 4 refused by a
rule; 5 locked; 6 network; 7 storage; 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence

import click

from dao_app.app.errors import GuildhallError, InputError, Locked
from dao_app.app.texts import LANGUAGES, Texts, language_of
from dao_app.cli.attachments import attachment
from dao_app.cli.bundles import bundle
from dao_app.cli.commands import BadValue, Duration, Root
from dao_app.cli.contributions import contribution
from dao_app.cli.devices import device, guardian
from dao_app.cli.earnings import earnings, payout, reputation
from dao_app.cli.firms import firm
from dao_app.cli.governance import charter, delegate, department, emergency, leave, role
from dao_app.cli.identity import identity
from dao_app.cli.orgs import invite, join, member, org
from dao_app.cli.payments import payment
from dao_app.cli.proofs import certificate, file
from dao_app.cli.proposals import proposal, vote
from dao_app.cli.render import plain
from dao_app.cli.rewards import rewards
from dao_app.cli.rounds import match, round_
from dao_app.cli.running import demo, node, window
from dao_app.cli.services import Services
from dao_app.cli.session import Session, json_text
from dao_app.cli.tally import tally
from dao_app.cli.task_tables import task
from dao_app.cli.tokens import token
from dao_app.cli.trust import doctor, log, peer, state, watch
from dao_app.cli.witnesses import recovery, witness

INTERRUPTED = 130  # as shells report SIGINT
OUTPUT_CLOSED = 141  # as shells report SIGPIPE

_log = logging.getLogger(__name__)


def tree() -> click.Group:
    """All commands."""
    root = Root()
    for command in (
        identity, org, invite, join, member, task, proposal, vote, contribution, reputation, round_, match,
        payout, earnings, token,
        charter, role, department, delegate, emergency, leave, firm, payment,
        file, certificate, bundle, witness, device, guardian, log, state, peer, doctor, watch, node, window, demo,
        tally, rewards, recovery, attachment,
    ):
        root.add_command(command)
    return root


def run(argv: Sequence[str], services: Services, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; returns its exit code."""
    logging.getLogger().addHandler(logging.NullHandler())  # what no log file takes is not for the terminal
    session = Session(services, Texts(choose_language(argv, environ)))
    session.json = "--json" in argv  # an error of usage is told so too, before anything is parsed
    try:
        return _run(argv, session)
    except GuildhallError as error:
        _present(session, error)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        session.note(error.format_message())
        return InputError.exit_code
    except click.exceptions.Abort as error:  # what click makes of Ctrl+C and of an unanswered question
        if isinstance(error.__cause__, KeyboardInterrupt):
            return INTERRUPTED
        _present(session, Locked("question_unanswered"))
        return Locked.exit_code
    except click.ClickException as error:
        _present(session, usage_error(error))
        return InputError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return OUTPUT_CLOSED
    except Exception as error:  # a bug of ours: say so plainly; the details are in the log
        _log.exception("a command failed")
        _present(session, GuildhallError("internal", method=type(error).__name__))
        return GuildhallError.exit_code


def _run(argv: Sequence[str], session: Session) -> int:
    try:
        result = tree().main(args=list(argv), prog_name="guildhall", standalone_mode=False, obj=session)
        sys.stdout.flush()
    finally:
        session.close()
    return result if isinstance(result, int) else 0


def choose_language(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """``--lang`` wherever it stands, else the locale: help must be in it before anything is parsed."""
    for place, word in enumerate(argv):
        given = word.partition("=")[2] if word.startswith("--lang=") else ""
        if word == "--lang" and place + 1 < len(argv):
            given = argv[place + 1]
        if given in LANGUAGES:
            return given
    return language_of(environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or "")


def usage_error(error: click.ClickException) -> InputError:
    """What ``click`` refuses, in our words."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "guildhall"
    if isinstance(error, click.NoSuchOption):
        return InputError("usage_option", name=error.option_name, command=path)
    if isinstance(error, click.NoSuchCommand):
        return InputError("usage_command", name=error.command_name, command=path)
    if isinstance(error, click.MissingParameter):
        name = error.param.human_readable_name if error.param is not None else ""
        return InputError("usage_missing", name=name, command=path)
    if isinstance(error, click.BadOptionUsage):
        return InputError("usage_option_value", name=error.option_name, command=path)
    if isinstance(error, BadValue):
        name = _as_typed(error.param)
        return _value_error(error, name, path)
    if isinstance(error, click.BadParameter):
        name = error.param.human_readable_name if error.param is not None else ""
        return InputError("usage_value", name=name, detail=error.message, command=path)
    return InputError("usage", detail=error.format_message(), command=path)


def _as_typed(param: click.Parameter | None) -> str:
    """An option as people type it where its name in the program is another one; else its name."""
    if param is None:
        return ""
    typed = max(param.opts, key=len).lstrip("-")
    return param.human_readable_name if typed.replace("-", "_") == param.name else typed


def _value_error(error: BadValue, name: str, path: str) -> InputError:
    """Which values would have fitted."""
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        choices = ", ".join(map(str, kind.choices))
        return InputError("usage_choice", name=name, value=error.value, choices=choices, command=path)
    if isinstance(kind, click.types.IntParamType):
        range_ = f"{kind.min}–{kind.max}" if isinstance(kind, click.IntRange) else ""
        return InputError("usage_number", name=name, value=error.value, range=range_, command=path)
    if isinstance(kind, click.Path):
        return InputError("usage_folder", name=name, value=error.value, command=path)
    if isinstance(kind, Duration):
        return InputError("usage_duration", name=name, value=error.value, command=path)
    return InputError("usage_value", name=name, detail=error.message, command=path)


def _present(session: Session, error: GuildhallError) -> None:
    """What happened, what was not done, what to do: to stderr."""
    said = session.texts.error_text(error)
    if session.json:
        body = {
            "code": error.code, "params": error.params, "kind": type(error).__name__,
            "happened": plain(said.happened), "undone": plain(said.undone), "todo": plain(said.todo),
        }
        session.note(json_text({"error": body}))
        return
    for line in said:
        if line:
            session.note(plain(line))


def _drop_output() -> None:
    """Whoever read us is gone: keep the interpreter from complaining about it at exit."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
