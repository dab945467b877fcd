// Prints what the two chats weigh (gzip) and fails when one outgrows its budget.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const BEFORE_FIRST_CLICK = 5_000;
const EVERYTHING = 30_000;
/** What a page loads that embeds a chat link; everything else is the other chat's. */
const CHAT_LINK = ['modal.js', 'webchat.js', 'webchat.html'];

const dist = new URL('../dist', import.meta.url).pathname;
const files = readdirSync(dist, { recursive: true })
  .map((name) => join(dist, name))
  .filter((path) => statSync(path).isFile());
const sizes = new Map(files.sort().map((path) => [relative(dist, path), gzipSync(readFileSync(path), { level: 9 }).length]));
for (const [name, bytes] of sizes) console.log(`${String(bytes).padStart(7)}  ${name}`);

let over = false;
const within = (bytes, most, what) => {
  console.log(`${String(bytes).padStart(7)}  ${what} (at most ${most})`);
  over ||= !(bytes <= most);
};
const sum = (wanted) => [...sizes].filter(([name]) => wanted(name)).reduce((total, [, bytes]) => total + bytes, 0);
within(sizes.get('parlance.js'), BEFORE_FIRST_CLICK, 'before the first click');
within(sum((name) => !CHAT_LINK.includes(name)), EVERYTHING, 'everything');
within(sizes.get('modal.js'), BEFORE_FIRST_CLICK, 'before the first click, chat link');
within(sum((name) => CHAT_LINK.includes(name)), EVERYTHING, 'everything, chat link');
if (over) {
  console.error('The widget is over its budget.');
  process.exit(1);
}
