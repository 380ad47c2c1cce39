"""Foreign data wrappers, servers and user mappings; foreign tables are tables.

Options that are secrets are never read into a catalog: a fixed word stands for "there is one", and a
statement that has to write one takes it from the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds.column_alter import option_changes
from dbdeed.engines.postgresql.kinds.column_create import foreign_options
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.secrets import with_environment, without_secrets
from dbdeed.engines.postgresql.system import PG_FOREIGN_DATA_WRAPPER, PG_FOREIGN_SERVER, PG_USER_MAPPING
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class ForeignDataWrapper(Named, frozen=True, tag="foreign data wrapper"):
    """A foreign data wrapper; its functions are qualified SQL or ""."""

    name: str
    handler: str
    validator: str
    options: tuple[str, ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("foreign data wrapper", (self.name,))


class Server(Named, frozen=True, tag="server"):
    """A foreign server."""

    name: str
    type: str
    version: str
    wrapper: str
    options: tuple[str, ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("server", (self.name,))


class UserMapping(Named, frozen=True, tag="user mapping"):
    """A user mapping; `user` is "" for PUBLIC."""

    server: str
    user: str
    options: tuple[str, ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("user mapping", (self.server, self.user))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("server", (self.server,))


_WRAPPERS = """
    SELECT w.oid, w.fdwname, CASE WHEN w.fdwhandler = 0 THEN '' ELSE w.fdwhandler::regproc::text END,
        CASE WHEN w.fdwvalidator = 0 THEN '' ELSE w.fdwvalidator::regproc::text END, coalesce(w.fdwoptions,
            '{}')
    FROM pg_foreign_data_wrapper w ORDER BY w.fdwname
"""

_SERVERS = """
    SELECT s.oid, s.srvname, coalesce(s.srvtype, ''), coalesce(s.srvversion, ''), w.fdwname,
        coalesce(s.srvoptions, '{}')
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw ORDER BY s.srvname
"""

_MAPPINGS = """
    SELECT m.umid, m.srvname, CASE WHEN m.umuser = 0 THEN '' ELSE m.usename::text END, coalesce(m.umoptions,
        '{}')
    FROM pg_user_mappings m ORDER BY m.srvname, m.usename
"""

# The view gives NULL for what only others may see, and as well where there is none.
HIDDEN = """
    SELECT m.srvname, CASE WHEN m.umuser = 0 THEN '' ELSE m.usename::text END
    FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid
    WHERE m.umoptions IS NULL AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        AND NOT CASE WHEN m.umuser = 0 THEN pg_has_role(s.srvowner, 'USAGE')
            ELSE m.usename = current_user
                AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')) END
    ORDER BY 1, 2
"""


def read(reading: Reading) -> None:
    for oid, *fields, options in reading.fetch(_WRAPPERS):
        if (PG_FOREIGN_DATA_WRAPPER, oid) not in reading.members:
            wrapper = ForeignDataWrapper(*(*fields, without_secrets(options, (fields[0],))))
            reading.add(wrapper, (PG_FOREIGN_DATA_WRAPPER, oid, 0))
    for oid, *fields, options in reading.fetch(_SERVERS):
        if (PG_FOREIGN_SERVER, oid) not in reading.members:
            server = Server(*(*fields, without_secrets(options, (fields[0],))))
            reading.add(server, (PG_FOREIGN_SERVER, oid, 0))
    for oid, *fields, options in reading.fetch(_MAPPINGS):
        mapping = UserMapping(*(*fields, without_secrets(options, (fields[0], fields[1] or "public"))))
        if mapping.parent in reading.objects:
            reading.add(mapping, (PG_USER_MAPPING, oid, 0))


def _options(options: tuple[str, ...]) -> str:
    return f" OPTIONS ({foreign_options(options)})" if options else ""


def create_wrapper(new: ForeignDataWrapper, _: Context) -> Making:
    text = f"CREATE FOREIGN DATA WRAPPER {ident(new.name)}{_functions(new)}{_options(new.options)}"
    return Making((with_environment(step(text, new.id)),))


def _functions(new: ForeignDataWrapper) -> str:
    handler = f" HANDLER {new.handler}" if new.handler else ""
    return handler + (f" VALIDATOR {new.validator}" if new.validator else "")


def drop_wrapper(old: ForeignDataWrapper, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP FOREIGN DATA WRAPPER {ident(old.name)}", old.id),)


def alter_wrapper(old: ForeignDataWrapper, new: ForeignDataWrapper, _: Context) -> Alteration | None:
    text = f"ALTER FOREIGN DATA WRAPPER {ident(new.name)}"
    if old.handler != new.handler:
        text += f" HANDLER {new.handler}" if new.handler else " NO HANDLER"
    if old.validator != new.validator:
        text += f" VALIDATOR {new.validator}" if new.validator else " NO VALIDATOR"
    return Alteration((with_environment(step(text + _changed(old.options, new.options), new.id)),))


def _changed(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    changes = option_changes(old, new)
    return f" OPTIONS ({changes})" if changes else ""


def create_server(new: Server, _: Context) -> Making:
    text = f"CREATE SERVER {ident(new.name)}"
    if new.type:
        text += f" TYPE {literal(new.type)}"
    if new.version:
        text += f" VERSION {literal(new.version)}"
    text += f" FOREIGN DATA WRAPPER {ident(new.wrapper)}{_options(new.options)}"
    return Making((with_environment(step(text, new.id)),))


def drop_server(old: Server, context: Context) -> tuple[Step, ...]:
    """With its user mappings, which PostgreSQL does not take along."""
    below: tuple[Any, ...] = tuple(context.current.children.get(old.id, ()))
    mappings = [away for one in below if one.id.kind == "user mapping" for away in drop_mapping(one, context)]
    return (*mappings, step(f"DROP SERVER {ident(old.name)}", old.id))


def alter_server(old: Server, new: Server, _: Context) -> Alteration | None:
    if (old.type, old.wrapper) != (new.type, new.wrapper) or (old.version and not new.version):
        return None
    version = f" VERSION {literal(new.version)}" if old.version != new.version else ""
    text = f"ALTER SERVER {ident(new.name)}{version}{_changed(old.options, new.options)}"
    return Alteration((with_environment(step(text, new.id)),))


def _mapped(one: UserMapping) -> str:
    return f"FOR {ident(one.user) if one.user else 'PUBLIC'} SERVER {ident(one.server)}"


def create_mapping(new: UserMapping, _: Context) -> Making:
    return Making(
        (with_environment(step(f"CREATE USER MAPPING {_mapped(new)}{_options(new.options)}", new.id)),)
    )


def drop_mapping(old: UserMapping, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP USER MAPPING {_mapped(old)}", old.id),)


def alter_mapping(old: UserMapping, new: UserMapping, _: Context) -> Alteration | None:
    return Alteration(
        (
            with_environment(
                step(f"ALTER USER MAPPING {_mapped(new)}{_changed(old.options, new.options)}", new.id)
            ),
        )
    )


KINDS = (
    Kind("foreign data wrapper", ForeignDataWrapper, create_wrapper, drop_wrapper, alter_wrapper),
    Kind("server", Server, create_server, drop_server, alter_server),
    Kind("user mapping", UserMapping, create_mapping, drop_mapping, alter_mapping),
)
