// The chat itself, in a page of its own, in a frame, or in a page of the SDK's user.

import { ChatApi } from '../api';
import { h, icon, styleSheet } from '../dom';
import { safeUrl } from '../safe_url';
import { sanitise } from '../sanitise';
import type { Configuration, Data, Envelope, Incoming, Outgoing, Settings } from '../wire';
import { composer, type Composer } from './composer';
import type { Context } from './context';
import { Conversation } from './conversation';
import type { CustomComponent } from './custom';
import { close } from './icons';
import { Log } from './log';
import { menu, type MenuItem } from './menu';
import { rendererOf } from '../messages/registry';
import css from './style.css?inline';
import { followScheme, paint } from './theme';
import { directionOf, english, fill, wordsOf, type Word, type Words } from './words';

/** What the chat needs of the page that holds it. */
export interface Host {
  /** `frame`: inside the loader's frame; `page`: a page of its own; `sdk`: inside someone's page. */
  mode: 'frame' | 'page' | 'sdk';
  settings: Settings;
  userId: string;
  /** The address of the page that the visitor sees. */
  pageUrl: string;
  track(event: string, extra?: Data): void;
  /** Minimises the chat; absent where it cannot be. */
  close?(): void;
  cta?(lines: string[]): void;
  emit?(name: 'messageSent' | 'messageReceived' | 'chatEnded', detail: Data): void;
  components?: CustomComponent[];
}

class ChatElement extends HTMLElement {}

/** A running chat. */
export class Chat {
  readonly element: HTMLElement;
  readonly api: ChatApi;
  readonly #root: HTMLElement;
  #configuration!: Configuration;
  #conversation!: Conversation;
  #log!: Log;
  #line!: Composer;
  #words: Words = english;
  #language: string;
  #turn = new AbortController();
  #unfollow = () => {};
  #ended = false;
  #refocus = false;
  #progress?: HTMLElement;
  #title?: HTMLElement;

