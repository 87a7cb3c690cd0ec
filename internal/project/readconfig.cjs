// Loads a Directus configuration written in JavaScript, as @directus/env does
// (readConfigurationFromJavaScript, Directus 11.17.4), and writes the exported
// object to file descriptor 3. Standard output stays the configuration's own.
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');
const { resolve } = require('node:path');
const { writeSync, closeSync } = require('node:fs');

function send(answer) {
	const data = Buffer.from(JSON.stringify(answer));
	for (let at = 0; at < data.length; ) {
		at += writeSync(3, data, at);
	}
	closeSync(3);
	process.exit(0);
}

// What JSON cannot hold gets the cast prefix that gives it back.
function plain(key, value) {
	if (value instanceof RegExp) return 'regex:' + value.source;
	if (typeof value === 'bigint') return String(value);
	if (typeof value === 'number' && !Number.isFinite(value)) return 'number:' + value;
	return value;
}

async function load(path) {
	let module;
	try {
		module = createRequire(path)(path);
	} catch (error) {
		// Node before 22 cannot require() an ES module; Directus of its time imported it.
		if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
		module = await import(pathToFileURL(path));
	}
	let exported = module;
	if (module !== null && (typeof module === 'object' || typeof module === 'function') && 'default' in module) {
		exported = module.default;
	}
	if (typeof exported === 'function') exported = await exported(process.env);
	if (exported === null || typeof exported !== 'object' || Array.isArray(exported)) {
		throw new Error('it does not export an object or a function that returns one');
	}
	return exported;
}

const path = resolve(process.argv.at(-1));
load(path).then(
	(config) => send({ config: JSON.parse(JSON.stringify(config, plain)) }),
	(error) => {
		// The stack may quote a line of the file, and with it a secret.
		const at = String(error?.stack ?? '').match(/:(\d+)(?::\d+)?\)?$/m);
		const line = at && String(error.stack).includes(path) ? ` (line ${at[1]})` : '';
		const name = error?.name ?? 'Error';
		const message = name === 'SyntaxError' ? error.message.split('\n')[0] : (error?.message ?? String(error)).split('\n')[0];
		send({ error: `${name}: ${message}${line}` });
	},
);
