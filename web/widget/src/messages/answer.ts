// The shape that every message with one question shares: its text, some controls, a submit button
// and perhaps a cancel button; all of it out of use once the user has gone on.

import { callbackOf, type Context } from '../chat/context';
import { h } from '../dom';
import type { Data } from '../wire';
import { prose } from './basic';

/** A labelled control. */
export function labelled(label: string, control: HTMLElement, id: string): HTMLElement {
  control.id = id;
  return h('div', { class: 'field' }, h('label', { for: id }, label), control);
}

/**
 * A form that answers with one attribute. `read` gives the value and what the user reads of it, or
 * nothing when something is missing, in which case it has said so.
 */
export function question(
  data: Data, context: Context, fields: Node[],
  read: () => Promise<{ value: unknown; text: string } | null> | { value: unknown; text: string } | null,
  fallbackAttribute = '',
): { form: HTMLFormElement; error: (text: string) => void } {
  const problem = h('p', { class: 'error', role: 'alert', hidden: true });
  const error = (text: string) => {
    problem.hidden = !text;
    problem.textContent = text;
  };
  const send = h('button', { class: 'action main' }, data.submit_text || context.t('submit'));
  const cancel = () => {
    context.track('form_cancelled', { callback_id: data.cancel_callback });
    context.reply({ type: 'form_response', callback_id: data.cancel_callback ?? '', data: { text: data.cancel_text } });
  };
  const body = h('fieldset', null, ...fields, problem, h('div', { class: 'actions' }, send,
    data.cancel_text && h('button', { type: 'button', class: 'action skip', onclick: cancel }, data.cancel_text)));
  const form = h('form', { novalidate: true }, prose(data.text ?? data.title, context), body);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    error('');
    const answer = await read();
    send.disabled = false;
    if (!answer || context.spent.aborted) return;
    const callback = callbackOf(data);
    context.track('form_submitted', { callback_id: callback, form_id: callback, form_text: answer.text });
    context.reply({
      type: 'form_response',
      callback_id: callback,
      data: { [data.attribute_name || fallbackAttribute]: answer.value, text: answer.text },
    });
  });
  const disable = () => { body.disabled = true; };
  if (context.spent.aborted) disable();
  else context.spent.addEventListener('abort', disable);
  return { form, error };
}
