// The page of a chat link, `/chat/{chatId}`: of its own, or inside a frame. With `#ask` in the address it waits
// for what the page around it says of the visitor; nothing of that ever stands in an address.

import { WebChatApi } from './webchat/api';
import { Conversation, visitorOf } from './webchat/conversation';
import { HostPage, type Wishes } from './webchat/host';
import { tabMemory } from './webchat/memory';
import { ChatWindow } from './webchat/window';

const { tenant = '', name = '', origins = '' } = document.documentElement.dataset;
const chatId = decodeURIComponent(location.pathname.split('/').at(-1)!);
const query = new URLSearchParams(location.search);
const framed = window.parent !== window;
const asks = framed && location.hash === '#ask';

let shown: ChatWindow | undefined;
/** Whether the visitor is at the chat: a chat in a frame takes no focus of its own accord. */
let wanted = !framed;
const host = new HostPage(origins.split(' '), () => {
  wanted = true;
  shown?.focus();
});

function begin(wishes: Wishes): void {
  const language = wishes.language || query.get('language') || navigator.language || 'en';
  let { jwt } = wishes;
  document.documentElement.lang = language;
  const api = new WebChatApi(tenant, chatId, async (again) => {
    if (again) jwt = await host.freshToken() ?? jwt;
    return jwt;
  });
  const parameters = wishes.extraInternalParameters;
  const window = new ChatWindow({ ...wishes, theme: wishes.theme ?? query.get('theme') ?? undefined }, language, {
    mode: framed ? 'frame' : 'page',
    name,
    close: asks ? () => host.tell('close') : undefined,
    send: (text) => void conversation.send(text),
    end: () => void conversation.end(),
    restart: () => {
      conversation.leave();
      begin({ ...wishes, jwt });
    },
    heard: (what, detail) => host.tell(what, { [what]: detail }),
  });
  shown?.element.remove();
  shown = window;
  document.body.append(window.element);
  const memory = asks ? host.memory : tabMemory(`parlance.webchat.${chatId}`);
  const conversation = new Conversation(api, window, memory, visitorOf(jwt, parameters), { parameters, language });
  void conversation.start();
  if (wanted) window.focus();
}

async function ask(): Promise<void> {
  try {
    begin(await host.wishes());
  } catch {
    // The page could not say who the visitor is. Going on as nobody is not what it asked for.
    const nobody: ChatWindow = new ChatWindow({}, navigator.language, {
      mode: 'frame', name, close: () => host.tell('close'), send: () => {}, end: () => {}, restart: () => {}, heard: () => {},
    });
    document.body.append(nobody.element);
    nobody.failed(() => {
      nobody.element.remove();
      void ask();
    });
  }
}

if (asks) void ask();
else begin({});
