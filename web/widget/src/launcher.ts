// The round button that opens the chat, out of reach of the page's styles.

import { h, icon, styleSheet } from './dom';
import css from './launcher.css?inline';

const BUBBLE = 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z';
const CLOSE = 'M6 6l12 12M18 6L6 18';

export interface Launcher {
  host: HTMLElement;
  shadow: ShadowRoot;
  button: HTMLButtonElement;
  /** Shows whether the chat is open. */
  show(open: boolean): void;
}

export function makeLauncher(pressed: () => void): Launcher {
  const host = document.createElement('parlance-launcher');
  const shadow = host.attachShadow({ mode: 'open' });
  shadow.adoptedStyleSheets = [styleSheet(css)];
  const button = h('button', { class: 'launcher', onclick: pressed });
  shadow.append(button);
  const show = (open: boolean) => {
    host.classList.toggle('open', open);
    button.setAttribute('aria-expanded', String(open));
    button.setAttribute('aria-label', open ? 'Close chat' : 'Open chat');
    button.replaceChildren(icon(open ? CLOSE : BUBBLE));
  };
  show(false);
  return { host, shadow, button, show };
}
