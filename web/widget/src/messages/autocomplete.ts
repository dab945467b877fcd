// A field that suggests what an address of the designer answers. It takes the place of the input.

import type { Drawn, Render } from '../chat/context';
import { freshId, h } from '../dom';
import type { Data } from '../wire';
import { question } from './answer';
import { prose } from './basic';
import { combobox, type Option } from './combobox';
import { addressFields } from './location';

/** The address to ask for suggestions; it may be relative to the server. */
export function suggestionUrl(data: Data, typed: string, base: string): URL {
  const url = new URL(data.endpoint_url, base);
  for (const { name, value } of data.endpoint_params ?? []) url.searchParams.set(name, value);
  if (data.fetchify?.api_key) url.searchParams.set('key', data.fetchify.api_key);
  url.searchParams.set(data.query_param_name || 'query', typed);
  return url;
}

/** Reads `[{name}]`, and what an address service nests one level deeper. */
export function suggestionsIn(answer: unknown): Option[] {
  const list = Array.isArray(answer) ? answer : ((answer as Data)?.results ?? (answer as Data)?.data ?? []);
  return (Array.isArray(list) ? list : [])
    .map((item: Data | string) => (typeof item === 'string' ? item : item.name ?? [item.labels].flat().filter(Boolean).join(', ')))
    .filter(Boolean)
    .map((name) => ({ key: String(name), value: String(name) }));
}

export const autocomplete: Render = (data, context): Drawn => {
  const bubble = prose(data.title ?? data.text, context);
  if (context.spent.aborted) return { bubble };
  // Google's suggestions need its script in the page. No outside script is loaded, so the address
  // is written by hand.
  if (data.google && !data.endpoint_url) {
    const address = addressFields(context);
    const { form, error } = question({ ...data, title: null, text: null }, context, address.nodes, () => {
      const value = address.value();
      if (!value) return error(context.t('required')), null;
      return { value: value.formatted_address, text: value.formatted_address };
    }, 'location');
    return { bubble: h('div', null, bubble, form) };
  }
  let typed = '';
  const box = combobox({
    label: String(data.title ?? data.placeholder ?? ''),
    placeholder: data.placeholder,
    nothing: context.t('none'),
    picked: (_, text) => { typed = text; },
    suggest: async (text, signal) => {
      if (!text.trim()) return [];
      const answer = await fetch(suggestionUrl(data, text, context.base), { signal });
      return suggestionsIn(await answer.json());
    },
  });
  box.input.id = freshId();
  if (data.placeholder || !bubble) box.input.setAttribute('aria-label', data.placeholder ?? context.t('placeholder'));
  else box.input.setAttribute('aria-label', bubble.textContent ?? '');
  const { form } = question({ ...data, text: null, title: null }, context, [box.element], () => {
    const value = typed.trim();
    return value ? { value, text: value } : (box.input.focus(), null);
  });
  context.takeInput(h('div', { class: 'control' }, form));
  return { bubble };
};
