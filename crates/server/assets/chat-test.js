// The page on which a draft of a flow is tried out: it starts a test conversation through the API, and shows beside
// each answer what the draft did.

import { signOut, tokenFor } from "/assets/session.js";

const { flow, tenant } = document.body.dataset;
const base = `/api/v1/${tenant}/flows/handlers/${flow}/test-conversations`;
const at = (id) => document.getElementById(id);
const lines = at("lines");
let transcript = null;

// Where people sign in there is no field for a token.
const pasted = at("token");
if (pasted) pasted.value = sessionStorage.getItem("parlance-test-token") ?? "";
at("sign-out")?.addEventListener("click", () => signOut().catch(tell));

/** In whose name the API is called. */
async function authorization() {
  return `Bearer ${pasted ? pasted.value.trim() : await tokenFor(tenant)}`;
}

function tell(problem) {
  at("problem").textContent = problem.message;
  at("problem").hidden = false;
}

/** Calls the API; throws what it refuses in words. */
async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { authorization: await authorization(), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    const places = (answer.errors ?? []).map((place) => `${place.field}: ${place.message} ${place.remedy}`);
    throw new Error([answer.title, ...(places.length ? places : [answer.detail])].join(" "));
  }
  return answer;
}

function line(kind) {
  const item = document.createElement("li");
  item.className = kind;
  lines.append(item);
  return item;
}

/** What was said: the server's HTML is clean, what people typed is text. */
function said(message) {
  const item = line(message.role);
  if (message.html === null) item.textContent = message.content;
  else item.innerHTML = message.html;
}

function happened(title, details) {
  const item = line("trace");
  const name = document.createElement("div");
  name.textContent = title;
  item.append(name);
  if (details !== undefined) {
    const text = document.createElement("pre");
    text.textContent = JSON.stringify(details, null, 2);
    item.append(text);
  }
}

function show(answer) {
  for (const { event, data } of answer.trace.events) {
    if (event === "message") {
      if (data.role !== "user") said(data);
    } else if (event === "functionCall") {
      happened(`Function ${data.function} is called with`, data.parameters);
    } else if (event === "functionResult") {
      const { response, event: fired, contextAdditions, error, warnings } = data;
      happened(`Function ${data.function} answers`, { response, event: fired, contextAdditions, error, warnings });
    } else if (event === "stateChange") {
      happened(`${data.from} → ${data.to}, by ${data.event}`);
    } else {
      happened(data.kind, data.body);
    }
  }
  const item = line("trace");
  const why = document.createElement("button");
  why.type = "button";
  why.textContent = `Why? The journal of turn ${answer.trace.turn}`;
  why.addEventListener("click", () => journal(answer.trace.journal, item));
  item.append(why);
  at("standing").textContent = `Status ${answer.status}, state ${answer.trace.state ?? "none"}`;
  at("say").hidden = !["InProgress", "HumanHandoff"].includes(answer.status);
}

/** The journal needs `transcripts:read` beside `agents:preview`. */
async function journal(path, item) {
  const response = await fetch(path, { headers: { authorization: await authorization() } });
  const text = document.createElement("pre");
  text.textContent = JSON.stringify(await response.json(), null, 2);
  item.replaceChildren(text);
}

/** Runs something that may be refused, with the form's buttons out of reach meanwhile. */
async function trying(form, act) {
  const button = form.querySelector("button:not([type])");
  button.disabled = true;
  at("problem").hidden = true;
  try {
    await act();
  } catch (problem) {
    tell(problem);
  } finally {
    button.disabled = false;
  }
}

at("start").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  trying(at("start"), async () => {
    const language = at("language").value.trim();
    const body = { channel: at("channel").value, parameters: JSON.parse(at("parameters").value || "{}") };
    const answer = await post(base, language ? { ...body, language } : body);
    if (pasted) sessionStorage.setItem("parlance-test-token", pasted.value);
    transcript = answer.transcriptId;
    lines.replaceChildren();
    show(answer);
    at("message").focus();
  });
});

at("say").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  trying(at("say"), async () => {
    const message = at("message").value;
    const answer = await post(`${base}/${transcript}`, { message });
    at("message").value = "";
    said({ role: "user", content: message, html: null });
    show(answer);
  });
});
