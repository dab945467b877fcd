// The SDK on somebody's page.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Data } from '../../src/wire';
import { findings, picture, stage, Visitor } from './browser';

const it = stage();

/** A page with the SDK; `script` sees `make(components, settings, user)`, which starts it. */
async function sdkPage(script: string): Promise<Page> {
  const page = await it.page();
  it.server.pages['/sdk'] = `<!doctype html><html lang="en"><head><title>SDK</title></head><body><main><h1>SDK</h1><div id="od-webchat"></div></main>
    <script src="${it.server.url}/widget/sdk.js"></script><script>
    window.heard = [];
    const webchat = new ODWebChat.OpenDialogChatSDK('#od-webchat');
    for (const name of ['loaded', 'openStateChanged', 'messageSent', 'messageReceived', 'chatEnded'])
      webchat.on(name, (event) => heard.push({ ...event.detail, name, type: event.constructor.name, element: event.detail.element?.localName }));
    const make = (components = [], settings = {}, user) => webchat.init({ url: '${it.server.url}', appKey: 'key-1', sdkEnabled: true, language: 'en',
      user: { custom: { selected_scenario: 'scenario-1' } }, ...settings }, components, user);
    ${script}</script></body></html>`;
  await page.goto(`${it.server.url}/sdk`);
  return page;
}

const heard = (page: Page): Promise<Data[]> => page.evaluate(() => JSON.parse(JSON.stringify((window as unknown as Data).heard)));
const call = (page: Page, code: string) => page.evaluate(`(async () => { const answer = await webchat.${code}; return typeof answer === 'string' ? answer : null; })()`);

test('od_w25_the_eight_methods', async () => {
  const page = await sdkPage("make([], {}, 'user-1')");
  const visitor = new Visitor(page, page);
  await page.getByRole('button', { name: 'Open chat' }).waitFor();
  expect(await call(page, 'openState')).toBe('closed');
  await call(page, 'open()');
  expect(await call(page, 'openState')).toBe('open');
  await visitor.sees('Welcome! (intent.core.welcome)');
  await picture(page, 'sdk');
  expect(await findings(page)).toEqual([]);

  await call(page, "sendMessage({ text: 'from the page' })");
  await visitor.sees('text: from the page');
  await call(page, "sendMessage({ text: 'pressed', type: 'button_response', callback: 'intent.user.X', value: 'a.b' })");
  expect(it.server.sent.at(-1)).toMatchObject({ type: 'button_response', callback_id: 'intent.user.X', data: { text: 'pressed', value: 'a.b' } });

  it.server.configuration.general.chatbotName = 'Other name';
  await call(page, "refresh({ language: 'en' })");
  await page.getByRole('heading', { name: 'Other name' }).waitFor();
  await visitor.sees('text: from the page');

  Object.assign(it.server.configuration, { userType: 'ongoing', openIntent: null });
  it.server.history = [{ author: 'user-1', type: 'text', data: { text: 'kept' } }];
  await call(page, 'restart()');
  await visitor.sees('kept');
  Object.assign(it.server.configuration, { userType: 'new', openIntent: 'intent.core.welcome' });
  await call(page, "restart(true, {}, 'user-2', 'intent.user.Again')");
  await visitor.sees('Welcome! (intent.user.Again)');
  expect(it.server.sent.at(-1)!.user_id).toBe('user-2');

  await call(page, 'close()');
  expect(await page.locator('parlance-chat').isVisible()).toBe(false);
  await call(page, 'destroy()');
  expect(await page.locator('parlance-chat, parlance-launcher').count()).toBe(0);
});

test('od_w25_init_takes_the_settings_of_the_window_and_fails_without_any', async () => {
  const page = await sdkPage('');
  await expect(call(page, 'init()')).rejects.toThrow('window.openDialogSettings');
  await page.evaluate((url) => {
    (window as unknown as Data).openDialogSettings = { url, appKey: 'key-1', language: 'en', user: { custom: { selected_scenario: 's' } }, general: { startMinimized: false } };
  }, it.server.url);
  await call(page, 'init()');
  await new Visitor(page, page).sees('Welcome!');
});

test('od_w26_the_five_events_with_their_detail', async () => {
  it.server.configuration.general.showEndChatButton = true;
  const page = await sdkPage("make([], { general: { startMinimized: false } })");
  const visitor = new Visitor(page, page);
  await visitor.sees('Welcome!');
  await visitor.say('hello');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('menuitem', { name: 'End chat' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await visitor.sees('This chat has ended.');
  const events = await heard(page);
  const named = (name: string) => events.filter((event) => event.name === name);
  expect(events.every((event) => event.type === 'CustomEvent' && event.element === 'parlance-chat')).toBe(true);
  expect(named('loaded')[0]).toMatchObject({ loaded: true });
  expect(named('openStateChanged')[0]).toMatchObject({ openState: 'open' });
  expect(named('messageSent')[1]!.message).toMatchObject({ kind: 'outgoing', notification: 'message', content: { type: 'text', data: { text: 'hello' } } });
  expect(named('messageReceived')[1]!.message).toMatchObject({ kind: 'incoming', author: 'them', type: 'text', data: { text: 'text: hello' } });
  expect(named('chatEnded')).toHaveLength(1);
});

test('od_w27_a_component_with_the_name_of_a_type_draws_it', async () => {
  const page = await sdkPage(`make([{ name: 'location', component: (props, emit) => {
    const button = document.createElement('button');
    button.textContent = props.msg.data.text + ' ' + props.language + ' ' + props.latest;
    button.onclick = () => emit('submit', { type: 'button', data: { text: 'Here', location: { lat: 1 } } });
    return button;
  } }], { general: { startMinimized: false } })`);
  const visitor = new Visitor(page, page);
  await visitor.sees('Welcome!');
  await visitor.say('show location');
  await page.getByRole('button', { name: 'Where shall we come? en true' }).click();
  await visitor.sees('button_response: Here');
  expect(it.server.sent.at(-1)).toMatchObject({ type: 'button_response', callback_id: 'intent.user.Place', data: { text: 'Here', location: { lat: 1 } } });
});

test('od_w27_full_screen_components_cancel_and_wait_when_told_to', async () => {
  const page = await sdkPage(`
    customElements.define('my-sign', class extends HTMLElement {
      connectedCallback() {
        this.innerHTML = '<button>Stop</button>';
        this.firstChild.onclick = () => this.dispatchEvent(new CustomEvent('cancel'));
      }
    });
    make([{ name: 'esign', component: 'my-sign', fullScreen: true, autoShow: false }], { general: { startMinimized: false } })`);
  const visitor = new Visitor(page, page);
  await visitor.sees('Welcome!');
  await visitor.say('show esign');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await visitor.sees('form_response: Refuse');
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(it.server.sent.at(-1)).toMatchObject({ type: 'form_response', callback_id: 'intent.user.Refused' });
});

test('the SDK is a module too', async () => {
  const page = await sdkPage('');
  expect(await page.evaluate("import('/widget/sdk.mjs').then((module) => module.OpenDialogChatSDK === ODWebChat.OpenDialogChatSDK || typeof module.OpenDialogChatSDK)")).toBeTruthy();
});
