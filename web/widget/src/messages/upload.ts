// Files from the visitor's machine, within the designer's limits.

import type { Drawn, Render } from '../chat/context';
import { fill, type Word } from '../chat/words';
import { freshId, h } from '../dom';
import type { Data } from '../wire';
import { labelled, question } from './answer';

/** `500 kB` */
export function sizeOf(bytes: number, language = 'en'): string {
  const [value, unit] = bytes < 1e3 ? [bytes, 'byte'] : bytes < 1e6 ? [bytes / 1e3, 'kilobyte'] : [bytes / 1e6, 'megabyte'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: 1 }).format(value);
}

/** Endings without dots, in lower case. */
export const typesOf = (data: Data): string[] =>
  (Array.isArray(data.file_types) ? data.file_types : []).map((type) => String(type).toLowerCase().replace(/^\./, ''));

/** Why a file is refused; nothing when it may be sent. */
export function refusal(file: { name: string; size: number }, data: Data, language = 'en'): [Word, ...string[]] | null {
  const limit = Number(data.file_size);
  if (limit > 0 && file.size > limit) return ['tooBig', file.name, sizeOf(limit, language)];
  const types = typesOf(data);
  const ending = file.name.toLowerCase().split('.').pop()!;
  const same = (type: string) => type === ending || (type === 'jpg' && ending === 'jpeg') || (type === 'jpeg' && ending === 'jpg');
  if (types.length && !types.some(same)) return ['wrongType', file.name, types.join(', ')];
  return null;
}

export const upload: Render = (data, context): Drawn => {
  const { t } = context;
  const types = typesOf(data);
  const input = h('input', {
    type: 'file',
    multiple: data.multiple === true || data.multiple === 'true',
    accept: types.map((type) => `.${type}`).join(',') || null,
  });
  const rules = [types.join(', '), Number(data.file_size) > 0 && `\u2264 ${sizeOf(Number(data.file_size), context.language)}`].filter(Boolean).join(' \u00b7 ');
  const field = labelled(t('files'), input, freshId());
  const hint = h('p', { class: 'hint', role: 'status' }, rules);
  field.append(hint);
  const { form, error } = question(data, context, [field], async () => {
    const files = [...(input.files ?? [])];
    if (!files.length) return error(t('required')), null;
    const wrong = files.map((file) => refusal(file, data, context.language)).find(Boolean);
    if (wrong) return error(fill(t(wrong[0]), ...wrong.slice(1))), null;
    const stored: Data[] = [];
    try {
      for (const file of files) {
        // Who has cancelled meanwhile sends no more.
        if (context.spent.aborted) return null;
        hint.textContent = t('item', stored.length + 1, files.length);
        stored.push(await context.api.upload(file));
      }
    } catch (failure) {
      if (data.error_callback && !context.spent.aborted) {
        context.reply({ type: 'form_response', callback_id: data.error_callback, data: { text: '' } });
      }
      throw failure;
    } finally {
      hint.textContent = rules;
    }
    return { value: stored, text: files.map((file) => file.name).join(', ') };
  }, 'file_upload');
  return { bubble: form };
};
