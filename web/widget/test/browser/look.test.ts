// Every message type, in light and dark: axe finds nothing (and a person can look at the pictures).

import { describe, expect, test } from 'vitest';
import { SAMPLES } from '../samples';
import { findings, picture, stage } from './browser';

const it = stage();

/** What a scenario has whose designer chose no colours. */
const COLOURS = {
  headerBackground: '#1b212a', headerText: '#ffffff', launcherBackground: '#1b212a', messageListBackground: '#ffffff',
  sentMessageBackground: '#1f5fbf', sentMessageText: '#ffffff', receivedMessageBackground: '#eef1f5', receivedMessageText: '#1b212a',
  userInputBackground: '#ffffff', userInputText: '#1b212a', iconBackground: '#1f5fbf', iconHoverBackground: '#174a96',
  buttonBackground: '#1f5fbf', buttonHoverBackground: '#174a96', buttonText: '#ffffff',
  externalButtonBackground: '#ffffff', externalButtonHoverBackground: '#eef1f5', externalButtonText: '#1f5fbf',
};

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each(Object.keys(SAMPLES))(`od_w32_axe_finds_nothing_in_%s_${colorScheme}`, async (name) => {
    const visitor = await it.fullPage({ colorScheme, viewport: { width: 400, height: 760 }, reducedMotion: 'reduce' });
    await visitor.say(`show ${name}`);
    await visitor.page.waitForTimeout(100);
    await picture(visitor.page, `${name}-${colorScheme}`);
    expect(await findings(visitor.page)).toEqual([]);
  });

  test.each(['button', 'external', 'form', 'rich'])(`od_w32_axe_finds_nothing_in_%s_${colorScheme}_with_the_servers_colours`, async (name) => {
    it.server.configuration.colours = COLOURS;
    const visitor = await it.fullPage({ colorScheme, viewport: { width: 400, height: 760 }, reducedMotion: 'reduce' });
    await visitor.say(`show ${name}`);
    await picture(visitor.page, `colours-${name}-${colorScheme}`);
    expect(await findings(visitor.page)).toEqual([]);
  });
});
