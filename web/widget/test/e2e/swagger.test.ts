// The page of the API's description and the one to try flows on, with a real server and somebody who is signed in:
// PARLANCE_URL says which server, PARLANCE_TOKEN is a token of its tenant `demo`. Both must work under the policies that
// come with them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launch, picture } from '../browser/browser';
import { PASSWORD, person, signIn } from './people';

const { PARLANCE_URL: url, PARLANCE_TOKEN: token } = process.env;

const DESCRIPTION = `${url}/api/swagger/`;

interface Watched extends Window {
  violations?: string[];
}

describe.skipIf(!url || !token)('the pages of a real server for people who are signed in', () => {
  let browser: Browser;
  let email: string;
  const opened: BrowserContext[] = [];
  beforeAll(async () => {
    browser = await launch();
    const page = await open();
    email = await person(page, url!, token!, 'pages');
  });
  afterAll(async () => {
    await Promise.all(opened.map((context) => context.close()));
    await browser.close();
  });

  /** A page of a browser in which nobody is signed in. It collects what its policy keeps it from. */
  async function open(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, reducedMotion: 'reduce' });
    opened.push(context);
    const page = await context.newPage();
    await page.addInitScript(() => {
      const watched = window as Watched;
      watched.violations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        watched.violations!.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
      });
    });
    return page;
  }

  /** What the policy kept the page from. */
  const violations = (page: Page) => page.evaluate(() => (window as Watched).violations);

  /** Opens a page, is sent to sign in, and comes back. */
  async function comesBackTo(page: Page, address: string): Promise<void> {
    await page.goto(address);
    expect(new URL(page.url()).pathname).toBe('/session/sign-in');
    await signIn(page, email, PASSWORD);
    await page.waitForURL(address);
  }

  /** Opens an operation to try it out, with a value for its tenant. */
  async function tries(page: Page, id: string, tenant: string) {
    const operation = page.locator(`[id$="-${id}"]`).first();
    await operation.locator('.opblock-summary-control').first().click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('tr[data-param-name=tenant] input').fill(tenant);
    return operation;
  }

  test('da_p02_da_p03_who_signs_in_reads_the_description_and_tries_operations_out', async () => {
    const page = await open();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    const given: string[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('/session/token')) given.push(`${response.status()}`);
    });
    await comesBackTo(page, DESCRIPTION);
    await page.getByText(`Signed in as ${email}`).waitFor();
    await page.locator('.opblock').first().waitFor();
    await picture(page, 'swagger-loaded');
    expect(await violations(page)).toEqual([]);
    // Again, with what comes with it.
    const answer = await page.goto(DESCRIPTION);
    expect(answer!.headers()['content-security-policy']).toContain("script-src 'self';");
    await page.locator('.opblock').first().waitFor();

    const operation = await tries(page, 'listAgents', 'demo');
    for (const round of [1, 2]) {
      const called = page.waitForResponse((response) => response.url().endsWith('/api/v1/demo/agents'));
      await operation.locator('.execute').click();
      const response = await called;
      expect(response.status(), `round ${round}`).toBe(200);
      expect(response.request().headers().authorization).toMatch(/^Bearer eyJ/);
    }
    expect(given, 'one token is good for both').toEqual(['200']);
    await operation.locator('.live-responses-table .response-col_status').getByText('200').first().waitFor();
    await picture(page, 'swagger-tried');

    // Another tenant does not take it.
    await operation.locator('tr[data-param-name=tenant] input').fill('nowhere');
    await operation.locator('.execute').click();
    await operation.locator('.live-responses-table .response-col_status').getByText('403').first().waitFor();

    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(/\/session\/sign-in\?/);
    await page.goto(DESCRIPTION);
    expect(new URL(page.url()).pathname).toBe('/session/sign-in');
  });

  test('a_token_that_is_pasted_goes_before_the_session', async () => {
    const page = await open();
    await comesBackTo(page, DESCRIPTION);
    await page.locator('.opblock').first().waitFor();
    await page.locator('.btn.authorize').first().click();
    const scheme = page.locator('.auth-container').filter({ has: page.getByText('api_token', { exact: false }) }).first();
    await scheme.locator('input').fill(token!);
    await scheme.locator('button[type=submit]').click();
    await scheme.locator('.btn-done').click();

    const operation = await tries(page, 'listAgents', 'demo');
    const called = page.waitForResponse((response) => response.url().endsWith('/api/v1/demo/agents'));
    await operation.locator('.execute').click();
    const response = await called;
    expect(response.status()).toBe(200);
    expect(response.request().headers().authorization).toBe(`Bearer ${token}`);
    expect(await violations(page)).toEqual([]);
  });

  test('a_session_that_ended_elsewhere_leads_to_the_page_to_sign_in_on', async () => {
    const page = await open();
    await comesBackTo(page, DESCRIPTION);
    const operation = await tries(page, 'listAgents', 'demo');
    await page.context().clearCookies();
    await operation.locator('.execute').click();
    await page.waitForURL(/\/session\/sign-in\?return=%2Fapi%2Fswagger%2F/);
  });

  test('da_t03_who_signs_in_tries_a_flow_out', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const listed = await fetch(`${url}/api/v1/demo/flows/handlers`, { headers });
    const { flows } = await listed.json() as { flows: { id: string }[] };
    const page = await open();
    await comesBackTo(page, `${url}/chat-test/${flows[0]!.id}`);
    await page.getByText(`Signed in as ${email}`).waitFor();
    expect(await page.getByLabel('API token').count()).toBe(0);
    await page.getByRole('button', { name: 'Start a conversation' }).click();
    await page.locator('#lines li.agent').first().waitFor();
    await page.getByLabel('Message').fill('Hello');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('#lines li.user').getByText('Hello').waitFor();
    await picture(page, 'chat-test');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(/\/session\/sign-in\?/);
  });
});
