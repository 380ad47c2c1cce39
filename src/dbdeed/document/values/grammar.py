"""Every key's grammar in one place: `parse_KEY(text) -> T | Problem` and `write_KEY(value) -> str`.

No value may hold a password, whichever the key: such a text is refused before any grammar can quote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dbdeed.document.values import (
    choice,
    date,
    duration,
    encryption,
    environment,
    folder,
    hosting,
    number,
    objective,
    pool,
    prose,
    retention,
    retry,
    schedule,
    strategy,
    system,
    transactions,
    version,
)
from dbdeed.document.values.secrets import REFUSED, has_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.document.values.problem import Problem

T = TypeVar("T")


def _without_secrets(parse: Callable[[str], T | Problem]) -> Callable[[str], T | Problem]:
    def parse_unless_secret(text: str) -> T | Problem:
        return REFUSED if has_secret(text) else parse(text)

    parse_unless_secret.__doc__ = parse.__doc__
    return parse_unless_secret


parse_date, write_date = _without_secrets(date.parse_date), date.write_date
parse_status, write_status = _without_secrets(choice.parse_status), choice.write_choice
parse_target_state, write_target_state = _without_secrets(choice.parse_target_state), choice.write_choice

parse_system, write_system = _without_secrets(system.parse_system), system.write_system
parse_version, write_version = _without_secrets(version.parse_version), version.write_version
parse_hosting, write_hosting = _without_secrets(hosting.parse_hosting), hosting.write_hosting

parse_patterns, write_patterns = _without_secrets(choice.parse_patterns), choice.write_choices
parse_repositories, write_repositories = (
    _without_secrets(folder.parse_repositories),
    folder.write_repositories,
)
parse_pool, write_pool = _without_secrets(pool.parse_pool), pool.write_pool
parse_env_name, write_env_name = _without_secrets(environment.parse_env_name), environment.write_env_name
parse_env_names, write_env_names = _without_secrets(environment.parse_env_names), environment.write_env_names
parse_retry, write_retry = _without_secrets(retry.parse_retry), retry.write_retry

parse_orm, write_orm = _without_secrets(prose.parse_orm), prose.write_orm
parse_transactions, write_transactions = (
    _without_secrets(transactions.parse_transactions),
    transactions.write_transactions,
)
parse_optimization, write_optimization = _without_secrets(prose.parse_optimization), prose.write_optimization

parse_tool, write_tool = _without_secrets(choice.parse_tool), choice.write_choice
parse_strategy, write_strategy = _without_secrets(strategy.parse_strategy), strategy.write_strategy

parse_frequency, write_frequency = _without_secrets(schedule.parse_frequency), schedule.write_frequency
parse_methods, write_methods = _without_secrets(choice.parse_methods), choice.write_choices
parse_retention, write_retention = _without_secrets(retention.parse_retention), retention.write_retention
parse_destination, write_destination = _without_secrets(folder.parse_destination), folder.write_destination
parse_encryption, write_encryption = (
    _without_secrets(encryption.parse_encryption),
    encryption.write_encryption,
)
parse_objective, write_objective = _without_secrets(objective.parse_objective), objective.write_objective

parse_duration, write_duration = _without_secrets(duration.parse_duration), duration.write_duration
parse_row_count, write_row_count = _without_secrets(number.parse_row_count), number.write_row_count
