// The menu behind the three dots, and the question before a chat is ended.

import { freshId, h, icon } from '../dom';
import { dots } from './icons';

export interface MenuItem {
  label: string;
  run?: () => void;
  href?: string;
  /** Set for one choice of several. */
  checked?: boolean;
}

/** A menu button with its menu: arrows move, Escape closes, a choice closes. */
export function menu(label: string, items: () => MenuItem[]): HTMLElement {
  const id = freshId();
  const list = h('div', { class: 'menu', role: 'menu', id, 'aria-label': label, hidden: true });
  const button = h('button', {
    type: 'button', class: 'round', 'aria-label': label, 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-controls': id,
  }, icon(dots));
  const entries = () => [...list.querySelectorAll<HTMLElement>('[role^=menuitem]')];
  const toggle = (open: boolean) => {
    list.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    if (!open) return;
    list.replaceChildren(...items().map((item) => {
      const props = {
        role: item.checked === undefined ? 'menuitem' : 'menuitemradio',
        'aria-checked': item.checked === undefined ? null : String(item.checked),
        tabindex: -1,
        onclick: () => { toggle(false); button.focus(); item.run?.(); },
      };
      return item.href
        ? h('a', { ...props, href: item.href, target: '_blank', rel: 'noopener noreferrer' }, item.label)
        : h('button', { ...props, type: 'button' }, item.label);
    }));
    entries()[0]?.focus();
  };
  button.addEventListener('click', () => toggle(list.hidden === true));
  const wrap = h('div', { class: 'menus' }, button, list);
  wrap.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    const all = entries();
    const at = all.findIndex((entry) => entry.matches(':focus'));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Escape') {
      toggle(false);
      button.focus();
    } else if (to !== undefined) all.at(to % all.length)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  wrap.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !wrap.contains(event.relatedTarget as Node)) toggle(false);
  });
  return wrap;
}
