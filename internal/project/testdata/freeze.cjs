// Writes dotenv.json: what the parse() of npm's dotenv makes of each input.
// Run in a folder where dotenv is installed: node freeze.cjs > dotenv.json
const { createRequire } = require('node:module');
const { parse } = createRequire(process.cwd() + '/')('dotenv');
const inputs = [
	'', '\n', 'A=1', 'A=1\nB=2\n', 'A=1\r\nB=2\r\n', 'A=1\rB=2', 'A = 1', '  A=1  ', 'export A=1', 'A: 1', 'A:1', 'A=', 'A=\nB=2',
	'A=a b c', 'A=a#b', 'A=a #b', 'A="a#b"', "A='a#b' # c", 'A="a b"', "A='a b'", 'A=`a b`', 'A="a\\nb"', "A='a\\nb'", 'A=a\\nb',
	'A="a\nb"\nB=2', "A='a\nb'", 'A=`a\nb`', 'A="a\\"b"', "A='it\\'s'", "A='it's'", 'A="a" b', 'A="', 'A="a', "A='a\nB=2", '# A=1\nB=2', '#A',
	'A=1\nA=2', 'A', 'A\nB=1', 'A=$B', 'A=${B}', 'A="$B"', 'A.b-c=1', 'A=\u00a0x\u00a0', '\ufeffA=1', 'A="\u2028"', 'A=x\u2028B=y', 'A=ü😀',
	'A={"a":"b"}', "A='{\"a\":\"b\"}'", 'A=x=y=z', 'A="x\n# not a comment\ny"', 'A=""', "A=''", 'A="\\r\\n"', 'A="a\n"b"\nc"', 'A= "x" ', 'A=\'"x"\'',
	'A\n=1', 'A=\n"x"', 'A="a\\\\n"', 'A="-----BEGIN KEY-----\nabc\n-----END KEY-----\n"', '__proto__=1\nA=2', 'A=1 B=2', 'A="1"B=2', 'export  A = "x" # y',
];
let seed = 7;
const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
const pieces = ['KEY', 'A', 'B.c', '=', '=', '=', ' = ', ': ', '\n', '\n', '\n', '\r\n', '"', "'", '`', '\\n', '\\"', "\\'", '\\', '#', ' # c', ' ', '\t', 'export ', 'val', 'a b', 'ü', '$A'];
for (let i = 0; i < 250; i++) {
	let text = '';
	for (let n = random(24); n >= 0; n--) text += pieces[(random(1 << 20) >> 4) % pieces.length];
	inputs.push(text);
}
process.stdout.write(JSON.stringify(inputs.map((input) => ({ input, output: Object.fromEntries(Object.entries(parse(Buffer.from(input)))) })), null, '\t') + '\n');
