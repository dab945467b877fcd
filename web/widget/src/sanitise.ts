// The server sends cleaned HTML. It is cleaned again here, because a custom server, a proxy or a
// stored message must not be able to run script in the page.

import { safeUrl } from './safe_url';

const TAGS = new Set(
  'a b strong i em u s del wbr br p ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td code pre blockquote hr span div img sub sup'.split(' '),
);
/** Elements whose content is no text for people: they go with everything inside. */
const DROPPED = new Set('script style template iframe noscript svg math title textarea'.split(' '));
const ATTRIBUTES = new Set('class id rel role title lang dir start colspan rowspan alt'.split(' '));

function copy(from: Node, to: Node, sameTab: string): void {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(node.textContent ?? ''));
    if (!(node instanceof Element)) continue;
    const tag = node.localName;
    if (DROPPED.has(tag)) continue;
    if (!TAGS.has(tag)) {
      copy(node, to, sameTab);
      continue;
    }
    const clean = document.createElement(tag);
    for (const { name, value } of node.attributes) if (ATTRIBUTES.has(name)) clean.setAttribute(name, value);
    if (tag === 'a') {
      const href = node.getAttribute('href') ?? '';
      if (safeUrl(href)) clean.setAttribute('href', href);
      const blank = node.getAttribute('target') === '_blank';
      clean.setAttribute('target', blank ? '_blank' : sameTab);
      if (blank) clean.setAttribute('rel', 'noopener noreferrer');
    }
    if (tag === 'img') {
      const src = node.getAttribute('src') ?? '';
      if (!safeUrl(src, /^(https?:|data:image\/)/i)) continue;
      clean.setAttribute('src', src);
      if (!node.hasAttribute('alt')) clean.setAttribute('alt', '');
    }
    if (tag === 'pre') clean.tabIndex = 0; // A wide code block scrolls: the keyboard must reach it.
    copy(node, clean, sameTab);
    to.appendChild(clean);
  }
}

/** The allowed part of `html`. `sameTab` is the target of links that ask for no new tab. */
export function sanitise(html: string, sameTab = '_self'): DocumentFragment {
  const fragment = document.createDocumentFragment();
  copy(new DOMParser().parseFromString(html, 'text/html').body, fragment, sameTab);
  return fragment;
}
