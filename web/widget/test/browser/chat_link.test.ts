// A chat link: the button and the dialog of `renderModal`, the page in a frame and on its own.

import type { Browser, BrowserContextOptions, Frame, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Data } from '../../src/wire';
import { CHAT, FakeWebChat } from '../fake_web_chat';
import { findings, launch, picture, Visitor } from './browser';

let browser: Browser;
const server = new FakeWebChat();
const opened: Page[] = [];

beforeAll(async () => { [browser] = await Promise.all([launch(), server.start()]); });
beforeEach(() => { server.reset(); });
afterEach(async () => { await Promise.all(opened.splice(0).map((page) => page.context().close())); });
afterAll(async () => {
  await browser?.close();
  await server.stop();
});

async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  opened.push(page);
  return page;
}

/** Somebody's site with the script; `options` is JavaScript, beside chat, server and icon. */
async function site(options = '', browserOptions: BrowserContextOptions = {}): Promise<Page> {
  const page = await newPage(browserOptions);
  server.pages['/site'] = `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>A site</title></head><body><main><h1>A site</h1><a href="#x">A link</a><div id="dial-ai-button"></div></main>
    <script src="${server.url}/widget/modal.js"></script><script>
    window.told = [];
    window.modal = window.renderModal('dial-ai-button', { chatId: '${CHAT}', backendUrl: '${server.url}', iconUrl: '/icon.svg', language: 'en',
      onOpen: () => told.push('open'), onClose: () => told.push('close'), onMessage: (message) => told.push(message.content), ${options} });</script></body></html>`;
  await page.goto(`${server.site}/site`);
  return page;
}

async function frameOf(page: Page): Promise<Visitor> {
  const frame = (await (await page.waitForSelector('iframe')).contentFrame())!;
  await frame.waitForSelector('.composer, .control');
  return new Visitor(page, frame);
}

async function open(page: Page): Promise<Visitor> {
  await page.locator('parlance-modal .open').click();
  const visitor = await frameOf(page);
  await visitor.sees('Welcome to the lake.');
  return visitor;
}

/** The page of the link, on its own. */
async function chatPage(options: BrowserContextOptions = {}, search = '?language=en'): Promise<Visitor> {
  const page = await newPage(options);
  await page.goto(`${server.url}/chat/${CHAT}${search}`);
  const visitor = new Visitor(page, page);
  await visitor.sees('Welcome to the lake.');
  return visitor;
}

const told = (page: Page): Promise<string[]> => page.evaluate(() => (window as unknown as Data).told);
const focusIn = (where: Page | Frame) => where.evaluate(() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.getAttribute('aria-label') ?? element?.localName;
});
const rows = (visitor: Visitor) => visitor.chat.locator('.row').allInnerTexts();

