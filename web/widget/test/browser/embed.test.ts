// The embed code on somebody's site: launcher, frame, identity, tracking, isolation.

import { expect, test } from 'vitest';
import { findings, picture, stage, tracked } from './browser';

const it = stage();

test('the loader fetches nothing of the chat before the first press', async () => {
  const asked: string[] = [];
  const page = await it.site({}, { before: async (made) => made.on('request', (request) => asked.push(new URL(request.url()).pathname)) });
  await page.getByRole('button', { name: 'Open chat' }).waitFor();
  expect(asked.filter((path) => path.startsWith('/widget/'))).toEqual(['/widget/parlance.js']);
  const visitor = await it.open(page);
  await visitor.sees('Welcome! (intent.core.welcome)');
  expect(await visitor.input.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element)).toBe(true);
  await picture(page, 'site-desktop');
  await visitor.chat.getByRole('button', { name: 'Minimise chat' }).click();
  await page.locator('#opendialog-chatwindow').waitFor({ state: 'hidden' });
  await expect.poll(() => page.evaluate(() => document.activeElement?.localName)).toBe('parlance-launcher');
});

test('od_w19_open_intent_null_sends_no_chat_open', async () => {
  const visitor = await it.open(await it.site({ openIntent: null }));
  await visitor.say('hello');
  expect(it.server.sent.map((content) => content.type)).toEqual(['text']);
});

test('od_w19_open_intent_x_sends_chat_open_x', async () => {
  it.server.configuration.userType = 'ongoing';
  const visitor = await it.open(await it.site({ openIntent: 'intent.user.Promo' }));
  await visitor.sees('Welcome! (intent.user.Promo)');
  expect(it.server.sent).toHaveLength(1);
  expect(it.server.sent[0]).toMatchObject({ type: 'chat_open', callback_id: 'intent.user.Promo', data: { value: `${it.server.url}/site` } });
});

test('od_w20_ongoing_user_sees_the_history_and_sends_no_chat_open', async () => {
  Object.assign(it.server.configuration, { userType: 'ongoing', openIntent: null });
  it.server.history = [
    { author: 'them', type: 'button', data: { text: 'And now?', external: false, clear_after_interaction: true, buttons: [{ text: 'Go on', callback_id: 'intent.user.Go' }] } },
    { author: 'user', type: 'text', data: { text: 'My question' } },
    { author: 'them', type: 'button', data: { text: 'Before', clear_after_interaction: true, buttons: [{ text: 'Too late', callback_id: 'intent.user.Late' }] } },
    { author: 'user', type: 'chat_open', data: {} },
  ];
  const visitor = await it.open(await it.site());
  await visitor.sees('My question');
  expect(await visitor.chat.locator('.row').allInnerTexts()).toEqual([
    expect.stringContaining('Before'), expect.stringContaining('My question'), expect.stringContaining('And now?'),
  ]);
  expect(it.server.sent).toEqual([]);
  expect(await visitor.chat.getByRole('button', { name: 'Too late' }).count()).toBe(0);
  await visitor.chat.getByRole('button', { name: 'Go on' }).click();
  await visitor.sees('button_response: Go on');
  const history = it.server.calls.find((call) => call.path === '/chat-api/history')!;
  expect(history.query.get('limit')).toBe('10');
  expect(history.query.get('ignore')).toContain('chat_open');
});

test('od_w21_parent_el_holds_the_frame', async () => {
  const page = await it.site({ parentEl: '#chatbot' }, {
    html: '<div id="chatbot"></div><style>#chatbot>iframe#opendialog-chatwindow { position: static; }</style>',
  });
  await it.open(page);
  const frame = page.locator('#chatbot > iframe#opendialog-chatwindow');
  expect(await frame.count()).toBe(1);
  expect(await frame.evaluate((element) => getComputedStyle(element).position)).toBe('static');
});

test('od_w22_a_reload_keeps_the_user_and_clearing_the_session_makes_a_new_one', async () => {
  const page = await it.site();
  const user = () => it.server.calls.filter((call) => call.path === '/chat-api/configuration').at(-1)!.headers['opendialog-user-id'];
  const first = user();
  expect(first).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
  await it.open(page);
  expect(user()).toBe(first);
  await page.reload();
  await page.waitForSelector('parlance-launcher', { state: 'attached' });
  expect(user()).toBe(first);
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.waitForSelector('parlance-launcher', { state: 'attached' });
  expect(user()).not.toBe(first);
});

