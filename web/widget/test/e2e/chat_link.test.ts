// A chat link of a real server: PARLANCE_URL and PARLANCE_CHAT_ID say which. Nothing here knows the agent: texts
// are sent, answers are awaited.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { findings, launch, picture, Visitor } from '../browser/browser';

const { PARLANCE_URL: url, PARLANCE_CHAT_ID: chatId, PARLANCE_SAY: say = 'Hello' } = process.env;

describe.skipIf(!url || !chatId)('a chat link of a real server', () => {
  let browser: Browser;
  beforeAll(async () => { browser = await launch(); });
  afterAll(() => browser.close());

  /** A page of the server's own origin, which may always frame its chats. */
  async function site(body: string): Promise<Page> {
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    await page.route('**/a-site', (route) => route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="en"><title>A site</title><main><h1>A site</h1>${body}</main></html>`,
    }));
    await page.goto(`${url}/a-site`);
    return page;
  }

  async function converses(page: Page): Promise<void> {
    const frame = (await (await page.waitForSelector('iframe')).contentFrame())!;
    await frame.waitForSelector('.composer textarea:enabled');
    const visitor = new Visitor(page, frame);
    const answers = () => frame.locator('.row.theirs').count();
    const before = await answers();
    await visitor.say(say);
    await expect.poll(answers, { timeout: 30_000 }).toBeGreaterThan(before);
    await visitor.idle();
    expect(await frame.locator('.failure').count()).toBe(0);
    expect(await findings(frame)).toEqual([]);
  }

  test('da_w08_da_w09_a_button_opens_a_conversation', async () => {
    const page = await site(`<div id="dial-ai-button"></div><script src="${url}/widget/modal.js"></script>
      <script>renderModal('dial-ai-button', { chatId: '${chatId}', backendUrl: '${url}', extraInternalParameters: { userId: 'user-123' } })</script>`);
    const begun = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/v2/webchat'));
    await page.getByRole('button', { name: 'Chat' }).click();
    expect((await begun).postDataJSON()).toMatchObject({ chatId, internalParameters: { userId: 'user-123' } });
    await converses(page);
    await picture(page, 'e2e-chat-link');
    await page.close();
  });

  test('da_w10_a_frame_holds_a_conversation', async () => {
    const page = await site(`<iframe title="Chat" width="420" height="640" src="${url}/chat/${chatId}"></iframe>`);
    await converses(page);
    await picture(page, 'e2e-chat-link-frame');
    await page.close();
  });
});