describe('the button and its dialog', () => {
  test('da_w08_a_button_with_the_icon_opens_a_chat_that_talks_to_the_backend', async () => {
    const page = await site("title: 'Ask the lake'");
    const button = page.getByRole('button', { name: 'Ask the lake' });
    expect(await button.locator('img').evaluate((image: HTMLImageElement) => [new URL(image.src).pathname, image.naturalWidth > 0])).toEqual(['/icon.svg', true]);
    expect(server.calls.map((call) => call.url).filter((url) => url !== '/favicon.ico')).toEqual(['/site', '/widget/modal.js', '/icon.svg']);
    await picture(page, 'modal-button');
    expect(await findings(page)).toEqual([]);
    const visitor = await open(page);
    await expect.poll(() => focusIn(visitor.chat)).toBe('Write a message');
    expect(await page.getByRole('dialog', { name: 'Ask the lake' }).count()).toBe(1);
    expect(await visitor.chat.locator('h1').innerText()).toBe('Ask the lake');
    await visitor.say('hello');
    await visitor.sees('You said hello.');
    await expect.poll(() => focusIn(visitor.chat)).toBe('Write a message');
    await picture(page, 'modal-open');
    expect(await findings(page)).toEqual([]);
    expect(await findings(visitor.chat)).toEqual([]);
    expect(server.made[0]!.headers['x-dialai-chat-link']).toBe(`Bearer ${CHAT}`);
    expect(server.made[0]!.body).toEqual({ chatId: CHAT, language: 'en' });
    expect(await told(page)).toEqual(['open', 'Welcome to the lake.', 'You said hello.']);
  });

  test('da_w08_escape_closes_and_the_focus_returns_to_where_it_was', async () => {
    const page = await site();
    await page.getByRole('button', { name: 'Chat' }).focus();
    await page.keyboard.press('Enter');
    const visitor = await frameOf(page);
    await visitor.sees('Welcome to the lake.');
    await expect.poll(() => focusIn(visitor.chat)).toBe('Write a message');
    expect(await page.locator('.open').getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'hidden' });
    await expect.poll(() => focusIn(page)).toBe('Chat');
    expect(await page.locator('.open').getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('Enter');
    await visitor.say('again');
    expect(server.made).toHaveLength(1);
    await visitor.chat.getByRole('button', { name: 'Minimise chat' }).click();
    await page.locator('dialog').waitFor({ state: 'hidden' });
    expect(await told(page)).toEqual(['open', 'Welcome to the lake.', 'close', 'open', 'You said again.', 'close']);
  });

  test('da_w08_the_handle_opens_closes_and_destroys', async () => {
    const page = await site("openOnLoad: true, position: 'bottom-right', theme: 'dark', noSuchOption: { at: 'all' }");
    const visitor = await frameOf(page);
    await visitor.sees('Welcome to the lake.');
    expect(await visitor.chat.locator('.od-chat-window').getAttribute('data-theme')).toBe('dark');
    await picture(page, 'modal-bottom-right');
    const dialog = page.locator('dialog');
    const box = (await dialog.boundingBox())!;
    const size = page.viewportSize()!;
    expect([box.x + box.width, box.y + box.height]).toEqual([size.width - 20, size.height - 20]);
    const call = (name: string) => page.evaluate((method) => (window as unknown as Data).modal[method](), name);
    await call('close');
    expect(await dialog.isVisible()).toBe(false);
    await call('open');
    expect(await dialog.isVisible()).toBe(true);
    await call('destroy');
    expect(await page.locator('parlance-modal').count()).toBe(0);
    // Twice in one element is once.
    await page.evaluate((chatId) => {
      for (const _ of [1, 2]) (window as unknown as Data).renderModal('dial-ai-button', { chatId });
    }, CHAT);
    expect(await page.locator('parlance-modal').count()).toBe(1);
  });

  test('a wrong call says what is wrong with it', async () => {
    const page = await site();
    const complaint = (element: string, options: Data) => page.evaluate(([one, two]) => {
      try {
        (window as unknown as Data).renderModal(one, two);
        return '';
      } catch (error) {
        return String(error);
      }
    }, [element, options] as const);
    expect(await complaint('nowhere', { chatId: CHAT })).toContain('"nowhere"');
    expect(await complaint('dial-ai-button', {})).toContain('chatId is missing');
    expect(await complaint('dial-ai-button', { chatId: CHAT, backendUrl: 'javascript:alert(1)' })).toContain('backendUrl');
    expect(await page.locator('parlance-modal').count()).toBe(1);
  });

  test('an icon that is no picture’s address is not drawn', async () => {
    const page = await site("iconUrl: 'java\\tscript:alert(1)'");
    expect(await page.locator('parlance-modal .open').evaluate((button) => button.innerHTML)).toMatch(/^<svg/);
  });

  test('a phone gives the chat the whole screen', async () => {
    const page = await site('', { viewport: { width: 390, height: 780 }, isMobile: true });
    const visitor = await open(page);
    expect(await page.locator('dialog').boundingBox()).toMatchObject({ x: 0, y: 0, width: 390, height: 780 });
    await visitor.say('markdown');
    await picture(page, 'modal-phone');
  });

  test('a chat that does not come can be closed', async () => {
    const page = await site();
    await page.route('**/chat/**', (route) => route.abort());
    await page.locator('parlance-modal .open').click();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('dialog').waitFor({ state: 'hidden' });
  });
});

