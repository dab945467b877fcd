// Builds what is sent to the Chat API.

import { uuid } from './identity';
import type { Envelope, Outgoing, Settings } from './wire';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number) => String(value).padStart(2, '0');

/** `Tue 2 May` */
export const wireDate = (at: Date) => `${DAYS[at.getDay()]} ${at.getDate()} ${MONTHS[at.getMonth()]}`;

/** `02:32:50 PM` */
export const wireTime = (at: Date) =>
  `${two(at.getHours() % 12 || 12)}:${two(at.getMinutes())}:${two(at.getSeconds())} ${at.getHours() < 12 ? 'AM' : 'PM'}`;

/** Names of the operating system and of the browser with its version, from a user agent. */
export function deviceOf(agent: string): { os: string; browser: string } {
  const os = /Windows/.test(agent) ? 'Windows' : /Android/.test(agent) ? 'Android'
    : /iPhone|iPad/.test(agent) ? 'iOS' : /Mac OS/.test(agent) ? 'Mac OS' : /Linux/.test(agent) ? 'Linux' : 'n/a';
  const found = /(Edg|OPR|Firefox|Chrome|Version)\/([\d.]+)/g;
  // Chrome names itself before Edge and Opera do: the last name is the browser's own.
  const last = [...agent.matchAll(found)].at(-1);
  const names: Record<string, string> = { Edg: 'edge', OPR: 'opera', Version: 'safari' };
  return { os, browser: last ? `${names[last[1]!] ?? last[1]!.toLowerCase()} ${last[2]}` : 'n/a' };
}

/** The envelope of one message; the same envelope is sent again on a retry. */
export function envelope(outgoing: Outgoing, settings: Settings, userId: string, language: string, at = new Date()): Envelope {
  const id = uuid();
  const { custom, user_id: _, ...known } = settings.user ?? {};
  return {
    notification: 'message',
    user_id: userId,
    author: userId,
    message_id: id,
    content: {
      ...outgoing,
      author: userId,
      user_id: userId,
      id,
      mode: 'webchat',
      modeInstance: 0,
      data: { date: wireDate(at), time: wireTime(at), ...outgoing.data },
      user: {
        first_name: '',
        last_name: '',
        email: '',
        external_id: '',
        ...known,
        ipAddress: 'n/a',
        country: 'n/a',
        browserLanguage: language,
        ...deviceOf(navigator.userAgent),
        timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        custom: { session_lifetime: 0, ...custom },
      },
    },
  };
}
