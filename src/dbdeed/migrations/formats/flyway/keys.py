"""The settings of Flyway's configuration: those that we follow, those that we cannot, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS = frozenset(
    [
        "locations",
        "table",
        "defaultSchema",
        "schemas",
        "sqlMigrationPrefix",
        "undoSqlMigrationPrefix",
        "repeatableSqlMigrationPrefix",
        "baselineMigrationPrefix",
        "sqlMigrationSeparator",
        "sqlMigrationSuffixes",
        "placeholderReplacement",
        "placeholderPrefix",
        "placeholderSuffix",
        "placeholderSeparator",
        "encoding",
        "executeInTransaction",
        "mixed",
        "installedBy",
        "baselineDescription",
        "baselineOnMigrate",
        "baselineVersion",
        "tablespace",
        "validateMigrationNaming",
        "skipDefaultCallbacks",
        "createSchemas",
    ]
)
ONLY_DEFAULT: Mapping[str, frozenset[str]] = {
    "callbacks": frozenset({""}),
    "callbackLocations": frozenset({""}),
    "resolvers": frozenset({""}),
    "migrationResolvers": frozenset({""}),
    "skipDefaultResolvers": frozenset({"false"}),
    "skipExecutingMigrations": frozenset({"false"}),
    "initSql": frozenset({""}),
    "errorOverrides": frozenset({""}),
    "cherryPick": frozenset({""}),
    "detectEncoding": frozenset({"false"}),
    "target": frozenset({"latest"}),
}
"""What changes what runs in a way that we do not follow, with the values that change nothing."""

ALONE = frozenset(
    [
        "url",
        "user",
        "password",
        "driver",
        "environment",
        "outOfOrder",
        "group",
        "stream",
        "batch",
        "validateOnMigrate",
        "ignoreMigrationPatterns",
        "failOnMissingTarget",
        "failOnMissingLocations",
        "cleanDisabled",
        "communityDBSupportEnabled",
        "connectRetries",
        "connectRetriesInterval",
        "configFiles",
        "configFileEncoding",
        "configurations",
        "workingDirectory",
        "dryRunOutput",
        "jarDirs",
        "kerberosConfigFile",
        "licenseKey",
        "email",
        "token",
        "lockRetryCount",
        "loggers",
        "color",
        "outputType",
        "outputProgress",
        "outputLogsInJson",
        "outputQueryResults",
        "powershellExecutable",
        "provisionMode",
        "provisioner",
        "reportEnabled",
        "reportFilename",
        "scriptPlaceholderPrefix",
        "scriptPlaceholderSuffix",
        "displayName",
    ]
)
ALONE_UNDER = (
    "jdbcProperties",
    "plugins",
    "postgresql",
    "oracle",
    "sqlserver",
    "vault",
    "dapr",
    "gcsm",
    "check",
    "propertyResolvers",
    "resolvers",
    "publishResult",
    "deploy",
    "generate",
    "diff",
    "model",
    "prepare",
    "snapshot",
)
