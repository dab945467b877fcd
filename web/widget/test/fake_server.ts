// A small server with the Chat API of the real one, which plays any message on demand:
// the text `show form` is answered by the sample called `form`.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Data } from '../src/wire';
import { message, SAMPLES } from './samples';

const DIST = new URL('../dist/', import.meta.url).pathname;
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; media-src https:; connect-src 'self' https:; form-action 'none'; base-uri 'none'";

const HTML = { 'Content-Type': 'text/html; charset=utf-8' };

/** A logo that tells where it belongs: dark on a light ground, light on a dark one. */
const drawn = (slot: string, variant: string) => {
  const ink = variant === 'light' ? '#7a4b00' : '#ffd400';
  return slot === 'chat_header_icon'
    ? `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24"><path fill="${ink}" d="M12 1l10 20H2z"/></svg>`
    : `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 64" width="160" height="64"><path fill="${ink}" d="M2 2h156v60H2zm8 8v44h140V10z" fill-rule="evenodd"/></svg>`;
};

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Data;
}

export class FakeServer {
  /** Everything that was asked of the Chat API, oldest first. */
  calls: Call[] = [];
  configuration: Data = {};
  history: Data[] = [];
  /** Pages of other people's sites, by path. */
  pages: Record<string, string> = {};
  /** The chat's page as the server dresses it for a tenant with logos. */
  branded: string | undefined;
  /** How many of the next messages fail. */
  failures = 0;
  /** Why files are refused, if they are. */
  noFiles: [status: number, answer: Data] | undefined;
  /** What a message waits for before it is answered. */
  gate: Promise<void> | undefined;
  url = '';
  private readonly server = createServer((request, response) => void this.handle(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    this.reset();
    return this;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  /** Back to a new user with default settings. */
  reset(): void {
    this.calls = [];
    this.history = [];
    this.failures = 0;
    this.noFiles = undefined;
    this.gate = undefined;
    this.branded = undefined;
    this.configuration = {
      general: { chatbotName: 'Lake House', messageDelay: 10 },
      colours: {},
      bot: {},
      webchatHistory: { showHistory: true, numberOfMessages: 10 },
      comments: { commentsEnabled: false },
      userType: 'new',
      showMinimized: true,
      openIntent: 'intent.core.welcome',
      csrfToken: 'token-1',
    };
  }

  /** The contents that were sent as messages. */
  get sent(): Data[] {
    return this.calls.filter((call) => call.path === '/chat-api/message').map((call) => call.body.content);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = (status: number, body: unknown, headers: Data = {}) => {
      response.writeHead(status, {
        'Access-Control-Allow-Origin': request.headers.origin ?? '*',
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Allow-Headers': 'authorization,content-type,opendialog-user-id,opendialog-scenario-id,x-csrf-token',
        'Content-Type': 'application/json',
        ...headers,
      });
      response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    if (request.method === 'OPTIONS') return answer(204, '');
    if (pathname === '/web-chat' || pathname === '/web-chat-iframe') {
      return this.branded ? answer(200, this.branded, { ...HTML, 'Content-Security-Policy': CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") }) : this.file('page.html', answer);
    }
    const logo = /^\/api\/v1\/demo\/branding\/logos\/(\w+)\/(light|dark)$/.exec(pathname);
    if (logo) return answer(200, drawn(logo[1]!, logo[2]!), { 'Content-Type': 'image/svg+xml' });
    if (pathname.startsWith('/widget/')) return this.file(pathname.slice('/widget/'.length), answer);
    if (this.pages[pathname]) return answer(200, this.pages[pathname], HTML);
    if (pathname === '/cities') {
      this.calls.push({ method: 'GET', path: pathname, query: searchParams, headers: request.headers, body: {} });
      return answer(200, ['Graz', 'Linz', 'Wien', 'Wels'].filter((name) => name.toLowerCase().startsWith(searchParams.get('name')!.toLowerCase())).map((name) => ({ name })));
    }
    if (!pathname.startsWith('/chat-api/')) return answer(404, {});
    const raw = Buffer.concat(chunks).toString('latin1');
    const json = request.headers['content-type']?.includes('json');
    this.calls.push({ method: request.method!, path: pathname, query: searchParams, headers: request.headers, body: json ? JSON.parse(Buffer.concat(chunks).toString()) : { raw } });
    switch (pathname.slice('/chat-api/'.length)) {
      case 'configuration': return answer(200, this.configuration, { 'Set-Cookie': 'parlance_csrf_token=token-1; Path=/; SameSite=Lax' });
      case 'history': return answer(200, this.history.slice(0, Number(searchParams.get('limit'))));
      case 'transcript': return answer(200, '2026-05-02 14:32 - Bot: Hello', { 'Content-Type': 'text/plain', 'Content-Disposition': 'attachment; filename="Chat Transcript 2026-05-02 14:32:00.txt"' });
      case 'feedback': return answer(200, {});
      case 'file': {
        if (request.headers['x-csrf-token'] !== 'token-1') return answer(403, {});
        await this.gate;
        if (this.noFiles) return answer(...this.noFiles);
        const name = searchParams.get('name');
        return answer(200, { id: name, name, size: raw.length, type: request.headers['content-type'], url: `/files/demo/${name}` });
      }
      case 'message': {
        if (request.headers['x-csrf-token'] !== 'token-1') return answer(419, {});
        await this.gate;
        if (this.failures > 0) return this.failures--, answer(503, {});
        return answer(200, this.reply(this.calls.at(-1)!.body.content));
      }
      default: return answer(404, {});
    }
  }

  private reply(content: Data): unknown {
    if (content.type === 'url_click') return '';
    if (content.type === 'chat_open') return message('text', { text: `Welcome! (${content.callback_id})` });
    const text = String(content.data.text ?? '');
    const name = /^show (.+)/.exec(text)?.[1];
    if (name) {
      const list = SAMPLES[name]!;
      return list.length === 1 ? list[0] : list;
    }
    if (text === 'nothing') return [];
    if (text === 'false') return [false];
    if (text === 'lock') return message('text', { text: 'No more words.', disable_text: true });
    if (text === 'two') return [message('text', { text: 'First', internal: true, hidetime: true }), message('text', { text: 'Second' })];
    if (text === 'evil') return message('text', { text: 'ok<script>window.evil=1</script><img src=x onerror="window.evil=1"><a href="java\tscript:evil()" onclick="evil()">x</a><iframe src="/"></iframe><b>kept</b>' });
    return message('text', { text: `${content.type}: ${text || content.callback_id}` });
  }

  private file(name: string, answer: (status: number, body: unknown, headers: Data) => void): void {
    try {
      const headers: Data = { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' };
      if (name.endsWith('.html')) headers['Content-Security-Policy'] = CSP;
      answer(200, readFileSync(join(DIST, name)), headers);
    } catch {
      answer(404, '', {});
    }
  }
}
