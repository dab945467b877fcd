// A browser, the fake server and the verbs of a visitor.

import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Frame, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { Data } from '../../src/wire';
import { FakeServer } from '../fake_server';

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
}

/** Saves a picture when `PARLANCE_SCREENSHOTS` names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.PARLANCE_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png` });
}

/** What axe finds wrong. */
export async function findings(where: Page | Frame): Promise<string[]> {
  await where.evaluate(AXE);
  return where.evaluate(async () => {
    const { violations } = await (window as unknown as Data).axe.run(document, { resultTypes: ['violations'] });
    return violations.map((one: Data) => `${one.id}: ${one.help} ${one.nodes.map((node: Data) => `${JSON.stringify(node.target)} ${node.failureSummary ?? ''}`).join(' | ')}`);
  });
}

/** The verbs of somebody who chats. */
export class Visitor {
  constructor(readonly page: Page, readonly chat: Page | Frame) {}

  get log(): Locator {
    return this.chat.getByRole('log');
  }

  get input(): Locator {
    return this.chat.locator('.composer textarea');
  }

  /** Sends a text and waits until the answer stands there. */
  async say(text: string): Promise<void> {
    await this.input.fill(text);
    await this.input.press('Enter');
    await this.idle();
  }

  /** Waits until nothing more is to come. */
  async idle(): Promise<void> {
    await expect.poll(() => this.chat.locator('.typing .bubble').count(), { timeout: 15_000 }).toBe(0);
    await this.page.waitForTimeout(80);
    await expect.poll(() => this.chat.locator('.typing .bubble').count(), { timeout: 15_000 }).toBe(0);
  }

  get last(): Locator {
    return this.chat.locator('.row').last();
  }

  async sees(text: string): Promise<void> {
    await this.log.getByText(text).last().waitFor();
  }
}

export interface Stage {
  server: FakeServer;
  /** Opens a page; it is closed after the test. */
  page(options?: BrowserContextOptions, before?: (page: Page) => Promise<unknown>): Promise<Page>;
  /** The chat on a page of its own. */
  fullPage(options?: BrowserContextOptions, more?: string, before?: (page: Page) => Promise<unknown>): Promise<Visitor>;
  /** Somebody's site with the embed code. */
  site(settings?: Data, options?: { html?: string; before?: (page: Page) => Promise<unknown>; origin?: string; browser?: BrowserContextOptions }): Promise<Page>;
  /** Presses the launcher and gives the chat in the frame. */
  open(page: Page): Promise<Visitor>;
  frame(page: Page): Promise<Visitor>;
}

/** Sets up one browser and one server for the tests of a file. */
export function stage(): Stage {
  let browser: Browser;
  const opened: Page[] = [];
  const server = new FakeServer();
  beforeAll(async () => {
    [browser] = await Promise.all([launch(), server.start()]);
  });
  beforeEach(() => server.reset());
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((page) => page.context().close()));
  });
  afterAll(async () => {
    await browser?.close();
    await server.stop();
  });
  const page: Stage['page'] = async (options = {}, before) => {
    const context = await browser.newContext(options);
    const made = await context.newPage();
    made.on('pageerror', (error) => console.error('page error:', error.message));
    opened.push(made);
    await before?.(made);
    return made;
  };
  const frameOf: Stage['frame'] = async (made) => {
    const element = await made.waitForSelector('iframe#opendialog-chatwindow', { state: 'attached' });
    const frame = (await element.contentFrame())!;
    await frame.waitForSelector('.composer');
    return new Visitor(made, frame);
  };
  return {
    server,
    page,
    frame: frameOf,
    async fullPage(options, more = '', before) {
      const made = await page(options, before);
      await made.goto(`${server.url}/web-chat?scenario_id=scenario-1&app_key=key-1${more}`);
      await made.waitForSelector('.composer');
      const visitor = new Visitor(made, made);
      await visitor.idle();
      return visitor;
    },
    async site(settings = {}, { html = '', before, origin, browser: options } = {}) {
      const made = await page(options, before);
      const full = {
        url: server.url, appKey: 'key-1', language: 'en', ...settings,
        user: { custom: { selected_scenario: 'scenario-1', session_lifetime: 0 }, ...settings.user },
      };
      server.pages['/site'] = `<!doctype html><html lang="en"><head><title>A site</title></head><body><main><h1>A site</h1>${html}</main>
        <script>window.dataLayer = []; window.openDialogSettings = ${JSON.stringify(full)};</script>
        <script src="${server.url}/widget/parlance.js" async></script></body></html>`;
      await made.goto(`${origin ?? server.url}/site`);
      await made.waitForSelector('parlance-launcher', { state: 'attached' });
      return made;
    },
    async open(made) {
      await made.getByRole('button', { name: 'Open chat' }).click();
      const visitor = await frameOf(made);
      await visitor.idle();
      return visitor;
    },
  };
}

/** The names of what was pushed to `dataLayer`. */
export const tracked = (page: Page): Promise<Data[]> => page.evaluate(() => (window as unknown as Data).dataLayer);
