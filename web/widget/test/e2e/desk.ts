// A desk at a real server: a flow that a script plays, its points of contact on the web, and the tenant's own calls.
// What it says depends on the words of the customer; the server is told all of it through its API.

import { expect } from 'vitest';
import type { Data } from '../../src/wire';

const MARKDOWN = '**Two** ways:\n\n* by [boat](https://example.com/boat)\n* on *foot*\n\n`ferry --now` <script>window.evil = 1</script>';

/** Where a streamed answer is cut: the browser must show the parts before the last is there. */
export const PARTS = ['The ferry ', 'leaves ', 'at seven.'];

const SCRIPT = {
  rules: [
    { when: { text_contains: 'who am i', tool_offered: 'whoami' }, then: { call: [{ name: 'whoami', arguments: {} }] } },
    { when: { tool_result_of: 'whoami' }, then: { say: '{{tool_result}}' } },
    { when: { text_contains: 'which ways' }, then: { say: MARKDOWN } },
    { when: { text_contains: 'recite' }, then: { chunks: PARTS, chunk_delay_ms: 300 } },
    { when: { text_contains: 'take your time' }, then: { say: 'Too late.', delay_ms: 3000 } },
  ],
  otherwise: { say: 'You said: {{last_user}}' },
};

export class Desk {
  private constructor(
    private readonly url: string,
    private readonly token: string,
    /** The chat link where answers come in parts. */
    readonly chatId: string,
    /** The chat link where they come whole. */
    readonly wholeChatId: string,
  ) {}

  static async open(url: string, token: string): Promise<Desk> {
    const api = new Desk(url, token, '', '');
    await api.ask('PUT', 'model-scripts/e2e-desk', SCRIPT);
    const whoami = await api.ask('POST', 'functions', {
      name: 'whoami',
      description: 'Tells who the customer is.',
      code: { type: 'java_script', source: 'return { response: `You are ${internalParameters.userId}, ${typeof internalParameters.visits}.` };' },
    });
    const link = async (streaming: boolean) => {
      const flow = await api.ask('POST', 'flows/handlers', {
        name: `Desk ${streaming}`, publicName: 'The Desk', initial: 'desk',
        states: [{ id: 'desk', name: 'Desk', thought: 'Help.', functions: [whoami.id] }],
        transitions: [],
        configuration: { opening: { say: 'Welcome to the desk.' }, model: { provider: 'scripted', name: 'e2e-desk', streaming } },
      });
      const point = await api.ask('POST', 'points-of-contact', { friendlyName: `Site ${streaming}`, channelType: 'Web', flowId: flow.id });
      return String(point.chatCode);
    };
    return new Desk(url, token, await link(true), await link(false));
  }

  /** Asks the tenant's API for something; the answer must be a good one. */
  async ask(method: string, path: string, body?: unknown): Promise<Data> {
    return this.#call(method, `/api/v1/demo/${path}`, 'application/json', body === undefined ? undefined : JSON.stringify(body));
  }

  /** What an operator does to a conversation. */
  async operator(transcript: string, what: 'CsrTakeOver' | 'addCsrMessage' | 'CsrHandBack', body?: Data): Promise<Data> {
    return this.#call('POST', `/api/org/demo/v2/webchat/${transcript}/${what}`, 'application/json', body && JSON.stringify(body));
  }

  async setLogo(place: string, png: Buffer): Promise<void> {
    await this.#call('PUT', `/api/v1/demo/branding/logos/${place}`, 'image/png', png);
  }

  async removeLogo(place: string): Promise<void> {
    await this.#call('DELETE', `/api/v1/demo/branding/logos/${place}`, 'image/png');
  }

  async #call(method: string, path: string, type: string, body?: string | Buffer): Promise<Data> {
    const headers = { Authorization: `Bearer ${this.token}`, ...(body && { 'Content-Type': type }) };
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: typeof body === 'string' ? body : body && new Uint8Array(body) });
    const text = await answer.text();
    expect(answer.ok, `${method} ${path}: ${answer.status} ${text}`).toBe(true);
    return text ? JSON.parse(text) : {};
  }
}
