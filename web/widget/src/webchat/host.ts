// The page around the frame: what it says of the visitor, and what it is told. It is the parent window, of
// one origin that the chat's endpoint allows; nobody else is heard, and nobody else is told anything but that
// the chat is there.

import type { Data } from '../wire';
import type { Memory } from './conversation';

/** What the page around the chat, or the address of a page of its own, says. */
export interface Wishes {
  title?: string;
  language?: string;
  theme?: string;
  words?: Data;
  extraInternalParameters?: Data;
  jwt?: string;
  /** What was remembered last time. */
  memory?: string;
}

export class HostPage {
  #origin?: string;
  #heard?: (wishes: Wishes) => void;
  #refused?: () => void;
  #fresh?: (jwt?: string) => void;
  #memory?: string;
  /** The page's: browsers give frames of other sites no storage, or one that is gone soon. */
  readonly memory: Memory = {
    load: () => this.#memory,
    save: (memory) => {
      this.#memory = memory;
      this.tell('memory', { memory });
    },
  };

  /** `origins`: who may be around the chat; `focus`: the page gave the chat to the visitor. */
  constructor(private readonly origins: string[], focus: () => void) {
    window.addEventListener('message', ({ source, origin, data }) => {
      if (source !== window.parent || typeof data !== 'object' || !data) return;
      if (origin !== (this.#origin ?? origin) || !this.#mayBe(origin)) return;
      if (data.parlance === 'settings') {
        this.#origin = origin;
        const settings: Wishes = data.settings ?? {};
        this.#memory = settings.memory;
        this.#heard?.(settings);
      } else if (data.parlance === 'failed') this.#refused?.();
      else if (data.parlance === 'token') this.#fresh?.(data.jwt);
      else if (data.parlance === 'focus') focus();
    });
  }

  /** Asks the page for its wishes; an error when it cannot say who the visitor is. */
  wishes(): Promise<Wishes> {
    return new Promise((resolve, reject) => {
      this.#heard = resolve;
      this.#refused = () => reject(new Error('The page could not give a token.'));
      // Who hears this learns nothing.
      window.parent.postMessage({ parlance: 'ready' }, '*');
    });
  }

  /** Asks for a token in place of one that was refused. */
  freshToken(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#fresh = resolve;
      this.tell('token');
      setTimeout(resolve, 10_000);
    });
  }

  tell(parlance: string, more: Data = {}): void {
    if (this.#origin) window.parent.postMessage({ parlance, ...more }, this.#origin);
  }

  #mayBe(origin: string): boolean {
    return origin === location.origin || this.origins.includes('*') || this.origins.includes(origin);
  }
}
