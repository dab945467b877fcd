// Chat links of a real server: PARLANCE_URL says which, PARLANCE_TOKEN is a token of its tenant `demo`. A flow is made
// that a script plays; everything that is seen here went through the server, its functions and its stream.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, BrowserContextOptions, Page, Response } from 'playwright-core';
import type { Data } from '../../src/wire';
import { findings, launch, picture, Visitor } from '../browser/browser';
import { Desk, PARTS } from './desk';

const { PARLANCE_URL: url, PARLANCE_TOKEN: token } = process.env;

const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24"><circle cx="12" cy="12" r="12" fill="#00503c"/></svg>';
const SLOTS = { chat_header_icon: [64, 64], sidebar_header_logo: [160, 64] } as const;
const INKS = { light: '#7a4b00', dark: '#ffd400' } as const;

describe.skipIf(!url || !token)('a chat link of a real server', () => {
  let browser: Browser;
  let desk: Desk;
  const opened: Page[] = [];
  /** Somebody else's site, of another origin than the server's. Browsers want to know where it really is, so it is there. */
  let site: Server;
  let body = '';

  beforeAll(async () => {
    [browser, desk] = await Promise.all([launch(), Desk.open(url!, token!)]);
    site = createServer((request, response) => {
      const [type, content] = request.url === '/icon.svg'
        ? ['image/svg+xml', ICON]
        : ['text/html', `<!doctype html><html lang="en"><title>A site</title><main><h1>A site</h1>${body}</main></html>`];
      response.writeHead(200, { 'Content-Type': type }).end(content);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => { await Promise.all(opened.splice(0).map((page) => page.context().close())); });
  afterAll(async () => {
    await browser?.close();
    site?.closeAllConnections();
    site?.close();
  });

  async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext({ reducedMotion: 'reduce', locale: 'en', ...options })).newPage();
    opened.push(page);
    return page;
  }

  async function siteWith(content: string): Promise<Page> {
    body = content;
    const page = await newPage();
    await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`);
    return page;
  }

  /** The chat in a frame of the page, welcomed. */
  async function framed(page: Page): Promise<Visitor> {
    const frame = (await (await page.waitForSelector('iframe')).contentFrame())!;
    return welcomed(new Visitor(page, frame));
  }

  async function chatPage(chatId: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const page = await newPage(options);
    await page.goto(`${url}/chat/${chatId}`);
    return welcomed(new Visitor(page, page));
  }

  async function welcomed(visitor: Visitor): Promise<Visitor> {
    await visitor.sees('Welcome to the desk.');
    await visitor.chat.locator('.composer textarea:enabled').waitFor();
    return visitor;
  }

  /** Says something and waits for these words. */
  async function hears(visitor: Visitor, text: string, answer: string): Promise<void> {
    await visitor.say(text);
    await visitor.sees(answer);
    expect(await visitor.chat.locator('.failure').count()).toBe(0);
  }

  /** What was said, by whomever, in the order in which it stands there. */
  const spoken = async (visitor: Visitor) =>
    (await visitor.chat.locator('.row .prose, .row.mine .bubble').allInnerTexts()).map((text) => text.trim());
  const isBegun = (response: Response) => response.request().method() === 'POST' && response.url().endsWith('/v2/webchat');

  test('da_w08_da_w09_a_button_with_the_icon_opens_a_conversation_whose_functions_know_the_visitor', async () => {
    const page = await siteWith(`<div id="dial-ai-button"></div><script src="${url}/widget/modal.js"></script>
      <script>renderModal('dial-ai-button', { chatId: '${desk.chatId}', backendUrl: '${url}', iconUrl: '/icon.svg', extraInternalParameters: { userId: 'user-123', visits: 7 } })</script>`);
    const button = page.getByRole('button', { name: 'Chat' });
    expect(await button.locator('img').evaluate((image: HTMLImageElement) => [new URL(image.src).pathname, image.naturalWidth > 0])).toEqual(['/icon.svg', true]);
    expect(await page.locator('iframe').count()).toBe(0);
    const begun = page.waitForResponse(isBegun);
    await button.click();
    const response = await begun;
    expect(new URL(response.url()).origin).toBe(url);
    expect(response.request().postDataJSON()).toMatchObject({ chatId: desk.chatId, internalParameters: { userId: 'user-123', visits: 7 } });
    expect(await page.getByRole('dialog', { name: 'Chat' }).count()).toBe(1);
    const visitor = await framed(page);
    await hears(visitor, 'Who am I?', 'You are user-123, number.');
    await picture(page, 'e2e-chat-link-modal');
    expect(await findings(page)).toEqual([]);
    expect(await findings(visitor.chat)).toEqual([]);
  });

  test('da_w10_a_frame_without_a_script_holds_a_conversation', async () => {
    const page = await siteWith(`<iframe title="Chat" width="420" height="640" src="${url}/chat/${desk.chatId}"></iframe>`);
    const visitor = await framed(page);
    await hears(visitor, 'Hello', 'You said: Hello');
    await hears(visitor, 'And again', 'You said: And again');
    expect(await spoken(visitor)).toEqual(['Welcome to the desk.', 'Hello', 'You said: Hello', 'And again', 'You said: And again']);
    await picture(page, 'e2e-chat-link-frame');
    expect(await findings(visitor.chat)).toEqual([]);
  });

  /** All that the newest answer showed while it was being written. */
  async function watched(visitor: Visitor, text: string): Promise<string[]> {
    await visitor.chat.evaluate(() => {
      const shown: string[] = (window as unknown as Data).shown = [];
      const root = document.querySelector('parlance-chat')!.shadowRoot!;
      const before = root.querySelectorAll('.row.theirs').length;
      new MutationObserver(() => {
        const now = [...root.querySelectorAll('.row.theirs')].slice(before).map((row) => row.querySelector('.prose')?.textContent ?? '').join('|');
        if (now && now !== shown.at(-1)) shown.push(now);
      }).observe(root, { childList: true, subtree: true, characterData: true });
    });
    await hears(visitor, text, PARTS.join(''));
    return visitor.chat.evaluate(() => (window as unknown as Data).shown);
  }

  test('da_w11_an_answer_comes_in_parts_where_the_flow_streams_and_whole_where_not', async () => {
    const streamed = await chatPage(desk.chatId);
    const growing = PARTS.map((_, at) => PARTS.slice(0, at + 1).join(''));
    expect(await watched(streamed, 'Recite')).toEqual(growing);
    const whole = await chatPage(desk.wholeChatId);
    expect(await watched(whole, 'Recite')).toEqual([growing.at(-1)]);
  });

  test('da_w12_markdown_is_rendered_and_no_script_in_it_runs', async () => {
    const visitor = await chatPage(desk.chatId);
    await hears(visitor, 'Which ways are there?', 'ways:');
    const prose = visitor.last.locator('.prose');
    expect(await prose.locator('strong').innerText()).toBe('Two');
    expect(await prose.locator('li').allInnerTexts()).toEqual(['by boat', 'on foot']);
    expect(await prose.locator('em').innerText()).toBe('foot');
    expect(await prose.locator('code').innerText()).toBe('ferry --now');
    expect(await prose.locator('a').evaluate((link: HTMLAnchorElement) => [link.href, link.target])).toEqual(['https://example.com/boat', '_blank']);
    expect(await prose.locator('script').count()).toBe(0);
    expect(await visitor.page.evaluate(() => 'evil' in window)).toBe(false);
    await picture(visitor.page, 'e2e-chat-link-markdown');
    expect(await findings(visitor.page)).toEqual([]);
  });

  test('da_w13_the_page_shows_the_tenants_icon_and_logo_for_the_viewers_theme', async () => {
    const places = Object.keys(SLOTS).flatMap((slot) => Object.keys(INKS).map((variant) => [slot, variant] as const));
    const painter = await newPage();
    for (const [slot, variant] of places) {
      const [width, height] = SLOTS[slot as keyof typeof SLOTS];
      await painter.setViewportSize({ width, height });
      await painter.setContent(`<body style="margin: 0; background: ${INKS[variant as keyof typeof INKS]}">`);
      await desk.setLogo(`${slot}/${variant}`, await painter.screenshot());
    }
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const asked: string[] = [];
        const page = await newPage({ colorScheme, viewport: { width: 1200, height: 760 } });
        page.on('response', (response) => {
          const { pathname } = new URL(response.url());
          if (pathname.includes('/logos/')) asked.push(`${response.status()} ${pathname.split('/').slice(-2).join('/')}`);
        });
        await page.goto(`${url}/chat/${desk.chatId}`);
        const visitor = await welcomed(new Visitor(page, page));
        await expect.poll(() => asked.sort()).toEqual([`200 chat_header_icon/${colorScheme}`, `200 sidebar_header_logo/${colorScheme}`]);
        expect(await page.locator('.parlance-bar img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(160);
        const icon = await visitor.chat.locator('header').first().evaluate((header) => getComputedStyle(header, '::before').backgroundImage);
        expect(icon).toContain(`/logos/chat_header_icon/${colorScheme}`);
        await hears(visitor, 'Hello', 'You said: Hello');
        await picture(page, `e2e-chat-link-branded-${colorScheme}`);
        expect(await findings(page)).toEqual([]);
      }
    } finally {
      for (const place of places) await desk.removeLogo(place.join('/'));
    }
  });

  test('da_w03_da_w04_da_w05_a_person_takes_over_while_the_browser_watches_and_hands_back', async () => {
    const page = await newPage();
    const begun = page.waitForResponse(isBegun);
    await page.goto(`${url}/chat/${desk.chatId}`);
    const transcript: string = (await (await begun).json()).transcriptId;
    const visitor = await welcomed(new Visitor(page, page));
    await hears(visitor, 'Hello', 'You said: Hello');
    // The agent is thinking when the person comes: what it would have said is never seen.
    await visitor.input.fill('Take your time');
    await visitor.input.press('Enter');
    await visitor.chat.locator('.typing .bubble').waitFor();
    await desk.operator(transcript, 'CsrTakeOver');
    await visitor.sees('A member of staff is answering now.');
    await visitor.idle();
    await desk.operator(transcript, 'addCsrMessage', { message: 'Ann **here**. How can I help?' });
    const person = visitor.chat.locator('.row.theirs').filter({ hasText: 'How can I help?' });
    await person.getByText('Member of staff').waitFor();
    expect(await person.locator('strong').innerText()).toBe('here');
    await visitor.say('Are you a person?');
    await page.waitForTimeout(3_200);
    await picture(page, 'e2e-chat-link-taken-over');
    expect(await findings(page)).toEqual([]);
    const said = (await visitor.chat.locator('.row.theirs .prose').allInnerTexts()).map((text) => text.trim());
    expect(said).toEqual(['Welcome to the desk.', 'You said: Hello', 'Ann here. How can I help?']);
    await desk.operator(transcript, 'CsrHandBack');
    await hears(visitor, 'And now?', 'You said: And now?');

    // After a reload the same conversation goes on, the person's words among the others.
    const before = await spoken(visitor);
    const more: string[] = [];
    page.on('response', (response) => { if (isBegun(response)) more.push(response.url()); });
    await page.reload();
    const again = await welcomed(new Visitor(page, page));
    await again.sees('You said: And now?');
    expect(await spoken(again)).toEqual(before);
    expect(more).toEqual([]);
    await hears(again, 'Still here', 'You said: Still here');
    await picture(page, 'e2e-chat-link-resumed');
  });
});
