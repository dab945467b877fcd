// The chat around the messages: pace, controls, failures, languages, keyboard.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { findings, picture, stage } from './browser';

const it = stage();

test('several messages appear one by one and the last one decides about the input', async () => {
  it.server.configuration.general.messageDelay = 500;
  const visitor = await it.fullPage();
  // The moments are taken in the page, so that a slow test machine changes nothing.
  await visitor.log.evaluate((log) => {
    const seen: Record<string, number> = {};
    Object.assign(window, { seen });
    new MutationObserver(() => {
      for (const text of ['First', 'Second']) if (log.textContent!.includes(text)) seen[text] ??= performance.now();
    }).observe(log, { childList: true, subtree: true });
  });
  await visitor.input.fill('two');
  await visitor.input.press('Enter');
  await visitor.sees('Second');
  const seen: Record<string, number> = await visitor.page.evaluate('window.seen');
  expect(seen.Second! - seen.First!).toBeGreaterThan(450);
  await visitor.say('lock');
  expect(await visitor.input.isDisabled()).toBe(true);
});

test('an empty answer only gives the input back', async () => {
  const visitor = await it.fullPage();
  for (const text of ['nothing', 'false']) {
    await visitor.say(text);
    expect(await visitor.input.isEnabled()).toBe(true);
    expect(await visitor.last.innerText()).toContain(text);
  }
});

test('markup of the server is cleaned again', async () => {
  const visitor = await it.fullPage();
  await visitor.say('evil');
  expect(await visitor.last.locator('.prose').innerHTML()).toBe('ok<img src="x" alt=""><a target="_self">x</a><b>kept</b>');
  expect(await visitor.page.evaluate(() => 'evil' in window)).toBe(false);
});

test('od_w28_typing_texts_change_every_three_seconds_and_the_last_one_stays', async () => {
  it.server.configuration.general.typingIndicatorSettings = { color: '#ffaa35', texts: ['Thinking...', 'Collecting data...', 'Typing...'] };
  const visitor = await it.fullPage({}, '', (page) => page.clock.install());
  let release = () => {};
  it.server.gate = new Promise((resolve) => { release = resolve; });
  await visitor.input.fill('hello');
  await visitor.input.press('Enter');
  const words = visitor.chat.locator('.typing .words');
  await expect.poll(() => words.innerText()).toBe('Thinking...');
  await visitor.page.clock.runFor(3100);
  expect(await words.innerText()).toBe('Collecting data...');
  await visitor.page.clock.runFor(3000);
  expect(await words.innerText()).toBe('Typing...');
  await visitor.page.clock.runFor(9000);
  expect(await words.innerText()).toBe('Typing...');
  release();
  await visitor.sees('text: hello');
  expect(await words.count()).toBe(0);
});

test('od_w29_controls_appear_as_the_settings_say', async () => {
  Object.assign(it.server.configuration.general, {
    showRestartButton: true, showEndChatButton: true, languages: ['en', 'ar'],
    words: { ar: { menu: 'القائمة', restart: 'إعادة المحادثة', placeholder: 'اكتب رسالة' } },
  });
  const visitor = await it.fullPage();
  const { chat } = visitor;
  const menu = chat.getByRole('button', { name: 'Menu' });
  await menu.click();
  expect(await chat.locator('.menu > *').allInnerTexts()).toEqual(['English', 'العربية', 'Download chat', 'Restart chat', 'End chat']);
  expect(await findings(visitor.page)).toEqual([]);
  await picture(visitor.page, 'menu');
  const saved = visitor.page.waitForEvent('download');
  await chat.getByRole('menuitem', { name: 'Download chat' }).click();
  expect((await saved).suggestedFilename()).toMatch(/^Chat Transcript 2026-05-02/);
  await menu.click();
  await chat.getByRole('menuitemradio', { name: 'العربية' }).click();
  await chat.getByPlaceholder('اكتب رسالة').waitFor();
  expect(await chat.locator('.od-chat-window').getAttribute('dir')).toBe('rtl');
  await visitor.sees('Welcome!');
  await visitor.say('show button');
  await picture(visitor.page, 'right-to-left');
  expect(it.server.sent.at(-1)!.user.browserLanguage).toBe('ar');
});

test('od_w29_end_chat_asks_first', async () => {
  it.server.configuration.general.showEndChatButton = true;
  const visitor = await it.fullPage();
  const { chat } = visitor;
  const ask = async () => {
    await chat.getByRole('button', { name: 'Menu' }).click();
    await chat.getByRole('menuitem', { name: 'End chat' }).click();
  };
  await ask();
  await picture(visitor.page, 'end-chat');
  expect(await findings(visitor.page)).toEqual([]);
  await chat.getByRole('button', { name: 'No' }).click();
  await ask();
  await visitor.page.keyboard.press('Escape');
  expect(await chat.getByRole('dialog').count()).toBe(0);
  expect(it.server.sent).toHaveLength(1);
  await ask();
  await chat.getByRole('button', { name: 'Yes' }).click();
  await visitor.sees('This chat has ended.');
  expect(it.server.sent.at(-1)).toMatchObject({ type: 'trigger', callback_id: 'intent.core.endChat', escalating: true });
  expect(await visitor.input.isDisabled()).toBe(true);
});

