// Who is signed in with this browser, and tokens in their name: for pages of this server. The session itself is out of
// reach of scripts; what they get is a token of one tenant that is good for two minutes.

/** Before a token ends another one is fetched, in seconds. */
const EARLY = 20;
const tokens = new Map();

/** What is wrong, in words. */
async function problem(response) {
  const answer = await response.json().catch(() => ({}));
  return new Error([answer.title, answer.detail].filter(Boolean).join(". ") || `The server answers ${response.status}`);
}

/** `{ account, can_sign_in }`: `account` is null when nobody is signed in. */
export async function session() {
  const response = await fetch("/session");
  if (!response.ok) throw await problem(response);
  return response.json();
}

/** Goes to the page to sign in on, which leads back here. */
export function signIn() {
  const { pathname, search, hash } = location;
  location.assign(`/session/sign-in?${new URLSearchParams({ return: pathname + search + hash })}`);
}

async function fetchToken(tenant) {
  const body = JSON.stringify({ tenant });
  const headers = { "content-type": "application/json" };
  const response = await fetch("/session/token", { method: "POST", headers, body });
  // The session has ended meanwhile.
  if (response.status === 401) signIn();
  if (!response.ok) throw await problem(response);
  const { access_token, expires_in } = await response.json();
  return { token: access_token, until: Date.now() + (expires_in - EARLY) * 1000 };
}

/** A token of the tenant, the same until it is about to end. */
export async function tokenFor(tenant) {
  const known = await tokens.get(tenant)?.catch(() => undefined);
  if (known && known.until > Date.now()) return known.token;
  const fetched = fetchToken(tenant);
  tokens.set(tenant, fetched);
  return (await fetched).token;
}

/** Signs out, and shows what the page is then. */
export async function signOut() {
  const response = await fetch("/session/sign-out", { method: "POST" });
  if (!response.ok) throw await problem(response);
  tokens.clear();
  location.reload();
}
