// A text longer than the input line holds, with a counter and, where asked for, a confirmation.

import { callbackOf, type Drawn, type Render } from '../chat/context';
import { freshId, h } from '../dom';
import { whileAsked } from './answer';
import { prose } from './basic';

export const longText: Render = (data, context): Drawn => {
  const { t } = context;
  const limit = Number(data.character_limit) || 0;
  const left = h('p', { class: 'hint', id: freshId() });
  const area = h('textarea', {
    rows: 5, dir: 'auto', maxlength: limit || null, placeholder: data.placeholder,
    'aria-label': data.placeholder || data.initial_text || t('placeholder'), 'aria-describedby': left.id,
  });
  const count = () => { left.textContent = limit ? t('left', limit - area.value.length) : ''; };
  area.addEventListener('input', count);
  count();
  const sure = h('div', { hidden: true, role: 'group' });
  const send = h('button', { class: 'action main' }, data.submit_text || t('submit'));
  const reply = () => context.reply({ type: 'longtext_response', callback_id: callbackOf(data), data: { text: area.value.trim() } });
  const ask = (on: boolean) => {
    sure.hidden = !on;
    send.hidden = on;
    area.readOnly = on;
  };
  if (data.confirmation_text) {
    sure.append(prose(data.confirmation_text, context)!, h('div', { class: 'actions' },
      h('button', { type: 'button', class: 'action main', onclick: reply }, t('yes')),
      h('button', { type: 'button', class: 'action skip', onclick: () => { ask(false); area.focus(); } }, t('no'))));
  }
  const body = h('fieldset', null, h('div', { class: 'field' }, area, left), sure, h('div', { class: 'actions' }, send));
  const form = h('form', null, prose(data.initial_text, context), body);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!area.value.trim()) return area.focus();
    if (!data.confirmation_text) return reply();
    ask(true);
    sure.querySelector('button')!.focus();
  });
  whileAsked(body, context);
  return { bubble: form };
};