test('od_w24_the_data_layer_hears_of_everything', async () => {
  const page = await it.site();
  await expect.poll(async () => (await tracked(page))[0]).toEqual({ event: 'chat_displayed' });
  it.server.configuration.general.showEndChatButton = true;
  const visitor = await it.open(page);
  const { chat } = visitor;
  await visitor.say('show button');
  await chat.getByRole('button', { name: 'Book a room' }).click();
  await visitor.idle();
  await visitor.say('show form');
  await chat.getByRole('button', { name: 'Not now' }).click();
  await visitor.idle();
  await visitor.say('show only-year');
  await chat.getByLabel('Year').fill('2020');
  await chat.getByRole('button', { name: 'Submit' }).click();
  await visitor.idle();
  await visitor.say('show text');
  await chat.locator('body').evaluate(() => window.addEventListener('click', (event) => event.preventDefault()));
  await chat.getByRole('link', { name: 'a link' }).click();
  await chat.getByRole('button', { name: 'Menu' }).click();
  await chat.getByRole('menuitem', { name: 'Download chat' }).click();
  await chat.getByRole('button', { name: 'Menu' }).click();
  await chat.getByRole('menuitem', { name: 'End chat' }).click();
  await chat.getByRole('button', { name: 'Yes' }).click();
  await visitor.idle();
  await chat.getByRole('button', { name: 'Minimise chat' }).click();
  await expect.poll(async () => (await tracked(page)).at(-1)).toEqual({ event: 'chatbot_minimized' });
  const events = await tracked(page);
  const named = (event: string) => events.filter((entry) => entry.event === event);
  expect(events[1]).toEqual({ event: 'chatbot_maximized' });
  expect(named('user_clicked_button_in_chatbot')).toEqual([{ event: 'user_clicked_button_in_chatbot', label: 'Book a room' }]);
  expect(named('message_sent_to_chatbot')).toContainEqual({ event: 'message_sent_to_chatbot', label: 'Book a room' });
  expect(named('message_received_from_chatbot')[1]).toEqual({ event: 'message_received_from_chatbot', message: 'intent.app.button' });
  expect(named('form_cancelled')).toEqual([{ event: 'form_cancelled', callback_id: 'intent.user.Cancel' }]);
  expect(named('form_submitted')).toEqual([{ event: 'form_submitted', callback_id: 'intent.user.Date', form_id: 'intent.user.Date', form_text: '2020' }]);
  expect(named('url_clicked')).toEqual([{ event: 'url_clicked', url: 'https://example.com/', text: 'a link' }]);
  for (const event of ['download_chat_transcript', 'end_chat', 'confirm_end_chat', 'chatbot_minimized']) expect(named(event)).toHaveLength(1);
  expect(it.server.sent.filter((content) => content.type === 'url_click')[0]!.data.url).toBe('https://example.com/');
});

test('od_w31_both_uploaded_style_sheets_apply', async () => {

  it.server.configuration.general.chatbotCssPath = '/bot.css';
  it.server.configuration.general.pageCssPath = '/page.css';
  const serve = (body: string) => ({ contentType: 'text/css', body });
  const page = await it.site({}, {
    before: async (made) => {
      await made.route('**/bot.css', (route) => route.fulfill(serve('header { background: rgb(1, 2, 3) !important; } .od-chat-window.iframe { margin: 7px; }')));
      await made.route('**/page.css', (route) => route.fulfill(serve('h1 { color: rgb(4, 5, 6); }')));
    },
  });
  const visitor = await it.open(page);
  await expect.poll(() => visitor.chat.locator('header').evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(1, 2, 3)');
  expect(await visitor.chat.locator('.od-chat-window').evaluate((element) => getComputedStyle(element).marginTop)).toBe('7px');
  expect(await page.locator('main h1').evaluate((element) => getComputedStyle(element).color)).toBe('rgb(4, 5, 6)');
});

test('od_w32_axe_finds_nothing_on_a_site_with_the_launcher_and_its_call', async () => {
  const page = await it.site({ customSettings: { openCta: { title: 'Hello!', borderRadius: '50px', width: '280px', height: '80px', background: '#001abf' } } });
  await page.getByRole('button', { name: 'Hello!' }).waitFor();
  await picture(page, 'site-cta');
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Hello!' }).click();
  await it.frame(page);
  expect(await findings(page)).toEqual([]);
});

test('od_w36_styles_of_the_host_do_not_leak', async () => {
  const page = await it.site({}, { html: '<style>* { color: rgb(255, 0, 0) !important; font-size: 40px !important; } button, div, textarea { display: none !important; } parlance-launcher { display: none; left: 0; }</style>' });
  const launcher = page.getByRole('button', { name: 'Open chat' });
  expect(await launcher.isVisible()).toBe(true);
  expect(await launcher.evaluate((element) => getComputedStyle(element).color)).toBe('rgb(255, 255, 255)');
  const visitor = await it.open(page);
  expect(await visitor.input.evaluate((element) => [getComputedStyle(element).fontSize, getComputedStyle(element).color])).toEqual(['15px', 'rgb(29, 36, 51)']);
  await visitor.say('hello');
  await visitor.sees('text: hello');
});

test('od_w36_a_site_on_another_host_holds_a_conversation', async () => {
  const elsewhere = it.server.url.replace('127.0.0.1', 'localhost');
  const page = await it.site({}, { origin: elsewhere });
  const visitor = await it.open(page);
  await visitor.say('hello');
  await visitor.sees('text: hello');
  const message = it.server.calls.at(-1)!;
  expect(message.headers.authorization).toBe('Bearer key-1');
  expect(message.headers['x-csrf-token']).toBe('token-1');
  expect(message.headers['opendialog-scenario-id']).toBe('scenario-1');
});

test('older hooks by postMessage open, close and trigger', async () => {
  const page = await it.site();
  await page.getByRole('button', { name: 'Open chat' }).waitFor();
  await page.evaluate(() => window.postMessage({ triggerConversation: { callback_id: 'intent.user.Offer', value: 'a.b' } }, '*'));
  const visitor = await it.frame(page);
  await visitor.sees('trigger: intent.user.Offer');
  await page.evaluate(() => window.postMessage({ collapseChat: true }, '*'));
  await page.locator('#opendialog-chatwindow').waitFor({ state: 'hidden' });
});

test('on a small screen the chat fills the screen and can be closed', async () => {
  it.server.configuration.showMinimized = false;
  const page = await it.site({}, { browser: { viewport: { width: 360, height: 640 } } });
  const visitor = await it.frame(page);
  await visitor.sees('Welcome!');
  expect(await page.evaluate(() => document.activeElement?.localName), 'a chat that opens itself takes no focus').toBe('body');
  expect(await page.locator('#opendialog-chatwindow').boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 640 });
  await visitor.say('show button');
  await picture(page, 'site-360');
  await visitor.input.press('Escape');
  await page.getByRole('button', { name: 'Open chat' }).waitFor();
});
