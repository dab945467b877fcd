// Every message type, in light and dark: axe finds nothing (and a person can look at the pictures).

import { describe, expect, test } from 'vitest';
import { SAMPLES } from '../samples';
import { findings, picture, stage } from './browser';

const it = stage();

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each(Object.keys(SAMPLES))(`od_w32_axe_finds_nothing_in_%s_${colorScheme}`, async (name) => {
    const visitor = await it.fullPage({ colorScheme, viewport: { width: 400, height: 760 }, reducedMotion: 'reduce' });
    await visitor.say(`show ${name}`);
    await visitor.page.waitForTimeout(100);
    await picture(visitor.page, `${name}-${colorScheme}`);
    expect(await findings(visitor.page)).toEqual([]);
  });
});
