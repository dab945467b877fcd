// The window of a web chat: the widget's own list, input, menu and style over the web chat's operations.

import { composer, type Composer } from '../chat/composer';
import { close } from '../chat/icons';
import { Log } from '../chat/log';
import { menu } from '../chat/menu';
import css from '../chat/style.css?inline';
import { followScheme } from '../chat/theme';
import { directionOf, wordsOf, type Word } from '../chat/words';
import { h, icon, styleSheet } from '../dom';
import { sanitise } from '../sanitise';
import type { Message } from './api';
import { isOver, type View } from './conversation';
import type { Wishes } from './host';

/** Words that only this chat has, under names that `words` may give in other languages. */
const OWN = {
  person: 'Member of staff',
  taken: 'A member of staff is answering now.',
};

/** What the window asks of those around it. */
export interface Around {
  mode: 'frame' | 'page';
  name: string;
  close?(): void;
  send(text: string): void;
  end(): void;
  restart(): void;
  /** Told of what others wrote, and of how the conversation stands. */
  heard(what: 'message' | 'status', detail: Message | string): void;
}

export class ChatWindow implements View {
  readonly element = document.createElement('parlance-chat');
  readonly #root: HTMLElement;
  readonly #log: Log;
  readonly #line: Composer;
  readonly #words: Record<Word | keyof typeof OWN, string>;
  /** Where messages stand that are being written, by id. */
  readonly #writing = new Map<string, HTMLElement>();
  #over = false;

  constructor(wishes: Wishes, language: string, private readonly around: Around) {
    this.#words = { ...OWN, ...wordsOf(language, wishes.words) };
    const t = (word: Word) => this.#words[word];
    this.#log = new Log({ general: {}, bot: {}, t, feedback: async () => {} });
    this.#line = composer({ bot: {}, general: {}, language: () => language, t, submit: (text) => around.send(text) });
    this.#line.enable(false);
    const name = wishes.title || around.name || t('chat');
    this.#root = h('div', { class: `od-chat-window ${around.mode === 'frame' ? 'iframe' : around.mode}`, lang: language, dir: directionOf(language) },
      h('header', { part: 'header' },
        h('h1', null, name),
        menu(t('menu'), () => [{ label: t('end'), run: () => this.#ask() }]),
        around.close && h('button', { type: 'button', class: 'round', 'aria-label': t('minimise'), onclick: () => around.close?.() }, icon(close))),
      h('main', { class: 'body' }, this.#log.element, this.#line.element));
    followScheme(this.#root, wishes.theme);
    this.element.setAttribute('mode', around.mode);
    const shadow = this.element.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [styleSheet(css)];
    shadow.append(this.#root);
    this.#root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !this.#root.querySelector('dialog')) around.close?.();
    });
  }

  focus(): void {
    // Where the line made way for a button, that is what there is to do.
    if (this.#over) this.#line.element.querySelector('button')?.focus();
    else this.#line.focus();
  }

  get #list(): HTMLElement {
    return this.#log.element.querySelector('[role=log]')!;
  }

  said(text: string): void {
    this.#log.said(text);
  }

  writes(id: string, text: string): void {
    // What is not whole is not read out: it would be read again with every word.
    this.#list.ariaBusy = 'true';
    this.#log.typing(false);
    let prose = this.#writing.get(id);
    if (!prose) {
      prose = h('div', { class: 'prose', dir: 'auto' });
      prose.style.whiteSpace = 'pre-wrap';
      this.#writing.set(id, prose);
      this.#draw(prose);
    }
    prose.append(text);
    this.#log.element.scrollTop = this.#log.element.scrollHeight;
  }

  wrote(message: Message, live: boolean): void {
    this.#list.ariaBusy = null;
    this.#log.typing(false);
    if (live) this.around.heard('message', message);
    if (message.role === 'system') return this.#log.note(message.content);
    const writing = this.#writing.get(message.id);
    this.#writing.delete(message.id);
    const prose = writing ?? h('div', { class: 'prose', dir: 'auto' });
    const plain = message.html === undefined;
    prose.style.whiteSpace = plain ? 'pre-wrap' : '';
    prose.replaceChildren(plain ? message.content : sanitise(message.html!, '_blank'));
    if (!writing) this.#draw(prose, message.role === 'csr' ? this.#words.person : undefined);
  }

  waiting(on: boolean): void {
    // Who writes goes on writing when the answer is there.
    const writes = this.element.shadowRoot!.activeElement?.localName === 'textarea';
    this.#log.typing(on);
    this.#line.enable(!on && !this.#over);
    if (writes && on) this.#line.focus();
  }

  failed(retry: () => void): void {
    this.#list.ariaBusy = null;
    // What was cut off comes whole or not at all.
    for (const prose of this.#writing.values()) prose.closest('.row')?.remove();
    this.#writing.clear();
    this.#line.enable(false);
    this.#log.failed(retry);
  }

  status(status: string): void {
    this.around.heard('status', status);
    if (status === 'HumanHandoff') this.#log.note(this.#words.taken);
    if (!isOver(status)) return;
    this.#over = true;
    this.#line.enable(false);
    this.#root.querySelector('.menus')?.remove();
    this.#log.note(this.#words.ended);
    const again = h('button', { type: 'button', class: 'action main', onclick: () => this.around.restart() }, this.#words.restart);
    this.#line.replace(h('div', { class: 'control' }, again));
  }

  #draw(prose: HTMLElement, name?: string): void {
    this.#log.place({ author: 'them', type: 'text', data: { meta: { author: { name } } } }, { bubble: prose });
  }

  /** Asks before it ends the conversation. */
  #ask(): void {
    const answer = (word: Word, classes: string, run: () => void) =>
      h('button', { type: 'button', class: classes, onclick: () => { dialog.close(); run(); } }, this.#words[word]);
    const dialog = h('dialog', { class: 'question', 'aria-label': this.#words.endSure, onclose: () => { dialog.remove(); this.focus(); } },
      h('p', null, this.#words.endSure),
      h('div', { class: 'actions' }, answer('no', 'action skip', () => {}), answer('yes', 'action', () => this.around.end())));
    this.#root.append(dialog);
    dialog.showModal();
  }
}
