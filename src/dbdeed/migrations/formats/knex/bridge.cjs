// What dbdeed asks of a project's own Knex, in the project's folder: `settings KNEXFILE`, `up|down KNEXFILE NAME…`.
// The database comes in DBDEED_CONNECTION, so that no secret is on a command line.
"use strict";

const path = require("node:path");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");

const MARK = "dbdeed-answer:";

const root = process.cwd();
const [what, ...words] = process.argv.slice(2);

function ownRequire() {
  return createRequire(require.resolve("knex", { paths: [root] }));
}

// As Knex's own command does: whatever compiles files of this kind, if the project has it.
function prepare(file) {
  if (/\.[cm]?js$/.test(file)) return;
  try {
    const own = ownRequire();
    own("rechoir").prepare(own("interpret").jsVariants, file, root, true);
  } catch {
    // Node may know such files by itself.
  }
}

async function load(file) {
  prepare(file);
  let found = /\.ts$/.test(file) ? tryRequire(file) : undefined;
  if (found === undefined) found = await import(pathToFileURL(file));
  while (found && found.default) found = found.default;
  if (typeof found === "function") found = await found();
  return found[process.env.NODE_ENV || "development"] || found;
}

function tryRequire(file) {
  try {
    return require(file);
  } catch (error) {
    if (error.code === "ERR_REQUIRE_ESM" || error.code === "ERR_UNKNOWN_FILE_EXTENSION") return undefined;
    throw error;
  }
}

async function settings(file) {
  const config = (await load(file)) || {};
  const given = config.migrations || {};
  const { directory, tableName, schemaName, extension, loadExtensions, sortDirsSeparately } = given;
  const searchPath = config.searchPath;
  const ext = config.ext || path.extname(file).slice(1);
  const source = Boolean(given.migrationSource);
  const hooks = ["beforeAll", "beforeEach", "afterEach", "afterAll"].some((name) => given[name]);
  return {
    directory, tableName, schemaName, extension, loadExtensions, sortDirsSeparately, searchPath, ext, source, hooks,
  };
}

function sqliteClient() {
  for (const name of ["better-sqlite3", "sqlite3"]) {
    try {
      require.resolve(name, { paths: [root] });
      return name;
    } catch {
      // the next one
    }
  }
  return "better-sqlite3";
}

async function run(direction, file, names) {
  const address = JSON.parse(process.env.DBDEED_CONNECTION);
  delete process.env.DBDEED_CONNECTION;
  const { client, ...connection } = address;
  const config = file ? await load(file) : {};
  names.forEach(prepare);
  const given = config.connection;
  if (given && typeof given === "object" && given.ssl !== undefined) connection.ssl = given.ssl;
  const knex = require(require.resolve("knex", { paths: [root] }))({
    useNullAsDefault: true,
    ...config,
    client: config.client || (client === "sqlite" ? sqliteClient() : client),
    connection,
  });
  try {
    for (const name of names) {
      await knex.migrate[direction]({ name }).catch((error) => {
        throw new Error(`${name}: ${(error && error.message) || error}`);
      });
    }
  } finally {
    await knex.destroy();
  }
  return {};
}

(async () => (what === "settings" ? settings(path.resolve(words[0])) : run(what, words[0], words.slice(1))))().then(
  (answer) => {
    process.stdout.write(`\n${MARK}${JSON.stringify(answer)}\n`, () => process.exit(0));
  },
  (error) => {
    process.stderr.write(`\n${MARK}${(error && error.message) || error}\n`, () => process.exit(1));
  },
);
