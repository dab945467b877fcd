// Prints what the widget weighs (gzip) and fails when it outgrows its budget.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const BEFORE_FIRST_CLICK = 5_000;
const EVERYTHING = 30_000;

const dist = new URL('../dist', import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true })
  .map((name) => join(dist, name))
  .filter((path) => statSync(path).isFile());
let total = 0;
let loader = 0;
for (const path of files.sort()) {
  const bytes = gzipSync(readFileSync(path), { level: 9 }).length;
  total += bytes;
  if (relative(dist, path) === 'parlance.js') loader = bytes;
  console.log(`${String(bytes).padStart(7)}  ${relative(dist, path)}`);
}
console.log(`${String(loader).padStart(7)}  before the first click (at most ${BEFORE_FIRST_CLICK})`);
console.log(`${String(total).padStart(7)}  everything (at most ${EVERYTHING})`);
if (loader > BEFORE_FIRST_CLICK || total > EVERYTHING) {
  console.error('The widget is over its budget.');
  process.exit(1);
}
