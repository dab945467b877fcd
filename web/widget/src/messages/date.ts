// Dates and times in five formats. The browser's own inputs are used where every browser has them:
// they are accessible and speak the visitor's language. Month with year is two fields, since not
// every browser draws `type=month`.

import type { Context, Drawn, Render } from '../chat/context';
import { fill } from '../chat/words';
import { freshId, h } from '../dom';
import type { Data } from '../wire';
import { labelled, question } from './answer';

export type Format = 'default' | 'only-time' | 'date-time' | 'only-year' | 'month-year';

/** The format of a message; the older element says which parts it wants instead. */
export function formatOf(data: Data): Format {
  if (data.format) return data.format;
  const wants = (part: string) => data[`${part}_required`] !== false && data[`${part}_required`] !== 'false';
  if (wants('day')) return 'default';
  return wants('month') ? 'month-year' : 'only-year';
}

const pad = (value: number) => String(value).padStart(2, '0');
/** `YYYY-MM-DD` of a day in the visitor's time zone. */
export const dayOf = (at: Date) => `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;

function limitOf(given: unknown, now: Date): string {
  const text = String(given ?? '').trim();
  if (text.toLowerCase() === 'today') return dayOf(now);
  const parts = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text);
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}` : '';
}

/** First and last day that may be chosen, empty where there is no limit. */
export function limitsOf(data: Data, now = new Date()): { min: string; max: string } {
  const on = (flag: unknown) => flag === true || flag === 'true' || flag === '1';
  return {
    min: limitOf(data.min_date, now) || (on(data.no_past_dates) ? dayOf(now) : ''),
    max: limitOf(data.max_date, now) || (on(data.no_future_dates) ? dayOf(now) : ''),
  };
}

const LENGTH: Record<Format, number> = { default: 10, 'date-time': 10, 'month-year': 7, 'only-year': 4, 'only-time': 0 };

/** What is wrong with a value: below the first or above the last that may be chosen. */
export function outside(value: string, format: Format, { min, max }: { min: string; max: string }): ['least' | 'most', string] | null {
  const length = LENGTH[format];
  const part = value.slice(0, length);
  if (min && part < min.slice(0, length)) return ['least', min.slice(0, length)];
  if (max && part > max.slice(0, length)) return ['most', max.slice(0, length)];
  return null;
}

function controls(format: Format, { min, max }: { min: string; max: string }, context: Context): { nodes: Node[]; value: () => string } {
  const { t } = context;
  const native = (type: string, label: string) => {
    const timed = type === 'datetime-local';
    const input = h('input', {
      type,
      min: type === 'time' ? null : min && (timed ? `${min}T00:00` : min),
      max: type === 'time' ? null : max && (timed ? `${max}T23:59` : max),
    });
    return { nodes: [labelled(label, input, freshId())], value: () => input.value.replace('T', ' ') };
  };
  if (format === 'only-time') return native('time', t('time'));
  if (format === 'date-time') return native('datetime-local', t('date'));
  if (format === 'default') return native('date', t('date'));
  const year = h('input', { type: 'number', inputmode: 'numeric', step: 1, min: min.slice(0, 4) || 1900, max: max.slice(0, 4) || 2200, placeholder: String(new Date().getFullYear()) });
  const yearValue = () => (/^\d{4}$/.test(year.value) ? year.value : '');
  const yearField = labelled(t('year'), year, freshId());
  if (format === 'only-year') return { nodes: [yearField], value: yearValue };
  const names = new Intl.DateTimeFormat(context.language, { month: 'long', timeZone: 'UTC' });
  const month = h('select', null, h('option', { value: '' }, t('choose')),
    ...Array.from({ length: 12 }, (_, index) => h('option', { value: pad(index + 1) }, names.format(Date.UTC(2000, index, 1)))));
  return {
    nodes: [h('div', { class: 'pair' }, labelled(t('month'), month, freshId()), yearField)],
    value: () => (yearValue() && month.value ? `${yearValue()}-${month.value}` : ''),
  };
}

/** A value as the visitor's language writes it. */
export function readable(value: string, format: Format, language: string): string {
  if (format === 'only-time' || format === 'only-year') return value;
  const at = new Date(format === 'month-year' ? `${value}-01T00:00` : format === 'default' ? `${value}T00:00` : value.replace(' ', 'T'));
  const style: Intl.DateTimeFormatOptions = format === 'month-year' ? { month: 'long', year: 'numeric' }
    : format === 'default' ? { dateStyle: 'long' } : { dateStyle: 'long', timeStyle: 'short' };
  return new Intl.DateTimeFormat(language, style).format(at);
}

export const date: Render = (data, context): Drawn => {
  const format = formatOf(data);
  const limits = limitsOf(data);
  const { nodes, value } = controls(format, limits, context);
  const { form, error } = question(data, context, nodes, () => {
    const chosen = value();
    if (!chosen) return error(context.t('required')), null;
    const wrong = outside(chosen, format, limits);
    if (wrong) return error(fill(context.t(wrong[0]), readable(wrong[1], format === 'date-time' ? 'default' : format, context.language))), null;
    return { value: chosen, text: readable(chosen, format, context.language) };
  }, 'date');
  return { bubble: form };
};
