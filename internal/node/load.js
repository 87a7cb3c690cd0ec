// Loads one module the way Directus would find it and says what happened.
const { createRequire } = require('node:module');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const [dir, name] = process.argv.slice(-2);

// The folders to look from: dir, then directus in it, then @directus/api seen
// from there. Folders are looked at directly because "exports" may hide
// package.json from require.resolve.
const bases = [dir];
for (const step of ['directus', '@directus/api']) {
	const from = createRequire(path.join(bases.at(-1), 'from.js'));
	const found = (from.resolve.paths(step) ?? [])
		.map((folder) => path.join(folder, step))
		.find((folder) => fs.existsSync(path.join(folder, 'package.json')));
	if (found) bases.push(fs.realpathSync(found));
}

function answer(result) {
	fs.writeSync(1, `bunnyhop ${JSON.stringify(result)}\n`);
	process.exit(0);
}

function failed(error) {
	const message = String(error?.message ?? error).split('\nRequire stack')[0].split('\n').filter(Boolean).slice(0, 4).join(' ');
	answer({ ok: false, code: String(error?.code ?? error?.name ?? 'Error'), message });
}

async function load() {
	let missing;
	for (const base of bases.reverse()) {
		const from = createRequire(path.join(base, 'from.js'));
		let file;
		try {
			file = from.resolve(name);
		} catch (error) {
			missing ??= error;
			continue;
		}
		try {
			from(file);
		} catch (error) {
			if (!['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'].includes(error?.code)) throw error;
			await import(pathToFileURL(file));
		}
		return;
	}
	throw missing;
}

load().then(() => answer({ ok: true }), failed);
