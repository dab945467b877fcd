// The page of the server's own: full page, or inside the frame that the loader makes.

import { Chat, type Host } from './chat/main';
import { userIdOf } from './identity';
import type { Data, Settings } from './wire';

const query = new URLSearchParams(location.search);
const framed = window.parent !== window;

/** Tells the embedding page; only what it may know, so any origin may hear it. */
const tell = (parlance: string, extra: Data = {}) => window.parent.postMessage({ parlance, ...extra }, '*');

function track(event: string, extra: Data = {}): void {
  if (framed) tell('track', { entry: { event, ...extra } });
  else (window as unknown as Data).dataLayer?.push({ event, ...extra });
}

/** The settings that the address of the page holds. */
function settingsOfAddress(): Settings {
  const user = query.get('user_id');
  return {
    url: location.origin,
    appKey: query.get('app_key') ?? '',
    language: query.get('language') ?? undefined,
    user: { ...(user && { user_id: user }), custom: { selected_scenario: query.get('scenario_id') ?? '' } },
  };
}

async function start(host: Partial<Host> & { settings: Settings; userId: string }): Promise<Chat> {
  const chat = new Chat(document.body, { mode: 'page', pageUrl: location.href, track, ...host });
  await chat.start();
  // Inside a frame, the page around it says when: a chat that opened itself takes no focus.
  if (chat.element.getAttribute('mode') === 'page') chat.focus();
  return chat;
}

/** Starts the chat on a page of the server's own. */
export function startPage(): void {
  if (framed && !query.has('app_key')) {
    // The embedding page knows the settings: ask it. Answers of other windows are not heard.
    let chat: Promise<Chat> | undefined;
    let waiting: (() => void)[] = [];
    window.addEventListener('message', ({ source, data }) => {
      if (source !== window.parent || typeof data !== 'object' || !data) return;
      if (data.parlance === 'settings' && !chat) {
        const settings: Settings = { ...data.settings, url: location.origin };
        chat = start({
          settings,
          userId: String(data.userId),
          mode: 'frame',
          pageUrl: String(data.pageUrl),
          close: () => tell('close'),
          cta: (lines) => tell('cta', { lines }),
        });
        for (const run of waiting) run();
        waiting = [];
      }
      if (data.parlance === 'focus') void chat?.then((ready) => ready.focus());
      const trigger = data.triggerConversation;
      if (trigger?.callback_id) {
        const send = () => void chat!.then((ready) => ready.send({
          type: 'trigger',
          callback_id: String(trigger.callback_id),
          data: trigger.value === undefined ? {} : { value: trigger.value },
        }));
        if (chat) send();
        else waiting.push(send);
      }
    });
    tell('ready');
  } else {
    const settings = settingsOfAddress();
    track('chat_displayed');
    void start({ settings, userId: userIdOf(settings) });
  }
}
