// A conversation over the web chat's operations: begun or gone on with, sent to, listened to. Draws nothing
// itself: it tells its view.

import type { Data } from '../wire';
import { Refused, type Message, type Transcript, type WebChatApi } from './api';

/** What the conversation tells the window around it. */
export interface View {
  said(text: string): void;
  /** A message of somebody else, whole, in the place of its parts; `live`: it is new. */
  wrote(message: Message, live: boolean): void;
  /** The next part of a message that is being written. */
  writes(id: string, text: string): void;
  /** Nothing can be sent until the answer is there. */
  waiting(on: boolean): void;
  failed(retry: () => void): void;
  status(status: string): void;
}

/** Remembers a text while the tab is open. */
export interface Memory {
  load(): string | null | undefined;
  save(text: string): void;
}

/** After these nobody says anything more. */
const OVER = ['Completed', 'Abandoned', 'Failed', 'Restarted', 'Unsubscribed'];
export const isOver = (status: string) => OVER.includes(status);

const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

export class Conversation {
  #id = '';
  #status = '';
  /** Messages that were shown. */
  #shown = new Set<string>();
  /** How many texts of the visitor the server is known to have. */
  #accepted = 0;
  #stop = new AbortController();

  constructor(
    private readonly api: WebChatApi,
    private readonly view: View,
    private readonly memory: Memory,
    /** Whose it is, so that nobody goes on with another's. */
    private readonly visitor: string,
    private readonly first: { parameters?: Data; language: string },
  ) {}

  /** Goes on where the tab was, or begins. */
  async start(): Promise<void> {
    this.view.waiting(true);
    try {
      const before = await this.#remembered();
      const now = before ?? await this.api.create(this.first.parameters, this.first.language);
      this.#id = now.transcriptId;
      this.memory.save(JSON.stringify({ id: this.#id, visitor: this.visitor }));
      this.view.waiting(false);
      for (const message of now.messages) {
        if (message.role === 'user') {
          this.#accepted++;
          this.view.said(message.content);
        } else this.#wrote(message, !before);
      }
      this.#stands(now.status);
      if (!isOver(now.status)) void this.#listen();
    } catch {
      this.view.waiting(false);
      this.view.failed(() => void this.start());
    }
  }

  /** Sends what the visitor wrote. */
  async send(text: string): Promise<void> {
    this.view.said(text);
    await this.#deliver(text);
  }

  async #deliver(text: string): Promise<void> {
    this.view.waiting(true);
    try {
      const now = await this.api.send(this.#id, text, (event, data) => this.#heard(event, data));
      this.#accepted++;
      this.#take(now);
    } catch (error) {
      this.view.waiting(false);
      if (error instanceof Refused && error.status === 409) await this.#reread();
      else if (!this.#isGone(error)) this.view.failed(() => void this.#again(text));
    }
  }

  /** The answer may have been lost after the text had arrived: then the text is not sent a second time. */
  async #again(text: string): Promise<void> {
    this.view.waiting(true);
    try {
      const now = await this.api.read(this.#id);
      const accepted = now.messages.filter((message) => message.role === 'user').length;
      if (accepted <= this.#accepted) return await this.#deliver(text);
      this.#accepted = accepted;
      this.#take(now);
    } catch (error) {
      this.view.waiting(false);
      if (!this.#isGone(error)) this.view.failed(() => void this.#again(text));
    }
  }

  /** Whether the conversation is not there any more: it was erased, or kept long enough. */
  #isGone(error: unknown): boolean {
    const gone = error instanceof Refused && (error.status === 404 || error.status === 410);
    if (gone) this.#stands('Abandoned');
    return gone;
  }

  /** Ends the conversation. */
  async end(): Promise<void> {
    if (!this.#id) return;
    try {
      this.#stands((await this.api.complete(this.#id)).status || 'Completed');
    } catch (error) {
      if (!this.#isGone(error)) this.view.failed(() => void this.end());
    }
  }

  /** Forgets it, and hears nothing more. */
  leave(): void {
    this.#stop.abort();
    this.memory.save('');
  }

  async #reread(): Promise<void> {
    try {
      this.#take(await this.api.read(this.#id));
    } catch (error) {
      if (!this.#isGone(error)) this.view.failed(() => void this.#reread());
    }
  }

  #take(now: Transcript): void {
    this.view.waiting(false);
    for (const message of now.messages) if (message.role !== 'user') this.#wrote(message);
    this.#stands(now.status);
  }

  #wrote(message: Message, live = true): void {
    if (this.#shown.has(message.id)) return;
    this.#shown.add(message.id);
    this.view.wrote(message, live);
  }

  #heard(event: string, data: Data): void {
    if (event === 'delta' && !this.#shown.has(data.id)) {
      this.view.writes(data.id, String(data.content ?? ''));
    }
    // What the visitor said stands there already.
    if (event === 'message' && data.role !== 'user') this.#wrote(data as Message);
    if (event === 'status') this.#stands(data.status);
  }

  #stands(status: string): void {
    if (status === this.#status) return;
    this.#status = status;
    if (isOver(status)) this.#stop.abort();
    this.view.status(status);
  }

  /** Hears those who take the conversation over. A stream that ends is opened again, and what was missed is read. */
  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    for (let pause = SHORTEST_PAUSE; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await this.api.listen(this.#id, (event, data) => {
          pause = SHORTEST_PAUSE;
          this.#heard(event, data);
        }, signal);
      } catch (error) {
        // Who may not listen will not be let in a minute later.
        if (error instanceof Refused && error.status < 500 && error.status !== 429) return;
      }
      if (signal.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (signal.aborted) return;
      const missed = await this.api.read(this.#id).catch(() => undefined);
      for (const message of missed?.messages ?? []) if (message.role !== 'user') this.#wrote(message);
      if (missed) this.#stands(missed.status);
    }
  }

  /** The tab's conversation as it stands, if it is this visitor's and goes on. */
  async #remembered(): Promise<Transcript | undefined> {
    let kept: Data = {};
    try {
      kept = JSON.parse(this.memory.load() || '{}');
    } catch {
      return undefined;
    }
    if (!kept?.id || kept.visitor !== this.visitor) return undefined;
    try {
      const now = await this.api.read(String(kept.id));
      return isOver(now.status) ? undefined : now;
    } catch (error) {
      // It is not there any more, or not for this visitor: a new one. Everything else may pass.
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return undefined;
      throw error;
    }
  }
}

/** Tells visitors of a tab apart without keeping what is known of them (FNV-1a, 32 bits). */
export function visitorOf(jwt: string | undefined, parameters: Data | undefined): string {
  let who = '';
  try {
    who = jwt ? String(JSON.parse(atob(jwt.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))).sub) : '';
  } catch {
    who = jwt!; // No JWT; the server says so.
  }
  let hash = 0x811c9dc5;
  for (const unit of `${who}\n${JSON.stringify(parameters ?? {})}`) hash = Math.imul(hash ^ unit.codePointAt(0)!, 0x01000193);
  return (hash >>> 0).toString(16);
}
