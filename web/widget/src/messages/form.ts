// Forms, in a bubble (`form`) or over the whole chat (`fp-form`).

import { plain, type Context, type Drawn, type Render } from '../chat/context';
import { freshId, h } from '../dom';
import type { Data } from '../wire';
import { cancelButton, submitted, whileAsked } from './answer';
import { prose } from './basic';
import { fieldOf, type Field } from './fields';

/** The answer of a form: its values, and a text of `Display: value` lines. */
export function answerOf(fields: Pick<Field, 'name' | 'display' | 'value' | 'shown'>[], fixedText?: string): Data {
  const values: Data = {};
  const lines: string[] = [];
  for (const field of fields) {
    values[field.name] = field.value();
    if (field.shown()) lines.push(field.display ? `${field.display}: ${field.shown()}` : field.shown());
  }
  return { ...values, text: fixedText || lines.join('\n') };
}

function build(data: Data, context: Context): HTMLFormElement {
  const { t } = context;
  const fields: Field[] = (Array.isArray(data.elements) ? data.elements : []).map((element) => fieldOf(element, context, () => data.auto_submit && submit()));
  const body = h('fieldset', null, ...fields.map((field) => field.element));
  const form = h('form', { novalidate: true }, prose(data.text, context), body);
  const titleId = freshId();
  if (form.firstElementChild !== body) {
    form.firstElementChild!.id = titleId;
    body.setAttribute('aria-labelledby', titleId);
  }

  function submit(): void {
    const wrong = fields.filter((field) => !field.check());
    if (wrong.length) return wrong[0]!.focus();
    submitted(data, context, answerOf(fields, context.general.formResponseText));
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  body.append(h('div', { class: 'actions' },
    // A form that sends itself at the first choice still needs a button when it has no choices.
    (!data.auto_submit || !fields.some((field) => field.choice)) && h('button', { class: 'action main' }, data.submit_text || t('submit')),
    cancelButton(data, context)));
  whileAsked(body, context);
  return form;
}

export const form: Render = (data, context): Drawn => {
  const made = build(data, context);
  if (context.message.type !== 'fp-form') return { bubble: made };
  if (context.spent.aborted) return { bubble: prose(data.text, context) };
  context.cover(plain(context, data.text) || context.t('chat'), made);
  return {};
};
