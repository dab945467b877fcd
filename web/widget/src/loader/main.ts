// The one script of the embed code: a launcher, and on its first press a frame with the chat.
// It must stay small: it is all that a visitor loads who never opens the chat.

import { headersOf } from '../access';
import { h, styleSheet } from '../dom';
import { userIdOf } from '../identity';
import { makeLauncher } from '../launcher';
import { safeUrl } from '../safe_url';
import { scenarioOf, type Configuration, type Data, type Settings } from '../wire';

const FRAME = `iframe#opendialog-chatwindow{position:fixed;z-index:2147483000;border:0;color-scheme:normal;
inset-block-end:96px;inset-inline-end:20px;width:400px;height:min(680px,calc(100dvh - 120px));border-radius:20px;
box-shadow:0 16px 48px #10182838,0 2px 8px #1018281f}
iframe#opendialog-chatwindow[hidden]{display:none}
@media(max-width:480px){iframe#opendialog-chatwindow{inset:0;width:100%;height:100%;border-radius:0}}`;

const page = window as unknown as Data;

function track(event: string, extra: Data = {}): void {
  page.dataLayer?.push({ event, ...extra });
}

async function load(settings: Settings): Promise<void> {
  const userId = userIdOf(settings);
  const origin = new URL(settings.url, location.href).origin;
  const { openCta } = settings.customSettings ?? {};
  let frame: HTMLIFrameElement | undefined;

  const { host, shadow, button, show } = makeLauncher(() => toggle(!isOpen()));
  const call = h('button', { class: 'cta', hidden: true, onclick: () => toggle(true) });
  shadow.prepend(call);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, styleSheet(FRAME)];

  const isOpen = () => Boolean(frame && !frame.hidden);

  /** Text beside the minimised launcher, two lines at most. */
  function invite(lines: string[], look: Data = {}): void {
    call.replaceChildren(...lines.slice(-2).map((line) => h('span', null, line)));
    for (const name of ['borderRadius', 'width', 'height', 'background']) {
      if (look[name]) call.style.setProperty(`--${name}`, look[name]);
    }
    call.hidden = isOpen() || !lines.length;
  }

  const tell = (message: Data) => frame!.contentWindow!.postMessage(message, origin);
  /** What the chat shall hear as soon as it listens. */
  const held: Data[] = [];
  let ready = false;
  const later = (message: Data) => (ready ? tell(message) : held.push(message));

  function makeFrame(): void {
    frame = h('iframe', {
      id: 'opendialog-chatwindow',
      title: settings.general?.chatbotName ?? 'Chat',
      allow: 'microphone; geolocation; autoplay',
      src: `${settings.url}/web-chat-iframe?scenario_id=${encodeURIComponent(scenarioOf(settings))}`,
    });
    const parent = settings.parentEl && document.querySelector(settings.parentEl);
    (parent || document.body).append(frame);
  }

  /** `asked`: somebody wants it, so the focus goes along. */
  function toggle(open: boolean, asked = true): void {
    if (open === isOpen()) return;
    if (!frame) makeFrame();
    if (open && asked) later({ parlance: 'focus' });
    frame!.hidden = !open;
    call.hidden = true;
    show(open);
    if (!open) button.focus();
    track(open ? 'chatbot_maximized' : 'chatbot_minimized');
  }

  window.addEventListener('message', ({ source, origin: from, data }) => {
    if (typeof data !== 'object' || !data) return;
    if (frame && source === frame.contentWindow && from === origin) {
      if (data.parlance === 'ready') {
        // Functions cannot be sent to another window; settings are plain data.
        tell({ parlance: 'settings', settings: JSON.parse(JSON.stringify(settings)), userId, pageUrl: location.href });
        for (const message of held.splice(0)) tell(message);
        ready = true;
      }
      if (data.parlance === 'close') toggle(false);
      if (data.parlance === 'track') page.dataLayer?.push(data.entry);
      if (data.parlance === 'cta') invite(data.lines.map(String));
    } else if (source === window) {
      // The hooks of older embeddings.
      if ('expandChat' in data) toggle(true);
      if ('collapseChat' in data) toggle(false);
      if (data.triggerConversation) {
        toggle(true);
        later(data);
      }
    }
  });

  // A server that refuses or is away leaves a launcher that says so when it is pressed.
  const query = new URLSearchParams({ user_id: userId, url: location.href });
  const configuration: Partial<Configuration> = await fetch(`${settings.url}/chat-api/configuration?${query}`, {
    credentials: 'include',
    headers: headersOf(settings, userId),
  }).then((answer) => (answer.ok ? answer.json() : {})).catch(() => ({}));
  const general = { ...configuration.general, ...settings.general };
  const { launcherBackground } = configuration.colours ?? {};
  if (launcherBackground) host.style.setProperty('--launcher', launcherBackground);
  if (general.pageCssPath && safeUrl(general.pageCssPath)) {
    document.head.append(h('link', { rel: 'stylesheet', href: general.pageCssPath }));
  }
  document.body.append(host);
  track('chat_displayed');
  const minimised = settings.general?.startMinimized ?? configuration.showMinimized ?? true;
  if (!minimised) toggle(true, false);
  else if (openCta?.title) invite([openCta.title], openCta);
}

const settings: Settings | undefined = page.openDialogSettings;
if (!settings?.appKey) console.error('Parlance: window.openDialogSettings with an appKey must be set before the widget is loaded.');
else if (!settings.sdkEnabled && !page.parlanceLoaded) {
  page.parlanceLoaded = true;
  const script = document.currentScript as HTMLScriptElement | null;
  settings.url = (settings.url || new URL(script?.src ?? location.href).origin).replace(/\/+$/, '');
  if (document.body) void load(settings);
  else addEventListener('DOMContentLoaded', () => void load(settings));
}
