// What is remembered while a tab is open.

import type { Memory } from './conversation';

/** In the browser's storage; where that is blocked, until the page is left. */
export function tabMemory(key: string): Memory {
  return {
    load() {
      try {
        return sessionStorage.getItem(key);
      } catch {
        return undefined;
      }
    },
    save(text) {
      try {
        sessionStorage.setItem(key, text);
      } catch {
        // Blocked: there is nothing to go on with after a reload.
      }
    },
  };
}
