// The pages to sign in on, with a real server: PARLANCE_URL says which, PARLANCE_TOKEN is a token of its tenant `demo`.
// Every step is done without scripts; then axe looks at each page, in light and dark, wide and narrow.

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { findings, launch, picture } from '../browser/browser';
import { PASSWORD, person as invited, signIn, submit } from './people';

const { PARLANCE_URL: url, PARLANCE_TOKEN: token } = process.env;

const REALM = `${url}/realms/dial-ai`;
const ACCOUNT = `${REALM}/account`;
/** Where the program sends people back to that `tests/with-server` registers. */
const BACK = 'http://127.0.0.1:9/back';
/** RFC 7636, appendix B. */
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

describe.skipIf(!url || !token)('signing in at a real server', () => {
  let browser: Browser;
  const opened: BrowserContext[] = [];
  beforeAll(async () => { browser = await launch(); });
  afterAll(async () => {
    await Promise.all(opened.map((context) => context.close()));
    await browser.close();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false, ...options });
    opened.push(context);
    return context.newPage();
  }

  /** Somebody is invited and chooses a password. Gives their address. */
  const person = (page: Page, name: string) => invited(page, url!, token!, name);

  /** The code that an authenticator shows `later` seconds from now (RFC 6238). */
  function code(secret: string, later = 0): string {
    const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + later) / 30)));
    const digest = createHmac('sha1', key).update(counter).digest();
    const offset = digest[19]! & 15;
    return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }

  /** Sets up the codes of a device on the page of the account, and gives the secret. */
  async function enrol(page: Page): Promise<string> {
    await page.goto(ACCOUNT);
    await page.getByLabel('Your password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set it up' }).click();
    return (await page.locator('.codes').first().innerText()).trim();
  }

  async function confirm(page: Page, secret: string): Promise<string[]> {
    await page.getByLabel('Code').fill(code(secret));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('heading', { name: 'Keep your recovery codes' }).waitFor();
    return page.locator('ul.codes li').allInnerTexts();
  }

  test('da_a01_somebody_signs_in_without_scripts_and_goes_back_to_the_program', async () => {
    const email = await person(await open(), 'ada');
    const page = await open();
    await page.route(`${BACK}*`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Back</title>' }));
    const query = new URLSearchParams({
      client_id: 'dial-ai-web', redirect_uri: BACK, response_type: 'code', scope: 'openid', state: 'a state',
      code_challenge: CHALLENGE, code_challenge_method: 'S256',
    });
    await page.goto(`${REALM}/protocol/openid-connect/auth?${query}`);
    await signIn(page, email, 'wrong horse battery');
    await page.getByRole('alert').getByText('E-mail address or password are wrong.').waitFor();
    expect(await page.title()).toBe('Error: Sign in – Parlance');
    // The address is still there, the password is not.
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await signIn(page, email, PASSWORD);
    await page.waitForURL(`${BACK}?*`);
    const back = new URL(page.url()).searchParams;
    expect([back.get('state'), back.get('iss'), back.get('error')]).toEqual(['a state', REALM, null]);
    expect(back.get('code')).toBeTruthy();

    await page.goto(ACCOUNT);
    await page.getByText(`You are signed in as ${email}.`).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(ACCOUNT);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  test('od_t16_a_code_of_a_device_is_asked_for_and_a_recovery_code_helps', async () => {
    const page = await open();
    const email = await person(page, 'bob');
    await page.goto(ACCOUNT);
    if (await page.getByLabel('E-mail address').count()) await signIn(page, email, PASSWORD);
    const secret = await enrol(page);
    const recovery = await confirm(page, secret);
    expect(recovery).toHaveLength(10);

    const other = await open();
    await other.goto(ACCOUNT);
    await signIn(other, email, PASSWORD);
    await other.getByLabel('Code').fill('000000');
    await submit(other);
    await other.getByRole('alert').getByText('The code is wrong').waitFor();
    // That of the moment confirmed the secret, so the next one is the first that is good.
    await other.getByLabel('Code').fill(code(secret, 30));
    await submit(other);
    await other.getByText('Recovery codes left: 10').waitFor();

    const third = await open();
    await third.goto(ACCOUNT);
    await signIn(third, email, PASSWORD);
    await third.getByLabel('Code').fill(recovery[0]!);
    await submit(third);
    await third.getByText('Recovery codes left: 9').waitFor();
  });

  test('od_t16_who_forgot_the_password_hears_the_same_whoever_they_are', async () => {
    const page = await open();
    await page.goto(ACCOUNT);
    await page.getByRole('link', { name: 'I forgot my password' }).click();
    await page.getByLabel('E-mail address').fill('nobody@example.com');
    await submit(page);
    await page.getByRole('heading', { name: 'Look into your mail' }).waitFor();
    await page.goto(`${ACCOUNT}/password?link=nonsense`);
    expect(await page.locator('input[type=password]').count()).toBe(0);
  });

  describe.each([
    { look: 'light', options: { colorScheme: 'light', viewport: { width: 1024, height: 768 } } },
    { look: 'dark', options: { colorScheme: 'dark', viewport: { width: 1024, height: 768 } } },
    { look: 'narrow', options: { colorScheme: 'light', viewport: { width: 320, height: 640 } } },
  ] as const)('$look', ({ look, options }) => {
    test(`axe_finds_nothing_on_the_pages_to_sign_in_${look}`, async () => {
      const page = await open({ javaScriptEnabled: true, ...options });
      const seen = async (name: string) => {
        await picture(page, `sign-in-${name}-${look}`);
        expect(await findings(page), name).toEqual([]);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        expect(wider, `${name} is wider than the window`).toBe(false);
      };
      await page.goto(ACCOUNT);
      await seen('first');
      await signIn(page, 'nobody@example.com', 'wrong horse battery');
      await seen('wrong');
      await page.goto(`${ACCOUNT}/forgot`);
      await seen('forgot');
      const email = await person(page, `look-${look}`);
      await page.goto(ACCOUNT);
      if (await page.getByLabel('E-mail address').count()) await signIn(page, email, PASSWORD);
      await seen('account');
      const secret = await enrol(page);
      await seen('enrol');
      await confirm(page, secret);
      await seen('recovery');
      await page.goto(ACCOUNT);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.goto(ACCOUNT);
      await signIn(page, email, PASSWORD);
      await seen('code');
    });
  });
});
