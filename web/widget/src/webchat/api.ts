// The web chat's operations, and nothing else.

import type { Data } from '../wire';
import { eventsOf } from './events';

export interface Message {
  id: string;
  role: 'user' | 'agent' | 'csr' | 'system';
  /** Markdown. */
  content: string;
  /** The same as clean markup. */
  html?: string;
  createdAt?: string;
}

export interface Transcript {
  transcriptId: string;
  status: string;
  messages: Message[];
}

/** What is heard of a conversation while it goes on. */
export type Heard = (event: string, data: Data) => void;

/** The server answered, and the answer is no. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`The chat server answered ${status}.`);
  }
}

const TIMEOUT = 120_000;
const STREAM = 'text/event-stream';

export class WebChatApi {
  /** `token`: the JWT that proves who the visitor is, if there is one; `again` asks for a fresh one. */
  constructor(
    private readonly tenant: string,
    private readonly chatId: string,
    private readonly token: (again: boolean) => Promise<string | undefined>,
  ) {}

  create(internalParameters: Data | undefined, language: string): Promise<Transcript> {
    return this.#json('POST', '', { chatId: this.chatId, internalParameters, language });
  }

  read(id: string): Promise<Transcript> {
    return this.#json('GET', `/${id}`);
  }

  complete(id: string): Promise<Transcript> {
    return this.#json('PUT', `/${id}/status`, { status: 'Completed' });
  }

  /** Sends a text; tells of the answer as it comes. An answer that is cut off is an error. */
  async send(id: string, message: string, heard: Heard): Promise<Transcript> {
    const response = await this.#call('POST', `/${id}`, { message }, STREAM, AbortSignal.timeout(TIMEOUT));
    if (!response.headers.get('content-type')?.startsWith(STREAM)) return response.json();
    for await (const { name, data } of eventsOf(response.body!)) {
      if (name === 'done') return JSON.parse(data);
      heard(name, JSON.parse(data));
    }
    throw new Error('The answer was cut off.');
  }

  /** Tells of what others say in the conversation, until the stream ends. */
  async listen(id: string, heard: Heard, signal: AbortSignal): Promise<void> {
    const response = await this.#call('GET', `/${id}/stream`, undefined, STREAM, signal);
    for await (const { name, data } of eventsOf(response.body!)) heard(name, JSON.parse(data));
  }

  async #json(method: string, path: string, body?: Data): Promise<Transcript> {
    const response = await this.#call(method, path, body, 'application/json', AbortSignal.timeout(TIMEOUT));
    return response.json();
  }

  async #call(method: string, path: string, body: Data | undefined, accept: string, signal: AbortSignal): Promise<Response> {
    const ask = (token?: string) => fetch(`/api/org/${encodeURIComponent(this.tenant)}/v2/webchat${path}`, {
      method,
      signal,
      credentials: 'omit',
      body: body && JSON.stringify(body),
      headers: {
        Accept: accept,
        'X-DialAi-Chat-Link': `Bearer ${this.chatId}`,
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
    });
    const token = await this.token(false);
    let response = await ask(token);
    if (response.status === 401 && token) {
      // It may have expired since the page gave it.
      const fresh = await this.token(true);
      if (fresh && fresh !== token) response = await ask(fresh);
    }
    if (!response.ok) throw new Refused(response.status);
    return response;
  }
}
