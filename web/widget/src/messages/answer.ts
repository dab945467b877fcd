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

/** The form's button that answers with its cancel callback; nothing when it has none. */
export function cancelButton(data: Data, context: Context): HTMLElement | null {
  if (!data.cancel_text) return null;
  const callback_id = data.cancel_callback ?? '';
  const cancel = () => {
    context.track('form_cancelled', { callback_id });
    context.reply({ type: 'form_response', callback_id, data: { text: data.cancel_text } });
  };
  return h('button', { type: 'button', class: 'action skip', onclick: cancel }, data.cancel_text);
}

/** Sends what a form was filled with. */
export function submitted(data: Data, context: Context, values: Data): void {
  const callback_id = callbackOf(data);
  context.track('form_submitted', { callback_id, form_id: callback_id, form_text: values.text });
  context.reply({ type: 'form_response', callback_id, data: values });
}

/** Takes the controls out of use when the user has gone on. */
export function whileAsked(body: HTMLFieldSetElement, context: Context): void {
  const disable = () => { body.disabled = true; };
  if (context.spent.aborted) disable();
  else context.spent.addEventListener('abort', disable);
}

/**
 * A form that answers with one attribute. `read` gives the value and what the user reads of it, or
 * nothing when something is missing, in which case it has said so. What it throws is said here.
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
  const body = h('fieldset', null, ...fields, problem, h('div', { class: 'actions' }, send, cancelButton(data, context)));
  const form = h('form', { novalidate: true }, prose(data.text ?? data.title, context), body);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    form.ariaBusy = 'true';
    error('');
    try {
      const answer = await read();
      if (answer && !context.spent.aborted) {
        submitted(data, context, { [data.attribute_name || fallbackAttribute]: answer.value, text: answer.text });
      }
    } catch (failure) {
      error(String((failure as Error).cause ?? context.t('failed')));
    }
    send.disabled = false;
    form.ariaBusy = null;
  });
  whileAsked(body, context);
  return { form, error };
}
