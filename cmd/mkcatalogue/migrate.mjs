// Runs the migrations of an installed Directus one by one on the database that
// the environment names, as dist/database/migrations/run.js of @directus/api
// does, and waits after each until its reader has looked.
//
// On file descriptor 3 it writes one line for each state: "seed" for the tables
// of a new installation, then the id of each migration. A line on standard
// input lets it go on.
import { existsSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const tree = process.argv[2];
// Up to 9.22 the package directus holds the code itself.
const dist = [join(tree, 'node_modules/@directus/api/dist'), join(tree, 'node_modules/directus/dist')].find((path) =>
	existsSync(join(path, 'database/migrations/run.js')),
);
if (!dist) throw new Error(`no Directus in ${tree}`);

// Old releases are CommonJS, whose default export is one level down.
const load = async (path) => {
	const module = await import(pathToFileURL(join(dist, 'database', path)));
	const code = module.default ?? module;
	return code.default ?? code;
};

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = async (state) => {
	writeSync(3, state + '\n');
	await answers.next();
};

const database = (await load('index.js'))();
if (!(await database.schema.hasTable('directus_collections'))) {
	await (await load('seeds/run.js'))(database);
}
await told('seed');

const recorded = new Set((await database.select('version').from('directus_migrations')).map(({ version }) => version));
const files = readdirSync(join(dist, 'database/migrations'))
	.filter((file) => /^[0-9]+[A-Z]-[^.]+\.js$/.test(file))
	.sort();
for (const file of files) {
	const version = file.split('-')[0];
	if (recorded.has(version)) continue;
	await (await load(join('migrations', file))).up(database);
	await database('directus_migrations').insert({ version, name: file });
	await told(version);
}
process.exit(0);
