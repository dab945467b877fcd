// People of a real server: they are invited, choose a password on the page that the link leads to, and sign in.

import { expect } from 'vitest';
import type { Page } from 'playwright-core';

export const PASSWORD = 'correct horse battery';

/** Somebody of the tenant `demo` who may edit; gives their address. `token` is one of the tenant's. */
export async function person(page: Page, url: string, token: string, name: string): Promise<string> {
  const asks = async (path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1/demo/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    return answer.json() as Promise<Record<string, string>>;
  };
  const email = `${name}-${Date.now()}@example.com`;
  const user = await asks('users', { name: email, roles: ['editor'] });
  const invitation = await asks(`users/${user.id}/invite`, {});
  await page.goto(invitation.link!);
  await page.locator('input[type=password]').first().fill(PASSWORD);
  // The password is chosen when there is an answer.
  await Promise.all([page.waitForResponse((response) => response.request().method() === 'POST'), submit(page)]);
  return email;
}

/** Sends the first form of a page. */
export const submit = (page: Page) => page.locator('main form button').first().click();

/** Fills the page to sign in on. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
