// Who is talking: named by the page, else a random id that lives as long as the browser session.

import type { Settings } from './wire';

/** A random UUID; `crypto.randomUUID` is missing on plain http pages. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 15) | 64;
  bytes[8] = (bytes[8]! & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The user id, kept in `storage` when the page names none. */
export function userIdOf(settings: Settings, storage: () => Storage = () => sessionStorage): string {
  const named = settings.user?.user_id || settings.user?.email;
  if (named) return named;
  try {
    return (storage().uuid ||= uuid());
  } catch {
    return uuid(); // Storage is blocked: the conversation lasts until the page is left.
  }
}
