// The elements of a form: how each is drawn, read and checked.

import type { Context } from '../chat/context';
import { fill, type Word } from '../chat/words';
import { freshId, h } from '../dom';
import type { Data } from '../wire';
import { alphabetical, combobox, matching, type Option } from './combobox';

export interface Field {
  name: string;
  display: string;
  element: HTMLElement;
  /** Whether a value is chosen rather than written. */
  choice: boolean;
  /** What is sent. */
  value(): string;
  /** What the user reads as their answer. */
  shown(): string;
  /** Says what is wrong, if anything, and tells whether all is well. */
  check(): boolean;
  focus(): void;
}

/** Rules that a value breaks, as a word and what belongs into it; nothing when it breaks none. */
export function problemOf(element: Data, value: string): [Word, ...(string | number)[]] | null {
  const given = value.trim();
  if (!given) return element.required ? ['required'] : null;
  const kind = element.element_type;
  if (kind === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(given)) return ['email'];
  const bound = (limit: unknown) => (limit === null || limit === undefined || limit === '' ? NaN : Number(limit));
  if (kind === 'number') {
    const number = Number(given);
    if (Number.isNaN(number)) return ['number'];
    if (number < bound(element.min)) return ['least', element.min];
    if (number > bound(element.max)) return ['most', element.max];
  }
  const pattern = element.validation?.regex;
  if (pattern) {
    try {
      if (!new RegExp(`^(?:${String(pattern).replace(/^\/|\/[a-z]*$/g, '')})$`, 'u').test(given)) return ['pattern'];
    } catch {
      // A pattern that this browser cannot read must not shut the user out: the server checks too.
    }
  }
  return null;
}

/** Options in either of their two wire forms; `order` holds the keys in the designer's order, which an object may lose. */
export function optionsOf(options: unknown, order?: string[]): Option[] {
  if (Array.isArray(options)) {
    return options.map((option) => typeof option === 'object' && option
      ? { key: String(option.key), value: String(option.value ?? option.key) }
      : { key: String(option), value: String(option) });
  }
  const map = (options ?? {}) as Data;
  return (order ?? Object.keys(map)).filter((key) => key in map).map((key) => ({ key, value: String(map[key]) }));
}

interface Part {
  nodes: Node[];
  /** The control that the label belongs to; a group of several has none. */
  input?: HTMLInputElement | HTMLTextAreaElement;
  value(): string;
  shown?(): string;
  focus(): void;
}

function written(element: Data): Part {
  const kind = element.element_type;
  const input = kind === 'textarea'
    ? h('textarea', { rows: 3, dir: 'auto' })
    : h('input', { type: kind === 'email' || kind === 'number' ? kind : 'text', dir: kind === 'text' ? 'auto' : null, autocomplete: kind === 'email' ? 'email' : null });
  if (kind === 'number') {
    if (element.min !== null && element.min !== undefined) input.setAttribute('min', String(element.min));
    if (element.max !== null && element.max !== undefined) input.setAttribute('max', String(element.max));
    input.setAttribute('step', 'any');
  }
  if (element.placeholder) input.placeholder = String(element.placeholder);
  input.value = String(element.default_value ?? '');
  return { nodes: [input], input, value: () => input.value, focus: () => input.focus() };
}

