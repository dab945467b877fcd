// A conversation with a real server: PARLANCE_URL, PARLANCE_APP_KEY and PARLANCE_SCENARIO_ID say which.
// Nothing here knows the scenario: texts are sent, the first button is pressed, answers are awaited.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { findings, launch, picture, Visitor } from '../browser/browser';

const { PARLANCE_URL: url, PARLANCE_APP_KEY: appKey, PARLANCE_SCENARIO_ID: scenario } = process.env;

describe.skipIf(!url || !appKey || !scenario)('against a real server', () => {
  let browser: Browser;
  beforeAll(async () => { browser = await launch(); });
  afterAll(() => browser.close());

  async function full(size: { width: number; height: number }, user = ''): Promise<Visitor> {
    const page = await browser.newPage({ viewport: size, reducedMotion: 'reduce' });
    const query = new URLSearchParams({ scenario_id: scenario!, app_key: appKey!, ...(user && { user_id: user }) });
    await page.goto(`${url}/web-chat?${query}`);
    await page.waitForSelector('parlance-chat .composer', { state: 'attached' });
    const visitor = new Visitor(page, page);
    await visitor.chat.locator('.row.theirs').first().waitFor();
    await visitor.idle();
    return visitor;
  }

  const answers = (visitor: Visitor) => visitor.chat.locator('.row.theirs').count();

  /** Acts and waits until something new was answered. */
  async function answered(visitor: Visitor, act: () => Promise<unknown>): Promise<void> {
    const before = await answers(visitor);
    await act();
    await expect.poll(() => answers(visitor), { timeout: 15_000 }).toBeGreaterThan(before);
    await visitor.idle();
    expect(await visitor.chat.locator('.failure').count()).toBe(0);
  }

  test.each([{ width: 360, height: 720 }, { width: 1280, height: 800 }])('od_w32_a_conversation_at_$width', async (size) => {
    const visitor = await full(size);
    const name = `e2e-${size.width}`;
    await picture(visitor.page, `${name}-welcome`);
    expect(await findings(visitor.page)).toEqual([]);
    const press = visitor.chat.locator('button.action').first();
    if (await press.count()) {
      const label = await press.innerText();
      await answered(visitor, () => press.click());
      await visitor.chat.locator('.row.mine').getByText(label).last().waitFor();
      await picture(visitor.page, `${name}-button`);
    }
    if (await visitor.input.isVisible() && await visitor.input.isEnabled()) {
      await answered(visitor, async () => {
        await visitor.input.fill(process.env.PARLANCE_SAY ?? 'Hello');
        await visitor.input.press('Enter');
      });
      await picture(visitor.page, `${name}-text`);
    }
    expect(await findings(visitor.page)).toEqual([]);
    const said = await visitor.chat.locator('.row').count();
    await visitor.page.reload();
    // The conversation goes on where it was: its past is shown, nothing is opened anew.
    await expect.poll(() => visitor.chat.locator('.row').count(), { timeout: 15_000 }).toBeGreaterThan(Math.min(said, 10) / 2);
    await visitor.idle();
    await picture(visitor.page, `${name}-history`);
    await visitor.page.close();
  });

  test('od_w36_a_conversation_in_the_frame_of_a_site', async () => {
    const page: Page = await browser.newPage();
    await page.route('**/a-site', (route) => route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="en"><title>A site</title><main><h1>A site</h1></main>
        <script>window.openDialogSettings = ${JSON.stringify({ url, appKey, language: 'en', user: { custom: { selected_scenario: scenario, session_lifetime: 0 } } })}</script>
        <script src="${url}/widget/parlance.js" async></script></html>`,
    }));
    await page.goto(`${url}/a-site`);
    const launcher = page.getByRole('button', { name: 'Open chat' });
    await page.waitForSelector('parlance-launcher', { state: 'attached' });
    if (await launcher.isVisible()) await launcher.click();
    const frame = (await (await page.waitForSelector('#opendialog-chatwindow')).contentFrame())!;
    await frame.locator('.row.theirs').first().waitFor();
    const visitor = new Visitor(page, frame);
    await visitor.idle();
    expect(await frame.locator('.failure').count()).toBe(0);
    await picture(page, 'e2e-frame');
    await page.close();
  });
});
