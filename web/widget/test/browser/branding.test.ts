// A tenant's logos and colours in the chat. The page is the one that the server's own test asks of it.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findings, picture, stage } from './browser';

const it = stage();
const BRANDED = readFileSync(new URL('../pages/branded.html', import.meta.url), 'utf8');

/** What the server makes of yellows, which bear no white text (its test: `da_d03_the_primary_colour_…`). */
const YELLOW = {
  headerBackground: '#1b212a', headerText: '#ffffff', launcherBackground: '#7c643c', messageListBackground: '#ffffff',
  sentMessageBackground: '#f8c878', sentMessageText: '#000000', receivedMessageBackground: '#eef1f5', receivedMessageText: '#1b212a',
  userInputBackground: '#ffffff', userInputText: '#1b212a', iconBackground: '#f8c878', iconHoverBackground: '#d9af69',
  buttonBackground: '#f8c878', buttonHoverBackground: '#d9af69', buttonText: '#000000',
  externalButtonBackground: '#ffffff', externalButtonHoverBackground: '#eef1f5', externalButtonText: '#7c643c',
  link: '#7c643c', linkInTheDark: '#f8c878',
};

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test(`da_w13_icon_and_sidebar_logo_are_those_for_a_${colorScheme}_ground`, async () => {
    it.server.branded = BRANDED;
    it.server.configuration.colours = YELLOW;
    const asked: string[] = [];
    const visitor = await it.fullPage({ colorScheme, viewport: { width: 1200, height: 760 }, reducedMotion: 'reduce' }, '', async (made) =>
      made.on('request', (request) => asked.push(new URL(request.url()).pathname)));
    const { page, chat } = visitor;
    const at = (slot: string, variant: string) => `/api/v1/demo/branding/logos/${slot}/${variant}`;
    expect(asked.filter((path) => path.includes('/logos/')).sort()).toEqual([at('chat_header_icon', colorScheme), at('sidebar_header_logo', colorScheme)]);
    expect(await page.title()).toBe('The Lighthouse Inn');
    await page.getByRole('complementary', { name: 'The Lighthouse Inn' }).waitFor();
    const [bar, window] = await Promise.all([page.locator('.parlance-bar').boundingBox(), chat.locator('.od-chat-window').boundingBox()]);
    expect([bar!.x, bar!.width, window!.x, window!.width]).toEqual([0, 260, 260, 940]);
    expect(await page.locator('.parlance-bar img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(160);
    const icon = await chat.locator('header').evaluate((header) => {
      const { width, height, backgroundImage } = getComputedStyle(header, '::before');
      return [width, height, new URL(backgroundImage.slice(5, -2)).pathname];
    });
    expect(icon).toEqual(['32px', '32px', at('chat_header_icon', colorScheme)]);
    await visitor.say('show button');
    await picture(page, `branded-${colorScheme}`);
    expect(await findings(page)).toEqual([]);
  });

  test(`da_d03_buttons_bubbles_and_links_have_the_tenants_colours_in_the_${colorScheme}`, async () => {
    it.server.branded = BRANDED;
    it.server.configuration.colours = YELLOW;
    const visitor = await it.fullPage({ colorScheme, viewport: { width: 400, height: 760 }, reducedMotion: 'reduce' });
    const style = (selector: string, name: 'color' | 'backgroundColor') =>
      visitor.chat.locator(selector).last().evaluate((element, property) => getComputedStyle(element)[property], name);
    expect(await visitor.page.locator('.parlance-bar').isVisible()).toBe(false);
    for (const name of ['text', 'button', 'external']) {
      await visitor.say(`show ${name}`);
      expect(await findings(visitor.page)).toEqual([]);
      await picture(visitor.page, `branded-${name}-${colorScheme}`);
      if (name === 'text') expect(await style('.prose a', 'color')).toBe(colorScheme === 'light' ? 'rgb(124, 100, 60)' : 'rgb(248, 200, 120)');
      if (name === 'button') {
        expect(await style('.action', colorScheme === 'light' ? 'backgroundColor' : 'color')).toBe('rgb(248, 200, 120)');
      }
    }
    expect(await style('.mine .bubble', 'backgroundColor')).toBe('rgb(248, 200, 120)');
    expect(await style('.mine .bubble', 'color')).toBe('rgb(0, 0, 0)');
  });
});

test('da_w13_a_chat_in_a_frame_has_the_icon_and_no_room_for_the_bar', async () => {
  it.server.branded = BRANDED;
  const visitor = await it.open(await it.site());
  const icon = await visitor.chat.locator('header').evaluate((header) => getComputedStyle(header, '::before').backgroundImage);
  expect(icon).toContain('/chat_header_icon/light');
  expect(await visitor.chat.locator('.parlance-bar').isVisible()).toBe(false);
  await picture(visitor.page, 'branded-frame');
});
