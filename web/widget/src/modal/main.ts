// The script of Dialai's embed code: `window.renderModal(elementId, options)` puts a button into an element; a
// press opens a dialog with the chat of a chat link in a frame. It is all that a visitor loads who never presses.

import { h, icon, styleSheet } from '../dom';
import { safeUrl } from '../safe_url';
import { tabMemory } from '../webchat/memory';
import type { Data } from '../wire';
import css from './modal.css?inline';

const BUBBLE = 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z';
const CLOSE = 'M6 6l12 12M18 6L6 18';

/** What is not known here has no effect. */
export interface ModalOptions {
  /** The chat link. */
  chatId: string;
  /** The server; without it, the origin of this script. */
  backendUrl?: string;
  iconUrl?: string;
  /** Become internal parameters of the conversation. Visitors can change them: prove who they are with `jwt`. */
  extraInternalParameters?: Data;
  /** A token of the site's identity provider, or what gives one; asked again when the token has expired. */
  jwt?: string | (() => string | undefined | Promise<string | undefined>);
  title?: string;
  theme?: 'light' | 'dark';
  language?: string;
  position?: 'center' | 'bottom-right' | 'bottom-left';
  openOnLoad?: boolean;
  /** The chat's words in other languages. */
  words?: Data;
  onOpen?(): void;
  onClose?(): void;
  /** What the agent, or a person in its place, wrote. */
  onMessage?(message: Data): void;
}

export interface Modal {
  open(): void;
  close(): void;
  /** Takes button and chat away. */
  destroy(): void;
}

const page = window as unknown as Data;
const script = (document.currentScript as HTMLScriptElement | null)?.src;
/** What stands in an element already: it makes way for the next. */
const modals = new WeakMap<Element, Modal>();

export function renderModal(elementId: string | Element, options: ModalOptions): Modal {
  const parent = typeof elementId === 'string' ? document.getElementById(elementId) : elementId;
  if (!parent) throw new Error(`renderModal: no element of this page has the id "${elementId}": call it when the element is there.`);
  const { chatId, title = 'Chat', iconUrl, language, theme, jwt } = options ?? {};
  if (!chatId || typeof chatId !== 'string') throw new Error('renderModal: chatId is missing: give the id of a chat link.');
  const backend = new URL(options.backendUrl || (script ?? location.href), location.href);
  if (!/^https?:$/.test(backend.protocol)) throw new Error('renderModal: backendUrl must be an address with https.');
  const base = options.backendUrl ? backend.href.replace(/[?#].*|\/+$/g, '') : backend.origin;
  modals.get(parent)?.destroy();

  const query = new URLSearchParams({ ...(theme && { theme }), ...(language && { language }) });
  const host = document.createElement('parlance-modal');
  const shadow = host.attachShadow({ mode: 'open' });
  shadow.adoptedStyleSheets = [styleSheet(css)];
  const pictured = iconUrl && safeUrl(iconUrl, /^(https?:|data:image\/)/i);
  const button = h('button', { type: 'button', class: 'open', 'aria-label': title, 'aria-haspopup': 'dialog', 'aria-expanded': 'false', onclick: () => open() },
    pictured ? h('img', { src: iconUrl, alt: '' }) : icon(BUBBLE));
  // The chat has a button of its own to close it: this one is for a chat that does not come.
  const leave = h('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => close() }, icon(CLOSE));
  const dialog = h('dialog', {
    class: options.position ?? 'center', 'aria-label': title, lang: language,
    onclose: () => {
      button.ariaExpanded = 'false';
      button.focus();
      options.onClose?.();
    },
    onclick: ({ target }: Event) => { if (target === dialog) close(); },
  }, leave);
  shadow.append(button, dialog);
  parent.append(host);

  let frame: HTMLIFrameElement | undefined;
  let ready = false;
  const memory = tabMemory(`parlance.webchat.${chatId}`);
  const tell = (message: Data) => frame?.contentWindow?.postMessage(message, backend.origin);
  const token = async () => (typeof jwt === 'function' ? await jwt() : jwt);

  async function answer(): Promise<void> {
    const { extraInternalParameters, words } = options;
    try {
      // Functions cannot be sent to another window; what is sent is plain data.
      const settings = JSON.parse(JSON.stringify({ title: options.title, language, theme, words, extraInternalParameters, memory: memory.load(), jwt: await token() }));
      tell({ parlance: 'settings', settings });
      ready = leave.hidden = true;
      if (dialog.open) focus();
    } catch (error) {
      console.error('renderModal: jwt gave no token.', error);
      tell({ parlance: 'failed' });
    }
  }

  function focus(): void {
    frame!.focus();
    tell({ parlance: 'focus' });
  }

  function hear({ source, origin, data }: MessageEvent): void {
    if (!frame || source !== frame.contentWindow || origin !== backend.origin || typeof data !== 'object' || !data) return;
    if (data.parlance === 'ready') void answer();
    if (data.parlance === 'token') void token().catch(() => undefined).then((fresh) => tell({ parlance: 'token', jwt: fresh }));
    if (data.parlance === 'close') close();
    if (data.parlance === 'memory') memory.save(String(data.memory));
    if (data.parlance === 'message') options.onMessage?.(data.message);
  }
  window.addEventListener('message', hear);

  function open(): void {
    if (dialog.open) return;
    if (!frame) {
      const search = query.size ? `?${query}` : '';
      frame = h('iframe', { title, allow: 'microphone', src: `${base}/chat/${encodeURIComponent(chatId)}${search}#ask` });
      dialog.append(frame);
    }
    dialog.showModal();
    button.ariaExpanded = 'true';
    if (ready) focus();
    options.onOpen?.();
  }

  function close(): void {
    if (dialog.open) dialog.close();
  }

  const modal: Modal = {
    open,
    close,
    destroy() {
      close();
      window.removeEventListener('message', hear);
      host.remove();
      modals.delete(parent);
    },
  };
  modals.set(parent, modal);
  if (options.openOnLoad) open();
  return modal;
}

page.renderModal = renderModal;
