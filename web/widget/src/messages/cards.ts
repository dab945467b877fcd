// Rich messages (cards) and lists of messages (carousels).

import { plain, type Context, type Drawn, type Render } from '../chat/context';
import { h, icon } from '../dom';
import { safeUrl } from '../safe_url';
import type { Data } from '../wire';
import { action, actions, anchor, prose } from './basic';
import { rendererOf } from './registry';

function card(data: Data, context: Context): HTMLElement {
  const { image } = data;
  const title = plain(context, data.title);
  const picture = image?.src && safeUrl(image.src, /^(https?:|data:image\/)/i)
    ? h('img', { src: image.src, alt: image.alt ?? '', loading: 'lazy' }) : null;
  const head: (Node | null)[] = [
    picture && image.url && !data.link && !data.callback
      ? anchor(image.url, image.link_new_tab, context, { class: 'framed', 'aria-label': image.alt || title || image.url }, picture)
      : picture,
    title ? h('h2', { dir: 'auto' }, title) : null,
    data.subtitle ? h('p', { class: 'sub', dir: 'auto' }, plain(context, data.subtitle)) : null,
    prose(data.text, context),
  ];
  const inner = h('div', { class: 'card' }, ...head);
  const answers = actions(data.buttons ?? [], Boolean(data.clear_after_interaction), 'stacked', context);
  // The whole card answers or leads somewhere; its buttons stay beside that, as nesting is not allowed.
  let whole: HTMLElement = inner;
  if (data.link) whole = anchor(data.link, data.link_new_tab, context, { class: 'whole' }, inner);
  else if (data.callback) {
    whole = action({ text: title || plain(context, data.text), callback_id: data.callback, value: data.callback_value }, context)!;
    whole.className = 'whole';
    whole.replaceChildren(inner);
  }
  return whole === inner ? (answers && inner.append(answers), inner) : h('div', { class: 'card' }, whole, answers);
}

export const rich: Render = (data, context): Drawn => {
  const made = card(data, context);
  if (context.message.type !== 'fp-rich' || context.spent.aborted) return { bubble: made };
  context.cover(plain(context, data.title) || context.t('chat'), made);
  return {};
};

export const list: Render = async (data, context) => {
  const items: Data[] = data.items ?? [];
  const vertical = (data.view_type ?? data.list_type) === 'vertical';
  const track = h('div', { class: 'track', role: 'list', tabindex: 0, 'aria-label': plain(context, data.title) || context.t('messages') });
  const cells = items.map((_, index) => h('div', { role: 'listitem', 'aria-label': context.t('item', index + 1, items.length) }));
  track.append(...cells);
  // What lies inside a list is a message of its own, and may be of a type not loaded yet.
  await Promise.all(items.map(async (item, index) => {
    const type = String(item.message_type);
    const render = await rendererOf(type);
    const { bubble, outside } = await render(item, { ...context, message: { ...context.message, type, data: item } });
    if (bubble) cells[index]!.append(h('div', { class: 'bubble' }, bubble));
    if (outside) cells[index]!.append(outside);
  }));
  const count = h('span', { 'aria-live': 'polite' });
  let at = 0;
  const show = () => {
    count.textContent = context.t('item', at + 1, items.length);
    back.disabled = at === 0;
    forth.disabled = at === items.length - 1;
  };
  const go = (to: number) => {
    at = Math.min(items.length - 1, Math.max(0, to));
    const cell = cells[at]!;
    track.scrollTo({ left: cell.offsetLeft - track.offsetLeft, behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
    show();
  };
  const step = (label: 'previous' | 'next', by: number, path: string) =>
    h('button', { type: 'button', class: 'round', 'aria-label': context.t(label), onclick: () => go(at + by) }, icon(path));
  const back = step('previous', -1, 'M14 6l-6 6 6 6');
  const forth = step('next', 1, 'M10 6l6 6-6 6');
  track.addEventListener('keydown', (event) => {
    if (event.target !== track || vertical) return;
    const forward = getComputedStyle(track).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      event.preventDefault();
      go(at + (event.key === forward ? 1 : -1));
    }
  });
  show();
  return {
    outside: h('div', { class: `carousel${vertical ? ' vertical' : ''}`, role: 'group', 'aria-roledescription': 'carousel', 'aria-label': plain(context, data.title) || context.t('messages') },
      data.title && h('div', { class: 'label', dir: 'auto' }, plain(context, data.title)),
      track,
      !vertical && items.length > 1 && h('div', { class: 'steps' }, back, forth, count)),
  };
};