test('od_w30_speech_fills_the_input', async () => {
  const speak = (page: Page) => page.addInitScript(() => {
    class Recognition {
      lang = '';
      onresult?: (event: unknown) => void;
      onend?: () => void;
      start() {
        this.onresult?.({ results: [[{ transcript: 'book a ' }], [{ transcript: 'table' }]] });
        this.onend?.();
      }
      stop() {}
    }
    Object.assign(window, { SpeechRecognition: Recognition, webkitSpeechRecognition: Recognition });
  });
  const visitor = await it.fullPage({}, '', speak);
  await visitor.chat.getByRole('button', { name: 'Speak your message' }).click();
  expect(await visitor.input.inputValue()).toBe('book a table');
  await visitor.input.press('Enter');
  await visitor.sees('text: book a table');
});

test('od_w32_the_chat_is_used_with_the_keyboard_alone', async () => {
  it.server.configuration.general.showRestartButton = true;
  const visitor = await it.fullPage();
  const { page, chat } = visitor;
  const focused = () => page.evaluate(() => {
    const element = document.querySelector('parlance-chat')!.shadowRoot!.activeElement!;
    return element.getAttribute('aria-label') ?? element.textContent;
  });
  expect(await focused()).toBe('Write a message');
  await page.keyboard.type('show external');
  await page.keyboard.press('Enter');
  await visitor.idle();
  await chat.getByRole('button', { name: 'Yes, please' }).focus();
  await page.keyboard.press('Enter');
  await visitor.sees('button_response: Yes, please');
  expect(await focused()).toBe('Write a message');
  await chat.getByRole('button', { name: 'Menu' }).focus();
  await page.keyboard.press('Enter');
  expect(await focused()).toBe('Download chat');
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('Restart chat');
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('Download chat');
  await page.keyboard.press('Escape');
  expect(await focused()).toBe('Menu');
  expect(await chat.locator('[role=log]').getAttribute('aria-live')).toBe('polite');
});

test('od_w32_a_dialog_keeps_the_focus_inside', async () => {
  const visitor = await it.fullPage();
  await visitor.say('show fp-form');
  await visitor.chat.getByRole('dialog').waitFor();
  for (let step = 0; step < 25; step++) {
    await visitor.page.keyboard.press('Tab');
    const inside = await visitor.page.evaluate(() => {
      const { activeElement } = document.querySelector('parlance-chat')!.shadowRoot!;
      return !activeElement || Boolean(activeElement.closest('.cover'));
    });
    expect(inside).toBe(true);
  }
});

test('od_w34_restart_sends_an_escalating_trigger', async () => {
  Object.assign(it.server.configuration.general, { showRestartButton: true, restartButtonCallback: 'intent.core.restart' });
  const visitor = await it.fullPage();
  await visitor.say('hello');
  await visitor.chat.getByRole('button', { name: 'Menu' }).click();
  await visitor.chat.getByRole('menuitem', { name: 'Restart chat' }).click();
  await visitor.sees('trigger: intent.core.restart');
  expect(await visitor.log.getByText('text: hello').count()).toBe(0);
  expect(it.server.sent.at(-1)).toMatchObject({ type: 'trigger', callback_id: 'intent.core.restart', escalating: true });
});

test('od_w35_a_failure_is_said_and_tried_again_with_the_same_message_id', async () => {
  const visitor = await it.fullPage();
  it.server.failures = 1;
  await visitor.say('hello');
  await visitor.sees('sorry, that didn’t work, please try again');
  await picture(visitor.page, 'failure');
  expect(await findings(visitor.page)).toEqual([]);
  await visitor.chat.getByRole('button', { name: 'Try again' }).click();
  await visitor.sees('text: hello');
  const [first, second] = it.server.calls.filter((call) => call.body.content?.type === 'text');
  expect(second!.body).toEqual(first!.body);
  expect(await visitor.chat.locator('.failure').count()).toBe(0);
});

test('the full page takes its user and its language from the address', async () => {
  const visitor = await it.fullPage({}, '&user_id=maria&language=he');
  expect(await visitor.chat.locator('.od-chat-window').getAttribute('dir')).toBe('rtl');
  expect(it.server.calls.every((call) => call.headers['opendialog-user-id'] === 'maria')).toBe(true);
  expect(it.server.sent[0]).toMatchObject({ author: 'maria', user_id: 'maria', mode: 'webchat', user: { custom: { selected_scenario: 'scenario-1' } } });
});

test('the designer’s colours are used', async () => {
  it.server.configuration.colours = { headerBackground: '#00503c', sentMessageBackground: '#00503c' };
  const visitor = await it.fullPage();
  await visitor.say('hello');
  expect(await visitor.chat.locator('header').evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(0, 80, 60)');
  await picture(visitor.page, 'full-page-desktop');
});
