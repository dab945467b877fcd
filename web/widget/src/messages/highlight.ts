// Colours for fenced code: one tokenizer that fits most languages well enough to read by.

import { h } from '../dom';

const WORDS = 'async|await|break|case|catch|class|const|def|do|else|enum|export|false|fn|for|from|func|function|if|import|in|let|match|mut|new|nil|None|null|pub|public|return|self|static|struct|switch|this|throw|true|True|try|type|use|var|void|while|SELECT|FROM|WHERE';
const TOKEN = new RegExp(
  `(?<c>\\/\\/[^\\n]*|\\/\\*[\\s\\S]*?\\*\\/|(?<=^|\\s)#[^\\n]*|<!--[\\s\\S]*?-->)|(?<s>"(?:\\\\.|[^"\\\\\\n])*"|'(?:\\\\.|[^'\\\\\\n])*'|\`(?:\\\\.|[^\`\\\\])*\`)|(?<n>\\b\\d[\\d_.]*(?:[eE][+-]?\\d+)?\\b)|(?<k>\\b(?:${WORDS})\\b)`, 'g');

/** Pieces of code with the class of each: keyword, string, number, comment or nothing. */
export function tokens(code: string): [text: string, kind: string][] {
  const pieces: [string, string][] = [];
  let at = 0;
  for (const match of code.matchAll(TOKEN)) {
    if (match.index > at) pieces.push([code.slice(at, match.index), '']);
    pieces.push([match[0], Object.entries(match.groups!).find(([, text]) => text !== undefined)![0]]);
    at = match.index + match[0].length;
  }
  if (at < code.length) pieces.push([code.slice(at), '']);
  return pieces;
}

/** Colours the code blocks inside `root`. */
export function highlight(root: Element): void {
  for (const block of root.querySelectorAll('pre code')) {
    block.replaceChildren(...tokens(block.textContent ?? '').map(([text, kind]) => (kind ? h('span', { class: kind }, text) : text)));
  }
}
