// What travels between the page, the widget and the Chat API.

/** A wire object whose keys depend on the message type or on the designer. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Data = Record<string, any>;

/** `window.openDialogSettings`: what the embedding page says. */
export interface Settings {
  url: string;
  appKey: string;
  /** `token`: a JWT that proves who the visitor is; it goes along with each message. */
  user?: Data & { user_id?: string; email?: string; token?: string; custom?: Data };
  /** A string forces that opening intent, `null` forces none, absent leaves it to the user type. */
  openIntent?: string | null;
  parentEl?: string;
  language?: string;
  general?: Data;
  additionalMenuLinks?: { url: string; title: string }[];
  customSettings?: { openCta?: Data };
  sdkEnabled?: boolean;
}

/** The answer of `GET /chat-api/configuration`. */
export interface Configuration {
  general: Data;
  colours: Data;
  bot: Data;
  webchatHistory: Data;
  settings?: { messages?: Data };
  userType?: 'new' | 'ongoing' | 'returning';
  showMinimized?: boolean;
  openIntent?: string | null;
  csrfToken?: string;
}

/** A message of the agent. */
export interface Incoming {
  author: string;
  type: string;
  intent?: string;
  data: Data;
}

/** The content of what the user sends. */
export interface Outgoing {
  type: string;
  callback_id?: string;
  escalating?: boolean;
  data: Data;
}

/** One row of the history. */
export interface HistoryRow {
  author: string;
  type: string;
  message?: string;
  intents?: string[];
  data: Data | null;
}

/** The whole envelope of `POST /chat-api/message`. */
export interface Envelope {
  notification: 'message';
  user_id: string;
  author: string;
  message_id: string;
  content: Data & { data: Data };
}

/** What the answer to a message may be: one, several, none, or "only enable the input". */
export function messagesOf(answer: unknown): (Incoming | false)[] {
  const list = Array.isArray(answer) ? answer : answer === null || answer === undefined || answer === '' ? [] : [answer];
  return list.filter((item) => item === false || (typeof item === 'object' && item !== null && 'type' in item));
}

/** The identifier of the scenario that the page asks for (or its alias). */
export function scenarioOf(settings: Settings): string {
  return String(settings.user?.custom?.selected_scenario ?? '');
}