describe('who the visitor is', () => {
  test('da_w09_parameters_and_token_reach_the_server_and_no_address', async () => {
    const page = await site("extraInternalParameters: { userId: 'user-123', nested: { a: 1 } }, jwt: 'good'");
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url(), request.headers().referer ?? ''));
    const visitor = await open(page);
    await visitor.say('hello');
    expect(server.made[0]!.body.internalParameters).toEqual({ userId: 'user-123', nested: { a: 1 } });
    const api = server.calls.filter((call) => call.url.startsWith('/api/'));
    expect(api.every((call) => call.headers.authorization === 'Bearer good')).toBe(true);
    expect(asked.join(' ')).not.toMatch(/user-123|good/);
    expect(await page.locator('iframe').getAttribute('src')).toBe(`${server.url}/chat/${CHAT}?language=en#ask`);
    expect(await page.evaluate(() => JSON.stringify(sessionStorage))).toMatch(/^(?!.*(user-123|good)).*t1/);
  });

  test('a token that has expired is asked for again', async () => {
    const page = await site("jwt: (() => { const tokens = ['good', 'better']; return async () => tokens.shift(); })()");
    const visitor = await open(page);
    server.tokens = new Set(['better']);
    await visitor.say('hello');
    await visitor.sees('You said hello.');
    expect(server.sent).toEqual(['hello', 'hello']);
    expect(server.calls.at(-1)!.headers.authorization).toBe('Bearer better');
  });

  test('without the token that the page wants to give, nobody is let in as somebody else', async () => {
    const page = await site("jwt: () => { if (!window.signedIn) throw new Error('not signed in'); return 'good'; }");
    await page.locator('parlance-modal .open').click();
    const visitor = await frameOf(page);
    await visitor.chat.getByText('sorry, that didn’t work').waitFor();
    expect(server.made).toEqual([]);
    await page.evaluate(() => { (window as unknown as Data).signedIn = true; });
    await visitor.chat.getByRole('button', { name: 'Try again' }).click();
    await visitor.sees('Welcome to the lake.');
    expect(server.made[0]!.headers.authorization).toBe('Bearer good');
  });

  test('only the parent of an allowed origin is heard', async () => {
    const page = await newPage();
    server.pages['/rogue'] = `<!doctype html><title>Rogue</title><script>
      setInterval(() => parent.frames[0]?.postMessage({ parlance: 'settings', settings: { extraInternalParameters: { userId: 'rogue' } } }, '*'), 50);</script>`;
    server.pages['/nest'] = `<!doctype html><html lang="en"><title>Nest</title><iframe title="Chat" src="${server.url}/chat/${CHAT}#ask"></iframe><iframe title="Rogue" src="/rogue"></iframe></html>`;
    await page.goto(`${server.site}/nest`);
    await page.waitForTimeout(600);
    expect(server.made).toEqual([]);
    // The policy keeps others from framing it at all; were there none, their word would not count either.
    server.origins = ['https://good.test'];
    await page.goto(`${server.site}/nest`);
    await page.waitForTimeout(300);
    const blocked = page.frames().find((frame) => frame.url().startsWith('chrome-error:'));
    expect(blocked).toBeDefined();
    expect(server.made).toEqual([]);
  });

  test('the page’s word counts only from an origin that the chat allows', async () => {
    const page = await site("extraInternalParameters: { userId: 'user-123' }");
    await page.route('**/chat/**', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace(/data-origins="[^"]*"/, 'data-origins="https://good.test"');
      await route.fulfill({ response: answer, body });
    });
    await page.locator('parlance-modal .open').click();
    await page.waitForTimeout(600);
    expect(server.made).toEqual([]);
  });
});

