// `ODWebChat.OpenDialogChatSDK`: the chat inside the page, steered by the page's own code.

import type { CustomComponent } from './chat/custom';
import type { Chat, Host } from './chat/main';
import type { Launcher } from './launcher';
import type { Data, Settings } from './wire';

const page = window as unknown as Data;

/** What `sendMessage` takes. */
export interface PostMessage {
  text: string;
  type?: string;
  callback?: string;
  value?: string;
  escalating?: boolean;
  data?: Data;
}

export class OpenDialogChatSDK {
  openState: 'open' | 'closed' = 'closed';
  #settings!: Settings;
  #components: CustomComponent[] = [];
  #userId = '';
  #chat?: Chat;
  readonly #events = new EventTarget();
  #launcher!: Launcher;
  #module!: typeof import('./chat');

  constructor(private readonly selector: string | Element) {}

  /** Starts the chat. Without settings, `window.openDialogSettings` is taken. */
  async init(settings: Partial<Settings> = {}, components: CustomComponent[] = [], userId?: string): Promise<void> {
    const given = Object.keys(settings).length ? settings : page.openDialogSettings;
    if (!given?.url || !given.appKey) {
      throw new Error('OpenDialogChatSDK.init needs settings with url, appKey and user.custom.selected_scenario, or window.openDialogSettings.');
    }
    this.#settings = { ...given, url: given.url.replace(/\/+$/, '') };
    this.#components = components;
    this.#module = await import(/* @vite-ignore */ `${this.#settings.url}/widget/chat.js`);
    this.#userId = userId ?? this.#module.userIdOf(this.#settings);
    this.#launcher = this.#module.makeLauncher(() => this.open());
    document.body.append(this.#launcher.host);
    await this.#start();
    this.#track('chat_displayed');
    this.#emit('loaded', { loaded: true });
    if (this.#chat!.startsMinimised) this.close();
    else this.open();
  }

  /** Removes the chat from the page. */
  destroy(): void {
    this.#chat?.destroy();
    this.#chat = undefined;
    this.#launcher?.host.remove();
  }

  /** Merges settings and fetches the configuration again; the conversation goes on. */
  async refresh(settings: Partial<Settings> = {}): Promise<void> {
    Object.assign(this.#settings, settings);
    await this.#chat?.refresh();
  }

  /** Empties the list and starts again, as a new user when `clearUser` is set. */
  async restart(clearUser = false, settings: Partial<Settings> = {}, userId?: string, openIntent?: string | null): Promise<void> {
    Object.assign(this.#settings, settings);
    if (clearUser) {
      this.#userId = userId ?? this.#module.uuid();
      try {
        sessionStorage.uuid = this.#userId;
      } catch {
        // Storage is blocked: the new user lasts until the page is left.
      }
    }
    this.#chat?.destroy();
    await this.#start(openIntent);
    this.#show();
  }

  open(): void {
    this.#state('open');
  }

  close(): void {
    this.#state('closed');
  }

  /** Sends a message as if the user had. */
  async sendMessage({ text, type = 'text', callback, value, escalating, data }: PostMessage): Promise<void> {
    await this.#chat?.send({
      type,
      ...(callback && { callback_id: callback }),
      ...(escalating && { escalating }),
      data: { ...data, text, ...(value !== undefined && { value }) },
    });
  }

  on(event: string, callback: (event: CustomEvent) => void): void {
    this.#events.addEventListener(event, callback as EventListener);
  }

  async #start(opening?: string | null): Promise<void> {
    const parent = typeof this.selector === 'string' ? document.querySelector(this.selector) : this.selector;
    if (!parent) throw new Error(`OpenDialogChatSDK: nothing on this page matches ${this.selector}.`);
    const host: Host = {
      mode: 'sdk',
      settings: this.#settings,
      userId: this.#userId,
      pageUrl: location.href,
      components: this.#components,
      track: (event, extra) => this.#track(event, extra),
      emit: (name, detail) => this.#emit(name, detail),
      close: () => this.close(),
    };
    this.#chat = new this.#module.Chat(parent, host);
    this.#show();
    await this.#chat.start(opening);
  }

  #state(next: 'open' | 'closed'): void {
    if (!this.#chat || next === this.openState) return this.#show();
    this.openState = next;
    this.#show();
    if (next === 'open') this.#chat.focus();
    else this.#launcher.button.focus();
    this.#track(next === 'open' ? 'chatbot_maximized' : 'chatbot_minimized');
    this.#emit('openStateChanged', { openState: next });
  }

  #show(): void {
    const open = this.openState === 'open';
    if (this.#chat) this.#chat.element.hidden = !open;
    this.#launcher.host.hidden = open;
  }

  #track(event: string, extra: Data = {}): void {
    page.dataLayer?.push({ event, ...extra });
  }

  #emit(name: string, detail: Data): void {
    this.#events.dispatchEvent(new CustomEvent(name, { detail: { ...detail, element: this.#chat?.element } }));
  }
}

page.ODWebChat = { OpenDialogChatSDK };
