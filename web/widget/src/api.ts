// The Chat API, and nothing else.

import { headersOf } from './access';
import type { Configuration, Data, Envelope, HistoryRow, Settings } from './wire';


const TIMEOUT = 60_000;
/** Rows that are neither words nor state of the window. */
const IGNORED = 'chat_open,trigger,cta,url_click';

export class ChatApi {
  #csrfToken = '';

  constructor(private readonly settings: Settings, readonly userId: string) {}

  async configuration(pageUrl: string): Promise<Configuration> {
    const answer = await this.#call('configuration', { url: pageUrl }).then((response) => response.json());
    this.#csrfToken = answer.csrfToken ?? '';
    return { ...answer, general: answer.general ?? {}, colours: answer.colours ?? {}, bot: answer.bot ?? {}, webchatHistory: answer.webchatHistory ?? {} };
  }

  /** `leaving`: the page may be gone before the answer comes. */
  async message(envelope: Envelope, leaving = false): Promise<unknown> {
    const text = await this.#call('message', null, JSON.stringify(envelope), leaving).then((response) => response.text());
    return text ? JSON.parse(text) : [];
  }

  /** Oldest first. */
  async history(limit: number): Promise<HistoryRow[]> {
    const rows = await this.#call('history', { limit: String(limit), ignore: IGNORED }).then((response) => response.json());
    return Array.isArray(rows) ? rows.reverse() : [];
  }

  async transcript(): Promise<{ name: string; content: Blob }> {
    const response = await this.#call('transcript', {});
    const name = /filename="?([^";]+)/.exec(response.headers.get('content-disposition') ?? '')?.[1];
    return { name: name ?? 'Chat Transcript.txt', content: await response.blob() };
  }

  async feedback(body: Data): Promise<void> {
    await this.#call('feedback', null, JSON.stringify(body));
  }

  /** Stores a file; the answer says its name, size, type and address. */
  async upload(file: File): Promise<Data> {
    return (await this.#call(`file?${new URLSearchParams({ name: file.name })}`, null, file)).json();
  }

  /** A GET when there is a query, else a POST. The cause of its error is the server's reason, if it gave one. */
  async #call(path: string, query: Record<string, string> | null, body?: string | File, keepalive = false): Promise<Response> {
    const search = query ? `?${new URLSearchParams({ user_id: this.userId, ...query })}` : '';
    // The cookie is readable where the page is of the server's own origin; elsewhere the token of
    // the configuration stands in for it.
    const cookie = /(?:^|; )parlance_csrf_token=([^;]*)/.exec(document.cookie)?.[1];
    const response = await fetch(`${this.settings.url}/chat-api/${path}${search}`, {
      method: query ? 'GET' : 'POST',
      body,
      keepalive,
      credentials: 'include',
      signal: AbortSignal.timeout(TIMEOUT),
      headers: {
        ...headersOf(this.settings, this.userId),
        'X-CSRF-TOKEN': cookie ? decodeURIComponent(cookie) : this.#csrfToken,
        ...(typeof body === 'string' && { 'Content-Type': 'application/json' }),
      },
    });
    if (!response.ok) {
      const { errors, message } = await response.json().catch(() => ({}));
      throw new Error(`The chat server answered ${response.status}.`, { cause: Object.values<string[]>(errors ?? {})[0]?.[0] ?? message });
    }
    return response;
  }
}
