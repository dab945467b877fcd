// Text, image and button messages, and whatever is unknown.

import type { Context, Drawn, Render } from '../chat/context';
import { plain } from '../chat/context';
import { h } from '../dom';
import { safeUrl } from '../safe_url';
import type { Data } from '../wire';

/** Markup as a block; nothing when there is none. */
export function prose(markup: unknown, context: Context, tag: 'div' | 'span' = 'div'): HTMLElement | null {
  return markup ? h(tag, { class: 'prose', dir: 'auto' }, context.html(markup)) : null;
}

/** A link that keeps to the rules for targets and schemes. */
export function anchor(url: string, newTab: unknown, context: Context, props: Data, ...children: Node[]): HTMLElement {
  return h('a', {
    ...props,
    href: safeUrl(url) ? url : '#',
    target: newTab ? '_blank' : context.sameTab,
    rel: newTab ? 'noopener noreferrer' : null,
  }, ...children);
}

export const text: Render = (data, context) => ({ bubble: prose(data.text, context) });

export const unknown: Render = (data, context) => ({
  bubble: prose(data.text, context) ?? h('em', null, context.t('unknown')),
});

export const image: Render = (data, context) => {
  const source = data.img_src ?? data.src ?? '';
  const picture = h('img', {
    class: 'picture',
    src: safeUrl(source, /^(https?:|data:image\/)/i) ? source : null,
    alt: data.alt ?? '',
    loading: 'lazy',
  });
  const link = data.img_link ?? data.url;
  if (!link) return { outside: picture };
  // A link needs a name even where the picture has no alternative text.
  const name = picture.alt || String(link);
  return { outside: anchor(link, data.link_new_tab, context, { class: 'framed', 'aria-label': name }, picture) };
};

/** One button of a button or rich message; nothing when it is not to be shown. */
export function action(item: Data, context: Context): HTMLElement | null {
  // The comments tab belongs to the oldest widget and has no counterpart here.
  if (item.display === false || item.tab_switch) return null;
  const label = plain(context, item.text);
  const classes = `action ${item.type ?? ''}`.trim();
  const track = () => context.track('user_clicked_button_in_chatbot', { label });
  const content = context.html(item.text);
  if (item.link) return anchor(item.link, item.link_new_tab, context, { class: classes, onclick: track }, content);
  if (item.phone_number) {
    return h('a', { class: classes, href: `tel:${String(item.phone_number).replace(/[^\d+*#,]/g, '')}`, onclick: track }, content);
  }
  const pressed = () => {
    track();
    if (item.download) return context.download();
    const value = item.value ?? item.callback_value;
    context.reply({
      type: 'button_response',
      callback_id: item.callback_id ?? item.callback ?? '',
      data: { text: label, ...(value !== undefined && value !== null && { value }) },
    });
  };
  return h('button', { type: 'button', class: classes, onclick: pressed }, content);
}

/** Buttons in a group that goes away with the message's turn when it shall be used only once. */
export function actions(items: Data[], once: boolean, classes: string, context: Context): HTMLElement | null {
  const buttons = items.map((item) => action(item, context)).filter((button) => button !== null);
  if (!buttons.length) return null;
  const group = h('div', { class: `actions ${classes}`, role: 'group' }, ...buttons);
  // Links and downloads answer nothing, so they may stay.
  if (once) {
    const clear = () => {
      for (const button of buttons) if (button instanceof HTMLButtonElement) button.remove();
      if (!group.childElementCount) group.remove();
    };
    if (context.spent.aborted) clear();
    else context.spent.addEventListener('abort', clear);
  }
  return group.childElementCount ? group : null;
}

export const button: Render = (data, context): Drawn => {
  const items: Data[] = Array.isArray(data.buttons) ? data.buttons : [];
  const once = Boolean(data.clear_after_interaction);
  const bubble = h('div', null, prose(data.text, context));
  const outside = h('div', { class: 'outside' });
  const add = (to: HTMLElement, list: Data[], classes: string) => {
    const group = actions(list, once, classes, context);
    if (group) to.append(group);
  };
  if (data.external) {
    add(outside, items.filter((item) => item.type !== 'skip'), 'external');
    add(outside, items.filter((item) => item.type === 'skip'), 'external skips');
  } else {
    add(bubble, items.filter((item) => item.type === 'inline'), 'inlined');
    add(bubble, items.filter((item) => item.type !== 'inline'), 'stacked');
  }
  return { bubble: bubble.childElementCount ? bubble : null, outside: outside.childElementCount ? outside : null };
};