  constructor(parent: Element, private readonly host: Host) {
    if (!customElements.get('parlance-chat')) customElements.define('parlance-chat', ChatElement);
    this.element = document.createElement('parlance-chat');
    // On somebody's page the chat is a region; on a page of its own it is the page.
    this.#root = h(host.mode === 'sdk' ? 'section' : 'div', { class: `od-chat-window ${host.mode === 'frame' ? 'iframe' : host.mode}` });
    const shadow = this.element.attachShadow({ mode: 'open' });
    shadow.adoptedStyleSheets = [styleSheet(css)];
    this.element.setAttribute('mode', host.mode);
    shadow.append(this.#root);
    parent.append(this.element);
    this.#language = host.settings.language || navigator.language || 'en';
    this.api = new ChatApi(host.settings, host.userId);
    this.#root.addEventListener('click', (event) => this.#clicked(event));
    this.#root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      // The question before the end is answered with no; everything else is left by minimising.
      const no = this.#root.querySelector<HTMLElement>('.question button');
      if (no) no.click();
      else this.host.close?.();
    });
  }

  /** Fetches the configuration and draws the window; history and opening follow on their own. */
  async start(opening?: string | null): Promise<void> {
    try {
      await this.#configure();
    } catch {
      this.#root.replaceChildren(h('div', { class: 'row theirs failure' }, h('div', { class: 'bubble', role: 'alert' }, this.#t('failed'), ' ',
        h('button', { type: 'button', class: 'plain', onclick: () => void this.start(opening) }, this.#t('retry')))));
      return;
    }
    this.#frame();
    void this.#conversation.start(opening);
  }

  /** Whether the page or the configuration wants a launcher first. */
  get startsMinimised(): boolean {
    return this.host.settings.general?.startMinimized ?? this.#configuration?.showMinimized ?? false;
  }

  /** Applies changed settings; the conversation goes on. */
  async refresh(): Promise<void> {
    await this.#configure();
    const lines = [...this.#log.element.querySelectorAll('.list > *')];
    this.#frame();
    this.#log.element.querySelector('.list')!.append(...lines);
  }

  send(outgoing: Outgoing): Promise<void> {
    return this.#conversation.send(outgoing);
  }

  focus(): void {
    this.#line?.focus();
  }

  destroy(): void {
    this.#conversation?.stop();
    this.#turn.abort();
    this.#unfollow();
    this.element.remove();
  }

  #t(word: Word, ...values: (string | number)[]): string {
    return fill(this.#words[word], ...values);
  }

  async #configure(): Promise<void> {
    const { settings } = this.host;
    const fresh = await this.api.configuration(this.host.pageUrl);
    fresh.general = { ...fresh.general, ...settings.general };
    this.#configuration = fresh;
    this.#words = wordsOf(this.#language, fresh.general.words);
    paint(this.#root, fresh.colours);
    this.#unfollow();
    this.#unfollow = followScheme(this.#root, fresh.general.theme);
    this.#conversation ??= new Conversation(this.api, settings, fresh, this.#view(), {
      url: this.host.pageUrl,
      language: () => this.#language,
    });
  }

  /** Draws the window anew: header, list and input. */
  #frame(): void {
    const { general, bot } = this.#configuration;
    const t = (word: Word, ...values: (string | number)[]) => this.#t(word, ...values);
    const name = general.chatbotName || general.teamName || t('chat');
    this.#root.ariaLabel = this.host.mode === 'sdk' ? name : null;
    this.#root.lang = this.#language;
    this.#root.dir = directionOf(this.#language);
    this.#log = new Log({
      general, bot, t,
      feedback: (message, feedback) => this.api.feedback({
        message_template_id: message.data.message_template_id,
        feedback,
        ...(message.data.request_id && { request_id: message.data.request_id }),
      }),
    });
    this.#line = composer({
      bot, general, t,
      language: () => this.#language,
      submit: (text) => void this.send({ type: 'text', data: { text } }),
    });
    const sheets = [general.chatbotCssPath, this.host.mode === 'page' && general.chatbotFullpageCssPath]
      .filter(Boolean).map((href) => h('link', { rel: 'stylesheet', href }));
    this.#title = h('h1', null, name);
    this.#root.replaceChildren(
      ...sheets,
      h('header', { part: 'header' },
        general.logo && h('img', { class: 'logo', src: general.logo, alt: '' }),
        this.#title,
        menu(t('menu'), () => this.#menuItems()),
        this.host.close && h('button', { type: 'button', class: 'round', 'aria-label': t('minimise'), onclick: () => this.host.close?.() }, icon(close))),
      h(this.host.mode === 'sdk' ? 'div' : 'main', { class: 'body' }, this.#log.element, this.#line.element),
    );
    if (!this.#menuItems().length) this.#root.querySelector('.menus')!.remove();
    if (this.#progress) this.#root.querySelector('.body')!.prepend(this.#progress);
    if (this.#ended) this.#line.enable(false);
  }

  #menuItems(): MenuItem[] {
    const { general } = this.#configuration;
    const languages: string[] = general.languages ?? [];
    const items: MenuItem[] = [];
    if (languages.length > 1) {
      for (const code of languages) {
        const named = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
        items.push({ label: named, checked: this.#language.startsWith(code), run: () => void this.#speak(code) });
      }
    }
    if (general.showDownloadButton !== false) items.push({ label: this.#t('download'), run: () => void this.#download() });
    if (general.showRestartButton) items.push({ label: this.#t('restart'), run: () => this.#restart() });
    if (general.showEndChatButton) {
      items.push({ label: this.#configuration.bot.endChatText || this.#t('end'), run: () => this.#end() });
    }
    for (const link of this.host.settings.additionalMenuLinks ?? []) {
      if (safeUrl(link.url)) items.push({ label: link.title, href: link.url });
    }
    return items;
  }

  async #speak(language: string): Promise<void> {
    this.#language = language;
    await this.refresh();
    this.focus();
  }

  async #download(): Promise<void> {
    this.host.track('download_chat_transcript');
    const { name, content } = await this.api.transcript();
    const href = URL.createObjectURL(content);
    h('a', { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }

  #restart(): void {
    this.#ended = false;
    this.#log.clear();
    const callback = this.#configuration.general.restartButtonCallback || 'WELCOME';
    void this.send({ type: 'trigger', callback_id: callback, escalating: true, data: {} });
  }

  #end(): void {
    const { bot } = this.#configuration;
    this.host.track('end_chat');
    const answer = (label: string, classes: string, run: () => void) =>
      h('button', { type: 'button', class: classes, onclick: () => { uncover(); run(); } }, label);
    const question = bot.endChatConfirmationMessage || this.#t('endSure');
    const uncover = this.#cover(question, h('div', { class: 'question' },
      h('p', null, question),
      h('div', { class: 'actions' },
        answer(bot.endChatConfirmationNegative || this.#t('no'), 'action skip', () => this.focus()),
        answer(bot.endChatConfirmationPositive || this.#t('yes'), 'action', () => void this.#finish()))));
  }

  async #finish(): Promise<void> {
    this.host.track('confirm_end_chat');
    await this.send({ type: 'trigger', callback_id: 'intent.core.endChat', escalating: true, data: {} });
    this.#ended = true;
    this.#turn.abort();
    this.#line.replace();
    this.#line.enable(false);
    this.#log.note(this.#t('ended'));
    this.host.emit?.('chatEnded', {});
  }

  /** A dialog over the chat; what lies under it cannot be reached meanwhile. */
  #cover(label: string, content: HTMLElement): () => void {
    const before = (this.element.shadowRoot as ShadowRoot).activeElement as HTMLElement | null;
    const dialog = h('div', { class: 'cover', role: 'dialog', 'aria-modal': 'true', 'aria-label': label, tabindex: -1 }, content);
    const under = [...this.#root.children].filter((part): part is HTMLElement => part.matches('header,.body'));
    const keepHeader = this.#configuration.general.showHeaderButtonsOnFullPageMessages && !content.matches('.question');
    for (const part of under) part.inert = !(keepHeader && part.localName === 'header');
    this.#root.append(dialog);
    (dialog.querySelector<HTMLElement>('input,select,textarea,button,a') ?? dialog).focus();
    return () => {
      dialog.remove();
      if (!this.#root.querySelector('.cover')) for (const part of under) part.inert = false;
      before?.focus();
    };
  }

  #clicked(event: Event): void {
    const link = (event.target as Element).closest('a');
    if (!link || !/^https?:/.test(link.href) || link.closest('.menu')) return;
    this.host.track('url_clicked', { url: link.href, text: link.textContent?.trim() || link.getAttribute('aria-label') });
    this.#conversation.followed(link.href);
  }

  #context(message: Incoming, live: boolean): Context {
    const spent = live ? this.#turn.signal : AbortSignal.abort();
    return {
      api: this.api,
      general: this.#configuration.general,
      colours: this.#configuration.colours,
      base: this.host.settings.url,
      language: this.#language,
      t: (word, ...values) => this.#t(word, ...values),
      html: (markup) => sanitise(String(markup ?? ''), this.#sameTab),
      sameTab: this.#sameTab,
      reply: (outgoing) => void this.send(outgoing),
      track: (event, extra) => this.host.track(event, extra),
      download: () => void this.#download(),
      cover: (label, content) => {
        const uncover = this.#cover(label, content);
        spent.addEventListener('abort', uncover);
        return uncover;
      },
      takeInput: (control) => {
        this.#line.replace(control);
        spent.addEventListener('abort', () => this.#line.replace());
      },
      spent,
      message,
    };
  }

  /** Links without a tab of their own leave the frame, or the SDK's page. */
  get #sameTab(): string {
    return this.host.mode === 'frame' ? '_parent' : '_self';
  }

  #view() {
    const { host } = this;
    return {
      said: (text: string) => this.#log.said(text),
      drawn: async (message: Incoming, live: boolean) => {
        const context = this.#context(message, live);
        const custom = host.components?.find((component) => component.name === message.type);
        const render = custom
          ? (await import('../messages/showing')).custom(custom, this.#configuration.settings?.messages)
          : await rendererOf(message.type);
        const row = await this.#log.draw(message, (data) => render(data, context));
        if (row?.querySelector('pre code')) (await import('../messages/showing')).highlight(row);
        if (live && message.data.external && !this.#configuration.general.showTextInputWithExternalButtons) {
          this.#line.hide(true);
          context.spent.addEventListener('abort', () => this.#line.hide(false));
        }
      },
      typing: (on: boolean) => this.#log.typing(on),
      input: (enabled: boolean) => {
        this.#line.enable(enabled && !this.#ended);
        if (this.#refocus) this.#line.focus();
        this.#refocus = false;
      },
      failed: (retry: () => void) => this.#log.failed(retry),
      spent: () => {
        // What is pressed with the keyboard may vanish; those who use it shall not lose their place.
        const focused = this.element.shadowRoot!.activeElement;
        const keyboard = focused?.matches(':focus-visible');
        this.#turn.abort();
        if (keyboard && (!focused!.isConnected || focused!.matches('textarea,:disabled'))) this.#refocus = true;
        this.#turn = new AbortController();
      },
      meta: (elements: Data) => this.#meta(elements),
      cta: (lines: string[]) => host.cta?.(lines),
      sent: (letter: Envelope) => {
        const { type, data } = letter.content;
        if (type !== 'chat_open' && type !== 'trigger') {
          host.track('message_sent_to_chatbot', type === 'button_response' ? { label: data.text } : {});
        }
        host.emit?.('messageSent', { message: { kind: 'outgoing', ...letter } });
      },
      received: (message: Incoming) => {
        host.track('message_received_from_chatbot', { message: message.intent });
        host.emit?.('messageReceived', { message: { kind: 'incoming', ...message } });
      },
    };
  }

  /** State of the window that the agent sets: a progress bar, its text, the name in the header. */
  #meta(elements: Data): void {
    const percent = elements.progressPercentage ?? elements.progressPercent;
    if (percent !== undefined) {
      const value = Math.min(100, Math.max(0, Number.parseFloat(percent) || 0));
      this.#progress ??= h('div', { class: 'progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, h('i'));
      this.#progress.setAttribute('aria-valuenow', String(value));
      this.#progress.setAttribute('aria-label', this.#t('progress'));
      (this.#progress.firstChild as HTMLElement).style.width = `${value}%`;
      this.#root.querySelector('.body')!.prepend(this.#progress);
    }
    if (this.#progress && elements.progressText !== undefined) {
      this.#progress.replaceChildren(this.#progress.firstChild!, h('span', null, elements.progressText));
    }
    if (elements.teamName && this.#title) this.#title.textContent = elements.teamName;
    if (elements.textLimit) this.#line.element.querySelector('textarea')?.setAttribute('maxlength', String(Number.parseInt(elements.textLimit, 10)));
  }
}
