// A small server with the web chat's operations of the real one. What it answers depends on the text that is sent.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Message } from '../src/webchat/api';
import type { Data } from '../src/wire';

const DIST = new URL('../dist/', import.meta.url).pathname;
const HTML = { 'Content-Type': 'text/html; charset=utf-8' };
export const CHAT = '00000000-0000-0000-0000-000000000000';
const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24"><circle cx="12" cy="12" r="12" fill="#00503c"/><path fill="#fff" d="M6 8h12v7h-6l-4 3v-3H6z"/></svg>';
const MARKDOWN = {
  content: '**Two** ways:\n\n* by [boat](https://example.com/boat)\n* on *foot*',
  html: '<p><strong>Two</strong> ways:</p><ul><li>by <a href="https://example.com/boat">boat</a></li><li>on <em>foot</em></li></ul><script>window.evil=1</script>',
};

export interface Call {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: Data;
}

interface Kept {
  transcriptId: string;
  status: string;
  messages: Message[];
  streams: Set<ServerResponse>;
}

export class FakeWebChat {
  /** Everything that was asked, oldest first. */
  calls: Call[] = [];
  transcripts: Kept[] = [];
  /** Pages of other people's sites, by path. */
  pages: Record<string, string> = {};
  /** Who may frame the chat. */
  origins: string[] = [];
  /** Tokens that are good. */
  tokens = new Set<string>();
  /** How many of the next texts are refused with 503. */
  failures = 0;
  /** The page's own colours and logos, as the server writes them. */
  style = '';
  url = '';
  /** The same server under another origin. */
  site = '';
  private count = 0;
  private release = () => {};
  private readonly server = createServer((request, response) => void this.handle(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    const { port } = this.server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.site = `http://localhost:${port}`;
    return this.reset();
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  reset(): this {
    Object.assign(this, { calls: [], transcripts: [], pages: {}, origins: [this.site], tokens: new Set(['good']), failures: 0, style: '' });
    return this;
  }

  get made(): Call[] {
    return this.calls.filter((call) => call.method === 'POST' && call.url.endsWith('/v2/webchat'));
  }

  get sent(): string[] {
    return this.calls.filter((call) => call.body.message !== undefined).map((call) => call.body.message);
  }

  /** Lets an answer go on that waits for it. */
  goOn(): void {
    this.release();
  }

  /** What somebody does who watches the newest conversation. */
  push(event: string, data: Data): void {
    const kept = this.transcripts.at(-1)!;
    if (event === 'message') kept.messages.push(data as Message);
    if (event === 'status') kept.status = data.status;
    for (const stream of kept.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  message(role: Message['role'], content: string, html = `<p>${content}</p>`): Message {
    return { id: `m${++this.count}`, role, content, html, createdAt: '2026-05-02T14:32:00Z' };
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url!, this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body: Data = text ? JSON.parse(text) : {};
    this.calls.push({ method: request.method!, url: request.url!, headers: request.headers, body });
    const answer = (status: number, content: unknown, headers: Data = { 'Content-Type': 'application/json' }) => {
      response.writeHead(status, headers);
      response.end(typeof content === 'string' ? content : JSON.stringify(content));
    };
    if (this.pages[pathname]) return answer(200, this.pages[pathname], HTML);
    if (pathname === '/icon.svg') return answer(200, ICON, { 'Content-Type': 'image/svg+xml' });
    if (pathname.startsWith('/widget/')) {
      return answer(200, readFileSync(join(DIST, pathname.slice('/widget/'.length)), 'utf8'), { 'Content-Type': 'text/javascript' });
    }
    if (pathname === `/chat/${CHAT}`) {
      const page = readFileSync(join(DIST, 'webchat.html'), 'utf8')
        .replace('data-parlance-webchat', `data-parlance-webchat data-tenant="demo" data-name="Lake House" data-origins="${this.origins.join(' ')}"`)
        .replace('</head>', `<style>${this.style}</style></head>`);
      return answer(200, page, {
        ...HTML,
        'Content-Security-Policy': `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' ${this.origins.join(' ')}`,
      });
    }
    const [, id, what] = /^\/api\/org\/demo\/v2\/webchat(?:\/([^/]+)(?:\/(stream|status))?)?$/.exec(pathname) ?? [, '', ''];
    if (!pathname.startsWith('/api/org/demo/v2/webchat')) return answer(404, {});
    if (request.headers['x-dialai-chat-link'] !== `Bearer ${CHAT}`) return answer(401, {});
    const token = request.headers.authorization?.replace('Bearer ', '');
    if (token && !this.tokens.has(token)) return answer(401, {});
    if (!id) {
      const kept: Kept = { transcriptId: `t${this.transcripts.length + 1}`, status: 'InProgress', messages: [this.message('agent', 'Welcome to the lake.')], streams: new Set() };
      this.transcripts.push(kept);
      return answer(201, this.shown(kept));
    }
    const kept = this.transcripts.find((one) => one.transcriptId === id);
    if (!kept) return answer(404, {});
    if (what === 'stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': here\n\n');
      kept.streams.add(response);
      response.on('close', () => kept.streams.delete(response));
      return;
    }
    if (what === 'status') {
      kept.status = body.status;
      return answer(200, this.shown(kept));
    }
    if (request.method === 'GET') return answer(200, this.shown(kept));
    return this.say(kept, String(body.message), answer, response);
  }

  private async say(kept: Kept, text: string, answer: (status: number, content: unknown) => void, response: ServerResponse): Promise<void> {
    if (kept.status === 'Completed') return answer(409, {});
    if (this.failures > 0) return this.failures--, answer(503, {});
    kept.messages.push(this.message('user', text));
    const event = (name: string, data: unknown) => response.write(`event: ${name}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`);
    const stream = () => response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const reply = text === 'markdown' ? this.message('agent', MARKDOWN.content, MARKDOWN.html) : this.message('agent', `You said ${text}.`);
    if (kept.status === 'HumanHandoff') return answer(200, { ...this.shown(kept), messages: [] });
    kept.messages.push(reply);
    if (text === 'lost') return void response.destroy();
    if (text === 'bye') {
      kept.status = 'Completed';
      return answer(200, { ...this.shown(kept), messages: [reply] });
    }
    if (text !== 'stream' && text !== 'cut') return answer(200, { ...this.shown(kept), messages: [reply] });
    stream();
    event('stateChange', { state: 'answering' });
    event('delta', { id: reply.id, content: 'You **said' });
    await new Promise<void>((resolve) => { this.release = resolve; });
    if (text === 'cut') return void response.destroy();
    event('delta', { id: reply.id, content: '** stream' });
    event('message', reply);
    event('done', { ...this.shown(kept), messages: [reply] });
    response.end();
  }

  private shown({ transcriptId, status, messages }: Kept): Data {
    return { transcriptId, status, messages, tenant: 'demo' };
  }
}