describe('the conversation', () => {
  test('da_w10_a_frame_without_any_script_holds_a_conversation', async () => {
    const page = await newPage();
    server.pages['/plain'] = `<!doctype html><html lang="en"><title>Plain</title><main><h1>Plain</h1><iframe title="Chat" width="420" height="640" src="${server.url}/chat/${CHAT}?theme=dark&language=en"></iframe></main></html>`;
    await page.goto(`${server.site}/plain`);
    const visitor = await frameOf(page);
    await visitor.sees('Welcome to the lake.');
    expect(await focusIn(page)).toBe('body');
    await visitor.say('hello');
    await visitor.sees('You said hello.');
    expect(await visitor.chat.locator('.od-chat-window').getAttribute('data-theme')).toBe('dark');
    expect(await visitor.chat.getByRole('button', { name: 'Minimise chat' }).count()).toBe(0);
    await picture(page, 'chat-link-frame');
    expect(await findings(page)).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('da_w12_markdown_is_drawn_and_cleaned_in_the_%s', async (colorScheme) => {
    server.style = ':root { --c-sentMessageBackground: #f8c878; --c-sentMessageText: #000000; --c-link: #7c643c; --c-linkInTheDark: #f8c878; }';
    const visitor = await chatPage({ colorScheme, viewport: { width: 1000, height: 700 }, reducedMotion: 'reduce' });
    await visitor.say('markdown');
    const prose = visitor.last.locator('.prose');
    expect(await prose.innerHTML()).toBe('<p><strong>Two</strong> ways:</p><ul><li>by <a href="https://example.com/boat" target="_blank">boat</a></li><li>on <em>foot</em></li></ul>');
    expect(await visitor.page.evaluate(() => 'evil' in window)).toBe(false);
    await picture(visitor.page, `chat-link-${colorScheme}`);
    expect(await findings(visitor.page)).toEqual([]);
  });

  test('da_w11_a_streamed_answer_is_shown_as_it_comes', async () => {
    const visitor = await chatPage();
    await visitor.input.fill('stream');
    await visitor.input.press('Enter');
    await expect.poll(() => visitor.last.locator('.prose').innerText()).toBe('You **said');
    expect(await visitor.log.getAttribute('aria-busy')).toBe('true');
    expect(await visitor.input.isDisabled()).toBe(true);
    server.goOn();
    await visitor.sees('You said stream.');
    expect(await visitor.log.getAttribute('aria-busy')).toBe(null);
    await expect.poll(() => focusIn(visitor.page)).toBe('Write a message');
    expect((await rows(visitor)).filter((text) => text.includes('You said'))).toHaveLength(1);
    const [call] = server.calls.filter((one) => one.body.message === 'stream');
    expect(call!.headers.accept).toBe('text/event-stream');
  });

  test('a person who takes over is seen and named, once', async () => {
    const visitor = await chatPage();
    await expect.poll(() => server.transcripts[0]!.streams.size).toBe(1);
    server.push('status', { status: 'HumanHandoff' });
    await visitor.chat.getByText('A member of staff is answering now.').waitFor();
    await visitor.say('help');
    const message = server.message('csr', 'Hello, this is Ann.');
    server.push('message', message);
    server.push('message', message);
    await visitor.sees('Hello, this is Ann.');
    expect(await visitor.last.locator('.author').innerText()).toBe('Member of staff');
    // What was said while the stream was away is read when it is opened again.
    for (const stream of server.transcripts[0]!.streams) stream.destroy();
    server.transcripts[0]!.messages.push(server.message('csr', 'Are you there?'));
    await visitor.sees('Are you there?');
    expect((await rows(visitor)).filter((text) => text.includes('this is Ann'))).toHaveLength(1);
    await picture(visitor.page, 'chat-link-person');
    expect(await findings(visitor.page)).toEqual([]);
  });

  test('a reload goes on with the conversation, another visitor does not', async () => {
    const page = await site("extraInternalParameters: { userId: 'user-1' }");
    const visitor = await open(page);
    await visitor.say('hello');
    const before = await rows(visitor);
    await page.goto(`${server.site}/site`);
    const again = await open(page);
    await again.sees('You said hello.');
    // In the order in which it was said.
    expect(await rows(again)).toEqual(before);
    expect(before).toHaveLength(3);
    expect(await told(page)).toEqual(['open']);
    expect(server.made).toHaveLength(1);
    const key = `parlance.webchat.${CHAT}`;
    const kept = await page.evaluate((name) => sessionStorage.getItem(name)!, key);
    server.pages['/site'] = server.pages['/site']!.replace('user-1', 'user-2');
    await page.goto(`${server.site}/site`);
    const other = await open(page);
    expect(await rows(other)).toHaveLength(1);
    expect(server.made).toHaveLength(2);
    expect(JSON.parse(kept).visitor).not.toBe(JSON.parse(await page.evaluate((name) => sessionStorage.getItem(name)!, key)).visitor);
  });

  test('a failure is said and tried again', async () => {
    const visitor = await chatPage();
    server.failures = 1;
    await visitor.input.fill('hello');
    await visitor.input.press('Enter');
    await visitor.chat.getByText('sorry, that didn’t work').waitFor();
    expect(await findings(visitor.page)).toEqual([]);
    await visitor.chat.getByRole('button', { name: 'Try again' }).click();
    await visitor.sees('You said hello.');
    expect(server.sent).toEqual(['hello', 'hello']);
    expect(await visitor.chat.locator('.row.mine').count()).toBe(1);
  });

  test.each(['lost', 'cut'])('an answer that is %s is read, and the text is not sent twice', async (text) => {
    const visitor = await chatPage();
    await visitor.input.fill(text);
    await visitor.input.press('Enter');
    if (text === 'cut') {
      await expect.poll(() => visitor.last.locator('.prose').innerText()).toBe('You **said');
      server.goOn();
    }
    await visitor.chat.getByRole('button', { name: 'Try again' }).click();
    await visitor.sees(`You said ${text}.`);
    expect(server.sent).toEqual([text]);
    expect(await rows(visitor)).toHaveLength(3);
  });

  test('the visitor ends it, after a question, and begins another', async () => {
    const visitor = await chatPage();
    const ask = async () => {
      await visitor.chat.getByRole('button', { name: 'Menu' }).click();
      await visitor.chat.getByRole('menuitem', { name: 'End chat' }).click();
    };
    await ask();
    await picture(visitor.page, 'chat-link-end');
    expect(await findings(visitor.page)).toEqual([]);
    await visitor.page.keyboard.press('Escape');
    await expect.poll(() => focusIn(visitor.page)).toBe('Write a message');
    expect(server.transcripts[0]!.status).toBe('InProgress');
    await ask();
    await visitor.chat.getByRole('button', { name: 'Yes' }).click();
    await visitor.chat.getByText('This chat has ended.').waitFor();
    expect(server.calls.find((call) => call.method === 'PUT')!.body).toEqual({ status: 'Completed' });
    expect(await visitor.input.count()).toBe(0);
    expect(await findings(visitor.page)).toEqual([]);
    await visitor.chat.getByRole('button', { name: 'Restart chat' }).click();
    await visitor.say('hello');
    expect(await rows(visitor)).toHaveLength(3);
    expect(server.made).toHaveLength(2);
  });

  test('da_w07_a_chat_that_was_closed_elsewhere_takes_no_more_texts', async () => {
    const visitor = await chatPage();
    server.transcripts[0]!.status = 'Completed';
    await visitor.input.fill('hello');
    await visitor.input.press('Enter');
    await visitor.chat.getByText('This chat has ended.').waitFor();
    await visitor.page.reload();
    await visitor.sees('Welcome to the lake.');
    expect(server.made).toHaveLength(2);
    await visitor.say('hello');
    await visitor.page.reload();
    await visitor.sees('You said hello.');
    expect(server.made).toHaveLength(2);
  });

  test('a conversation that was erased makes way for another', async () => {
    const visitor = await chatPage();
    server.transcripts = [];
    await visitor.input.fill('hello');
    await visitor.input.press('Enter');
    await visitor.chat.getByRole('button', { name: 'Restart chat' }).click();
    await visitor.say('hello again');
    await visitor.sees('You said hello again.');
    expect(await rows(visitor)).toHaveLength(3);
  });

  test('languages that are written from right to left', async () => {
    const visitor = await chatPage({}, '?language=he');
    expect(await visitor.chat.locator('.od-chat-window').getAttribute('dir')).toBe('rtl');
    expect(server.made[0]!.body.language).toBe('he');
  });
});
