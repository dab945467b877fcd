// A text field with a list of suggestions, for people with and without a mouse.

import { freshId, h } from '../dom';

export interface Option {
  key: string;
  value: string;
}

export interface ComboboxOptions {
  label: string;
  placeholder?: string;
  /** What to suggest for what is typed. */
  suggest: (typed: string, signal: AbortSignal) => Option[] | Promise<Option[]>;
  picked: (option: Option | null, typed: string) => void;
  nothing: string;
}

/** At most this many suggestions are drawn; typing narrows the rest. */
const SHOWN = 200;

/** Those options whose words hold what was typed. */
export function matching(options: Option[], typed: string): Option[] {
  const wanted = typed.trim().toLocaleLowerCase();
  return options.filter((option) => option.value.toLocaleLowerCase().includes(wanted));
}

const startsWithLetter = (text: string) => /^\p{L}/u.test(text);

/** A to Z with symbols and digits first, so that `*` marks what shall come first. */
export function alphabetical(options: Option[]): Option[] {
  return options.toSorted((a, b) =>
    Number(startsWithLetter(a.value)) - Number(startsWithLetter(b.value)) || a.value.localeCompare(b.value));
}

export function combobox({ label, placeholder, suggest, picked, nothing }: ComboboxOptions) {
  const listId = freshId();
  const list = h('ul', { class: 'options', role: 'listbox', id: listId, 'aria-label': label, hidden: true });
  const input = h('input', {
    type: 'text', role: 'combobox', autocomplete: 'off', dir: 'auto', placeholder,
    'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': listId,
  });
  let shown: Option[] = [];
  let at = -1;
  let asking = new AbortController();

  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const mark = (to: number) => {
    at = to;
    for (const [index, item] of [...list.children].entries()) {
      item.setAttribute('aria-selected', String(index === at));
      if (index !== at) continue;
      input.setAttribute('aria-activedescendant', item.id);
      item.scrollIntoView({ block: 'nearest' });
    }
  };
  const pick = (option: Option) => {
    input.value = option.value;
    close();
    picked(option, option.value);
  };
  const open = async (typed: string) => {
    asking.abort();
    const { signal } = (asking = new AbortController());
    const found = await Promise.resolve(suggest(typed, signal)).catch(() => []);
    if (signal.aborted) return;
    shown = found.slice(0, SHOWN);
    list.replaceChildren(...shown.map((option) => h('li', {
      id: freshId(), role: 'option', 'aria-selected': 'false',
      // Pressing must not take the focus from the field before the choice is made.
      onmousedown: (event: Event) => event.preventDefault(),
      onclick: () => pick(option),
    }, option.value)));
    if (!shown.length) list.append(h('li', { role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, nothing));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    at = -1;
  };
  input.addEventListener('input', () => {
    const exact = shown.find((option) => option.value === input.value) ?? null;
    picked(exact, input.value);
    void open(input.value);
  });
  input.addEventListener('click', () => void open(''));
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (list.hidden) void open('').then(() => mark(step > 0 ? 0 : shown.length - 1));
      else if (shown.length) mark((at + step + shown.length + (at < 0 && step < 0 ? 1 : 0)) % shown.length);
    } else if (event.key === 'Enter' && !list.hidden && shown[at]) {
      event.preventDefault();
      pick(shown[at]!);
    } else if (event.key === 'Escape' && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });
  return { element: h('div', { class: 'combo' }, input, list), input, open, pick };
}
