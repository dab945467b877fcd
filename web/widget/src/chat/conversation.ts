// The conversation: what is sent, what comes back, in which order and at which pace. Draws nothing
// itself: it tells its view.

import type { ChatApi } from '../api';
import { envelope } from '../envelope';
import type { Configuration, Data, Envelope, HistoryRow, Incoming, Outgoing, Settings } from '../wire';
import { messagesOf } from '../wire';

/** What the conversation tells the window around it. */
export interface View {
  said(text: string): void;
  drawn(message: Incoming, live: boolean): Promise<void>;
  typing(on: boolean): void;
  /** The user may write again (or not). */
  input(enabled: boolean): void;
  failed(retry: () => void): void;
  /** The user went on: earlier messages are no longer answered. */
  spent(): void;
  meta(elements: Data): void;
  cta(lines: string[]): void;
  sent(envelope: Envelope): void;
  received(message: Incoming): void;
}

const DEFAULT_DELAY = 500;
const WELCOME = 'intent.core.welcome';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What opens the conversation: a callback, or nothing. */
export function openingOf(settings: Settings, configuration: Configuration): string | null {
  if (settings.openIntent !== undefined) return settings.openIntent;
  return configuration.openIntent || (configuration.userType === 'ongoing' ? null : WELCOME);
}

/** What a user's row of the history said; nothing for rows that were no words. */
export function saidIn(row: HistoryRow): string {
  if (['chat_open', 'trigger', 'url_click'].includes(row.type)) return '';
  return String(row.data?.text ?? row.message ?? '');
}

export class Conversation {
  /** One thing is sent at a time; the next waits for the answer. */
  #queue: Promise<void> = Promise.resolve();
  #generation = 0;

  constructor(
    private readonly api: ChatApi,
    private readonly settings: Settings,
    private readonly configuration: Configuration,
    private readonly view: View,
    private readonly page: { url: string; language: () => string },
  ) {}

  /** Shows what was said before and opens the conversation. */
  async start(opening = openingOf(this.settings, this.configuration)): Promise<void> {
    const { showHistory = true, numberOfMessages = 10 } = this.configuration.webchatHistory;
    if (showHistory && this.configuration.userType !== 'new') {
      // Without its past the conversation can still go on.
      await this.#recall(Number(numberOfMessages)).catch(() => {});
    }
    if (opening === null) return this.view.input(true);
    await this.send({ type: 'chat_open', callback_id: opening, data: { value: this.page.url } });
  }

  /** Sends, waits for the answer and shows it. */
  send(outgoing: Outgoing): Promise<void> {
    const text = outgoing.data.text;
    const letter = envelope(outgoing, this.settings, this.api.userId, this.page.language());
    this.view.spent();
    if (text && outgoing.type !== 'trigger') this.view.said(String(text));
    return this.#post(letter);
  }

  /** Tells the server that a link was followed; nothing is answered. */
  followed(url: string): void {
    const letter = envelope({ type: 'url_click', data: { url } }, this.settings, this.api.userId, this.page.language());
    this.api.message(letter, true).catch(() => {});
  }

  /** Forgets what is still to come. */
  stop(): void {
    this.#generation++;
  }

  #post(letter: Envelope): Promise<void> {
    const generation = this.#generation;
    this.#queue = this.#queue.then(async () => {
      if (generation !== this.#generation) return;
      this.view.sent(letter);
      if (this.configuration.general.showTypingIndicatorOnSend !== false) this.view.typing(true);
      this.view.input(false);
      try {
        const answer = messagesOf(await this.api.message(letter));
        if (generation === this.#generation) await this.#show(answer, generation);
      } catch {
        if (generation !== this.#generation) return;
        this.view.typing(false);
        this.view.input(true);
        // The same envelope, so that the server recognises a message it has already answered.
        this.view.failed(() => void this.#post(letter));
      }
    });
    return this.#queue;
  }

  async #show(answer: (Incoming | false)[], generation: number): Promise<void> {
    const { messageDelay, hideTypingIndicatorOnInternalMessages } = this.configuration.general;
    const delay = Number(messageDelay ?? DEFAULT_DELAY);
    const spoken: Incoming[] = [];
    const calls: string[] = [];
    for (const message of answer) {
      if (message === false) continue;
      if (message.type === 'meta') this.view.meta(message.data?.elements ?? {});
      else if (message.type === 'cta') calls.push(String(message.data?.text ?? ''));
      else spoken.push(message);
    }
    if (calls.length) this.view.cta(calls.slice(-2));
    for (const [index, message] of spoken.entries()) {
      this.view.typing(index === 0 || !hideTypingIndicatorOnInternalMessages);
      await pause(delay);
      if (generation !== this.#generation) return;
      this.view.typing(false);
      await this.view.drawn(message, true);
      this.view.received(message);
    }
    this.view.typing(false);
    this.view.input(!spoken.at(-1)?.data?.disable_text);
  }

  async #recall(limit: number): Promise<void> {
    const rows = await this.api.history(limit);
    const answered = rows.findLastIndex((row) => row.author !== 'them' && saidIn(row));
    let last: Incoming | undefined;
    for (const [index, row] of rows.entries()) {
      if (row.author !== 'them') {
        const text = saidIn(row);
        if (text) this.view.said(text);
      } else if (row.type === 'meta') {
        this.view.meta(row.data?.elements ?? {});
      } else {
        last = { author: 'them', type: row.type, intent: row.intents?.[0], data: row.data ?? { text: row.message } };
        await this.view.drawn(last, index > answered);
      }
    }
    this.view.input(!last?.data.disable_text);
  }
}