function selected(element: Data, context: Context, chosen: () => void): Part {
  const given = optionsOf(element.options, element.options_order);
  const all = element.alphabetical ? alphabetical(given) : given;
  let letter = '';
  let current = all.find((option) => option.key === String(element.default_value ?? '')) ?? null;
  const box = combobox({
    label: element.display ?? '',
    placeholder: element.placeholder ?? context.t('choose'),
    nothing: context.t('none'),
    suggest: (typed) => matching(letter ? all.filter((option) => firstOf(option) === letter) : all, typed),
    picked: (option, typed) => {
      current = option ?? all.find((other) => other.value.toLocaleLowerCase() === typed.trim().toLocaleLowerCase()) ?? null;
      if (option) chosen();
    },
  });
  if (current) box.input.value = current.value;
  // Words that name none of the options are no answer.
  box.input.addEventListener('blur', () => { box.input.value = current?.value ?? ''; });
  const nodes: Node[] = [box.element];
  if (element.alphabetical) {
    const letters = [...new Set(all.map(firstOf))];
    const bar = h('div', { class: 'letters', role: 'group', 'aria-label': element.display ?? '' });
    for (const one of ['', ...letters]) {
      bar.append(h('button', {
        type: 'button',
        'aria-pressed': String(one === ''),
        onclick: (event: Event) => {
          letter = one;
          for (const other of bar.children) other.setAttribute('aria-pressed', String(other === event.currentTarget));
          box.input.focus();
          void box.open('');
        },
      }, one || context.t('all')));
    }
    nodes.unshift(bar);
  }
  return { nodes, input: box.input, value: () => current?.key ?? '', shown: () => current?.value ?? '', focus: () => box.input.focus() };
}

const firstOf = (option: Option) => option.value.charAt(0).toLocaleUpperCase();

function boxes(element: Data, kind: 'radio' | 'checkbox', chosen: () => void): Part {
  const options = optionsOf(element.options, element.options_order);
  const preset = String(element.default_value ?? '').split(',');
  const group = freshId();
  const inputs = options.map((option) => h('input', {
    type: kind, name: group, value: option.key, checked: preset.includes(option.key), onchange: () => kind === 'radio' && chosen(),
  }));
  const picked = () => options.filter((_, index) => inputs[index]!.checked);
  return {
    nodes: options.map((option, index) => h('label', { class: 'choice' }, inputs[index]!, h('span', { dir: 'auto' }, option.value))),
    value: () => picked().map((option) => option.key).join(','),
    shown: () => picked().map((option) => option.value).join(', '),
    focus: () => inputs[0]?.focus(),
  };
}

/** Draws one element. `chosen` is called when a choice was made, for forms that then send themselves. */
export function fieldOf(element: Data, context: Context, chosen: () => void): Field {
  const kind: string = element.element_type;
  const choice = /select|radio|checkbox/.test(kind);
  const part = kind === 'radio' || kind === 'checkbox' ? boxes(element, kind, chosen)
    : choice ? selected(element, context, chosen) : written(element);
  const display = String(element.display ?? '');
  const errorId = freshId();
  const error = h('p', { class: 'error', id: errorId, role: 'alert', hidden: true });
  const star = element.required && h('span', { class: 'star', 'aria-hidden': 'true' }, ' *');
  let whole: HTMLElement;
  if (part.input) {
    part.input.id = freshId();
    if (element.required) part.input.setAttribute('aria-required', 'true');
    if (!display) part.input.setAttribute('aria-label', element.placeholder ?? element.name);
    whole = h('div', { class: 'field' }, display && h('label', { for: part.input.id }, display, star), ...part.nodes, error);
  } else {
    whole = h('fieldset', { class: 'field', role: kind === 'radio' ? 'radiogroup' : null }, h('legend', null, display || element.name, star), ...part.nodes, error);
  }
  const check = () => {
    const problem = problemOf(element, part.value());
    error.hidden = !problem;
    error.textContent = problem ? (problem[0] === 'pattern' && element.validation?.error) || fill(context.t(problem[0]), ...problem.slice(1)) : '';
    const target = part.input ?? whole;
    if (problem) {
      if (part.input) target.setAttribute('aria-invalid', 'true');
      target.setAttribute('aria-describedby', errorId);
    } else {
      target.removeAttribute('aria-invalid');
      target.removeAttribute('aria-describedby');
    }
    return !problem;
  };
  // Once something was called wrong, it is checked again as it is put right.
  whole.addEventListener('input', () => { if (!error.hidden) check(); });
  return {
    name: String(element.name),
    display,
    element: whole,
    choice: /select|radio/.test(kind),
    value: part.value,
    shown: part.shown ?? part.value,
    check,
    focus: part.focus,
  };
}
