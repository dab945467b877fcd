// Starts the page of the API's description. With somebody signed in, operations of a tenant are called in their name:
// with a token of the tenant that the address names, or else of the one that is chosen above.

/** The operations of a tenant; the part after it names one, or is something else. */
const OF_A_TENANT = /^\/api\/(?:v1|org)\/([^/]+)/;
/** With one of these a call says itself in whose name it is. */
const OWN_CREDENTIALS = ["authorization", "x-dialai-chat-link"];

function element(name, properties, ...inside) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inside);
  return made;
}

/** The line that says who is signed in. */
function bar(...inside) {
  const line = element("div", { id: "session" }, ...inside);
  line.style.cssText =
    "display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; padding: .5rem 1.25rem; " +
    "font: 1rem/1.5 system-ui, sans-serif; color: #1b212a; background: #ffffff; border-bottom: 1px solid #dfe3e8";
  document.body.prepend(line);
}

window.onload = async () => {
  const { session, signIn, signOut, tokenFor } = await import("/assets/session.js");
  // Without an answer operations can still be called with a token that is pasted.
  const { account, can_sign_in: canSignIn } = await session().catch(() => ({ account: null, can_sign_in: false }));
  const tenants = account ? account.tenants : [];
  const chosen = element("select", {}, ...tenants.map((tenant) => element("option", { value: tenant }, tenant)));
  if (account) {
    const who = element("span", {}, "Signed in as ", element("strong", {}, account.email));
    const tenant = element("label", {}, "Tenant ", chosen);
    const problem = element("span", { role: "alert" });
    const out = element("button", { type: "button" }, "Sign out");
    out.addEventListener("click", () => signOut().catch((error) => { problem.textContent = error.message; }));
    bar(who, ...(tenants.length > 0 ? [tenant] : []), out, problem);
  } else if (canSignIn) {
    const button = element("button", { type: "button" }, "Sign in");
    button.addEventListener("click", signIn);
    bar(button);
  }

  /** Puts a token on a call that has none. */
  async function inTheirName(request) {
    const url = new URL(request.url, location.href);
    const [, named] = OF_A_TENANT.exec(url.pathname) ?? [];
    const names = Object.keys(request.headers ?? {}).map((name) => name.toLowerCase());
    const own = names.some((name) => OWN_CREDENTIALS.includes(name));
    if (request.loadSpec || own || !named || !tenants.length || url.origin !== location.origin) return request;
    const tenant = tenants.includes(named) ? named : chosen.value;
    request.headers = { ...request.headers, Authorization: `Bearer ${await tokenFor(tenant)}` };
    return request;
  }

  window.ui = SwaggerUIBundle({
    url: "/api/swagger/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    // No document is sent to be judged elsewhere.
    validatorUrl: "none",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    layout: "StandaloneLayout",
    requestInterceptor: inTheirName,
  });
};
