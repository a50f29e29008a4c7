"""The kit of the command tree: translated help, and global options that may stand anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import click

from dao_app.app.dates import read_length
from dao_app.app.errors import InputError
from dao_app.app.texts import LANGUAGES
from dao_app.cli.session import Session

_HEADINGS = {"Options": "cli.help_options", "Commands": "cli.help_commands"}


def session_of(ctx: click.Context) -> Session:
    return cast(Session, ctx.find_root().obj)


class Formatter(click.HelpFormatter):
    """Help with headings in the reader's language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, session_of(click.get_current_context()).t("cli.help_usage") + " ")

    def write_heading(self, heading: str) -> None:
        session = session_of(click.get_current_context())
        key = _HEADINGS.get(heading)
        colon = "：" if session.texts.language == "zh" else ":"
        self.write(f"{'':>{self.current_indent}}{session.t(key) if key else heading}{colon}\n")


class Context(click.Context):
    formatter_class = Formatter


class BadValue(click.BadParameter):
    """A value that its type refuses, with the value itself."""

    def __init__(self, error: click.BadParameter, value: Any) -> None:
        super().__init__(error.message, error.ctx, error.param, error.param_hint)
        self.value = str(value)


class Option(click.Option):
    """An option whose help is the text ``cli.opt.<name>``."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        session = session_of(ctx)
        self.help = session.t(f"cli.opt.{self.name}")
        if self.show_default:
            self.help += " " + session.t("cli.help_default", value=str(self.default))
        return super().get_help_record(ctx)

    def get_help_extra(self, ctx: click.Context) -> Any:
        return {}  # what click would add is in English

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        try:
            return super().type_cast_value(ctx, value)
        except BadValue:
            raise
        except click.BadParameter as error:
            error.param = error.param or self
            raise BadValue(error, value) from error


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        setattr(session_of(ctx), str(param.name), value)


def _globals(hidden: bool) -> list[click.Parameter]:
    """The options that every command takes; listed in the help of the program itself only."""

    def option(declaration: str, name: str, **settings: Any) -> Option:
        return Option([declaration, name], expose_value=False, callback=_keep, hidden=hidden, **settings)

    return [
        option("--home", "home_given", metavar="DIR"),
        option("--org", "org", metavar="ORG"),
        option("--json", "json", is_flag=True),
        option("--passphrase-file", "passphrase_file", metavar="FILE"),
        Option(["--lang"], metavar="en|zh", type=click.Choice(LANGUAGES), expose_value=False, hidden=hidden),
    ]


def text_key(ctx: click.Context, *below: str) -> str:
    """Key of a command's help: "cli.help.task.open"."""
    names = list(below)
    at: click.Context | None = ctx
    while at is not None and at.parent is not None:
        names.insert(0, str(at.command.name))
        at = at.parent
    return ".".join(["cli.help", *names])


class Command(click.Command):
    """Help is the text ``cli.help.<command path>``; global options are added."""

    context_class = Context

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.params = [*self.params, *_globals(hidden=True)]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = session_of(ctx).t("cli.opt.show_help")
        return option

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        allowed, ctx.allow_extra_args = ctx.allow_extra_args, True
        left = super().parse_args(ctx, args)
        if left and not allowed:
            raise InputError("usage_extra", name=left[0], command=ctx.command_path)
        return left

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        self.options_metavar = session_of(ctx).t("cli.metavar.options")
        return super().collect_usage_pieces(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = session_of(ctx).t(text_key(ctx))
        super().format_help_text(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        ctx = click.get_current_context()
        return session_of(ctx).t(text_key(ctx, str(self.name))).split("\n")[0]


class Group(Command, click.Group):
    """A command with commands below it."""

    command_class = Command

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        self.subcommand_metavar = session_of(ctx).t("cli.metavar.command")
        return super().collect_usage_pieces(ctx)


class Root(Group):
    """The program itself; its help lists the global options."""

    def __init__(self) -> None:
        super().__init__("guildhall")
        self.params = _globals(hidden=False)


def option(*declarations: str, **settings: Any) -> Callable[[Any], Any]:
    """An option with translated help."""
    return click.option(*declarations, cls=Option, **settings)


class Duration(click.ParamType[int]):
    """A length of time: "90", "90s", "15m", "2h", "7d", "2w"; seconds come out."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        seconds = read_length(str(value))
        if seconds is None:
            self.fail(str(value), param, ctx)
        return seconds


DURATION = Duration()
