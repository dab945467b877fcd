// The list of what was said.

import { freshId, h, icon } from '../dom';
import type { Data, Incoming } from '../wire';
import type { Drawn } from './context';
import { down, up } from './icons';
import type { Word } from './words';

export interface LogOptions {
  general: Data;
  bot: Data;
  t: (word: Word) => string;
  feedback: (message: Incoming, verdict: 'positive' | 'negative') => Promise<void>;
}

export class Log {
  readonly element: HTMLElement;
  readonly #list: HTMLElement;
  readonly #status: HTMLElement;
  #rotation?: ReturnType<typeof setInterval>;
  #firstNew?: HTMLElement;

  constructor(private readonly options: LogOptions) {
    this.#list = h('div', { class: 'list', role: 'log', 'aria-live': 'polite', 'aria-label': options.t('messages') });
    this.#status = h('div', { class: 'typing', role: 'status' });
    this.element = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': options.t('messages') }, this.#list, this.#status);
  }

  clear(): void {
    this.typing(false);
    this.#list.replaceChildren();
  }

  said(text: string): void {
    this.#firstNew = undefined;
    this.#add(h('div', { class: 'row mine' },
      h('span', { class: 'unseen' }, `${this.options.t('you')}: `),
      h('div', { class: 'bubble', dir: 'auto' }, text)));
  }

  /** Draws a message of the agent. */
  async draw(message: Incoming, render: (data: Data) => Drawn | Promise<Drawn>): Promise<HTMLElement | undefined> {
    return this.place(message, await render(message.data));
  }

  /** Puts what was drawn of a message at the end, before anything else can get there. */
  place(message: Incoming, { bubble, outside }: Drawn): HTMLElement | undefined {
    const { data } = message;
    const { general, t } = this.options;
    if (!bubble && !outside) return undefined;
    const name = data.meta?.author?.name ?? (general.useBotName && general.chatbotName);
    const avatar = general.useBotAvatar !== false && !data.hideavatar && (data.meta?.author?.avatar ?? general.chatbotAvatarPath);
    const block = h('div', { class: 'block' },
      name && h('div', { class: 'author' }, name),
      !name && h('span', { class: 'unseen' }, `${t('bot')}: `),
      bubble && this.#expandable(h('div', { class: 'bubble' }, bubble), data),
      outside,
      this.#thumbs(message),
      general.hideMessageTime === false && !data.hidetime && data.time && h('div', { class: 'time' }, data.time));
    const row = h('div', { class: `row theirs of-${message.type}` },
      avatar && h('img', { class: 'avatar', src: avatar, alt: '' }), block);
    this.#add(row);
    return row;
  }

  failed(retry: () => void): void {
    const row = h('div', { class: 'row theirs failure' },
      h('div', { class: 'bubble' }, this.options.t('failed'), ' ',
        h('button', { type: 'button', class: 'plain', onclick: () => { row.remove(); retry(); } }, this.options.t('retry'))));
    this.#add(row);
  }

  note(text: string): void {
    this.#add(h('p', { class: 'note' }, text));
  }

  /** The indicator: dots, or texts that change every three seconds until the last one stays. */
  typing(on: boolean): void {
    clearInterval(this.#rotation);
    this.#status.replaceChildren();
    if (!on) return;
    const { general, t } = this.options;
    const settings = general.typingIndicatorSettings ?? {};
    const texts: string[] = settings.texts ?? [];
    const words = h('span', { class: texts.length ? 'words' : 'unseen' }, texts[0] ?? t('typing'));
    const dots = h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
    if (settings.color) dots.style.color = settings.color;
    this.#status.append(h('div', { class: 'bubble' }, dots, words));
    let shown = 0;
    this.#rotation = setInterval(() => {
      if (shown + 1 < texts.length) words.textContent = texts[++shown]!;
    }, 3000);
    this.#scroll();
  }

  #add(row: HTMLElement): void {
    this.#list.append(row);
    if (row.classList.contains('theirs')) this.#firstNew ??= row;
    this.#scroll();
    for (const picture of row.querySelectorAll('img')) picture.addEventListener('load', () => this.#scroll());
  }

  /** To the end, but never past the head of the last (or of the first new) message. */
  #scroll(): void {
    const head = this.options.general.scrollToFirstNewMessage ? this.#firstNew : this.#list.lastElementChild;
    const top = head ? head.getBoundingClientRect().top - this.#list.getBoundingClientRect().top : Infinity;
    this.element.scrollTop = Math.min(this.element.scrollHeight, top);
  }

  /** Folds a long message, or only its text, behind "Read more…". */
  #expandable(bubble: HTMLElement, data: Data): HTMLElement {
    const kind = data.expandable_message ? 'message' : data.expandable_text && 'text';
    const folded = kind === 'message' ? [...bubble.childNodes] : [...bubble.querySelectorAll('.prose')].slice(0, 1);
    if (!kind || !folded.length) return bubble;
    const chars = Number.parseInt(data.expandable_text_chars, 10);
    if (chars >= folded[0]!.textContent!.length) return bubble;
    // Characters become lines of about forty, so that no word and no mark-up is cut.
    const height: string = data[`expandable_${kind}_height`] ?? `${Math.ceil((chars || 240) / 40) * 1.5}em`;
    const fold = h('div', { class: 'fold', id: freshId() });
    const toggle = h('button', { type: 'button', class: 'plain', 'aria-controls': fold.id, onclick: () => show(toggle.ariaExpanded === 'false') });
    const show = (open: boolean) => {
      toggle.ariaExpanded = String(open);
      toggle.textContent = this.options.t(open ? 'less' : 'more');
      fold.style.maxHeight = open ? 'none' : height;
      fold.classList.toggle('open', open);
    };
    show(false);
    folded[0]!.before(fold, toggle);
    fold.append(...folded);
    return bubble;
  }

  #thumbs(message: Incoming): HTMLElement | null {
    const { data } = message;
    const { general, t, feedback } = this.options;
    if (!(data.enable_feedback ?? general.messageFeedback) || !data.message_template_id) return null;
    const buttons = (['positive', 'negative'] as const).map((verdict) => {
      const button = h('button', {
        type: 'button',
        class: 'round small',
        'aria-label': t(verdict === 'positive' ? 'helpful' : 'unhelpful'),
        'aria-pressed': 'false',
        onclick: () => {
          const press = (on: boolean) => {
            for (const other of buttons) other.setAttribute('aria-pressed', String(on && other === button));
          };
          press(true);
          feedback(message, verdict).catch(() => press(false));
        },
      }, icon(verdict === 'positive' ? up : down));
      return button;
    });
    return h('div', { class: 'thumbs' }, ...buttons);
  }
}

