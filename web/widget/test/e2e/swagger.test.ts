// The page of the API's description, with a real server: PARLANCE_URL says which, PARLANCE_TOKEN is a token of its
// tenant `demo`. It must work under the policy that comes with it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, picture } from '../browser/browser';

const { PARLANCE_URL: url, PARLANCE_TOKEN: token } = process.env;

interface Watched extends Window {
  violations?: string[];
}

describe.skipIf(!url || !token)('the API description of a real server', () => {
  let browser: Browser;
  beforeAll(async () => { browser = await launch(); });
  afterAll(() => browser.close());

  /** What the policy kept the page from. */
  const violations = (page: Page) => page.evaluate(() => (window as Watched).violations);

  test('the_page_loads_and_tries_operations_out_under_its_policy', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, reducedMotion: 'reduce' });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.addInitScript(() => {
      const watched = window as Watched;
      watched.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        watched.violations!.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
      });
    });
    const answer = await page.goto(`${url}/api/swagger/`);
    expect(answer!.headers()['content-security-policy']).toContain("script-src 'self';");
    await page.locator('.opblock').first().waitFor();
    await picture(page, 'swagger-loaded');
    expect(await violations(page)).toEqual([]);

    await page.locator('.btn.authorize').first().click();
    const scheme = page.locator('.auth-container').filter({ has: page.getByText('api_token', { exact: false }) }).first();
    await scheme.locator('input').fill(token!);
    await scheme.locator('button[type=submit]').click();
    await scheme.locator('.btn-done').click();

    const operation = page.locator('[id$="-listAgents"]').first();
    await operation.locator('.opblock-summary-control').first().click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('tr[data-param-name=tenant] input').fill('demo');
    const called = page.waitForResponse((response) => response.url().endsWith('/api/v1/demo/agents'));
    await operation.locator('.execute').click();
    const response = await called;
    expect(response.status()).toBe(200);
    expect(response.request().headers().authorization).toBe(`Bearer ${token}`);
    await operation.locator('.live-responses-table .response-col_status').getByText('200').first().waitFor();
    await picture(page, 'swagger-tried');
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('what_is_tried_out_without_a_token_is_refused', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    await page.goto(`${url}/api/swagger/`);
    const operation = page.locator('[id$="-listAgents"]').first();
    await operation.locator('.opblock-summary-control').first().click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('tr[data-param-name=tenant] input').fill('demo');
    await operation.locator('.execute').click();
    await operation.locator('.live-responses-table .response-col_status').getByText('401').first().waitFor();
    await page.close();
  });
});
