// What a drawn message may ask of the chat around it.

import type { ChatApi } from '../api';
import type { Data, Incoming, Outgoing } from '../wire';
import type { Word } from './words';

export interface Context {
  api: ChatApi;
  general: Data;
  colours: Data;
  language: string;
  /** The server's address, for addresses without a host. */
  base: string;
  /** A word of the widget, with values for its `{}`. */
  t(word: Word, ...values: (string | number)[]): string;
  /** Markup from the server as clean nodes. */
  html(markup: unknown): DocumentFragment;
  /** The target of links that ask for no new tab. */
  sameTab: string;
  /** Sends what the user did. */
  reply(outgoing: Outgoing): void;
  track(event: string, extra?: Data): void;
  download(): void;
  /** Covers the chat with a dialog; the answer takes it away again. */
  cover(label: string, content: HTMLElement): () => void;
  /** Puts a control where the text input is, until the user goes on. */
  takeInput(control: HTMLElement): void;
  /** Aborted when the user has gone on: what is drawn then no longer answers. */
  spent: AbortSignal;
  message: Incoming;
}

/** What a message looks like: inside the bubble, and beside it. */
export interface Drawn {
  bubble?: Node | null;
  outside?: Node | null;
}

export type Render = (data: Data, context: Context) => Drawn | Promise<Drawn>;

/** The callback of a message, under either of its names. */
export const callbackOf = (data: Data): string => data.callback_id ?? data.callback ?? '';

/** The visible text of markup. */
export const plain = (context: Context, markup: unknown): string => context.html(markup).textContent?.trim() ?? '';
