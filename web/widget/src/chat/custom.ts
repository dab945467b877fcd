// Message types drawn by the page's own components (SDK).

import { h } from '../dom';
import type { Data } from '../wire';
import type { Context, Drawn } from './context';
import { callbackOf } from './context';
import { prose } from '../messages/basic';

export interface ComponentProps {
  msg: Data;
  theme: Data;
  /** Whether the message still waits for an answer. */
  latest: boolean;
  errorTemplates: Data;
  language: string;
}

/** `submit` takes `{data, type}`, `cancel` nothing. */
export type Emit = (event: 'submit' | 'cancel', detail?: { data?: Data; type?: string }) => void;

export interface CustomComponent {
  /** The message type that it draws. */
  name: string;
  /** A function that makes an element, the tag of a custom element, or a Vue 3 component when the page has `window.Vue`. */
  component: ((props: ComponentProps, emit: Emit) => HTMLElement) | string | object;
  /** Covers the chat. */
  fullScreen?: boolean;
  /** With `fullScreen`: `false` waits for a press on a button. */
  autoShow?: boolean;
  /** With `fullScreen`: also show the message's text as a bubble. */
  showMessage?: boolean;
}

function build(component: CustomComponent['component'], props: ComponentProps, emit: Emit): HTMLElement {
  if (typeof component === 'string') {
    const element = Object.assign(document.createElement(component), props);
    for (const name of ['submit', 'cancel'] as const) {
      element.addEventListener(name, (event) => emit(name, (event as CustomEvent).detail));
    }
    return element;
  }
  const vue = (window as unknown as Data).Vue;
  if (typeof component === 'object' && vue) {
    const place = h('div');
    vue.createApp(component, {
      ...props,
      onSubmit: (detail: Data) => emit('submit', detail),
      onCancel: () => emit('cancel'),
    }).mount(place);
    return place;
  }
  if (typeof component === 'function') return (component as (props: ComponentProps, emit: Emit) => HTMLElement)(props, emit);
  throw new TypeError('A custom component is a function, the tag of a custom element, or a Vue component with window.Vue present.');
}

/** A renderer made of a custom component. */
export function custom(own: CustomComponent, errorTemplates: Data = {}) {
  return (data: Data, context: Context): Drawn => {
    let done = () => {};
    const emit: Emit = (event, detail) => {
      if (context.spent.aborted) return;
      done();
      if (event === 'cancel') {
        context.reply({ type: 'form_response', callback_id: data.cancel_callback ?? '', data: { text: data.cancel_text ?? context.t('cancel') } });
        return;
      }
      const type = detail?.type ?? 'button';
      context.reply({ type: /_response$|^text$|^trigger$/.test(type) ? type : `${type}_response`, callback_id: callbackOf(data), data: { ...detail?.data } });
    };
    const props = { msg: context.message, theme: context.colours, latest: !context.spent.aborted, errorTemplates, language: context.language };
    const element = build(own.component, props, emit);
    if (!own.fullScreen) return { outside: element };
    const show = () => { done = context.cover(context.t('chat'), element); };
    const text = own.showMessage ? prose(data.text, context) : null;
    if (context.spent.aborted) return { bubble: text };
    if (own.autoShow === false) return { bubble: text, outside: h('button', { type: 'button', class: 'action', onclick: show }, context.t('show')) };
    show();
    return { bubble: text };
  };
}
