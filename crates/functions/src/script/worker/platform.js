// What code finds around itself. Evaluated before anything of others, so what it keeps here is what the engine made.
// Code can change its own copy of everything; it lives in an engine of its own.
(native) => {
  'use strict';
  const { Array, Error, JSON, Object, Promise, String, TypeError } = globalThis;
  const { parse, stringify } = JSON;
  const waiting = Object.create(null);

  const settled = (number) => new Promise((resolve, reject) => { waiting[number] = [resolve, reject]; });

  const settle = (number, ok, text) => {
    const pair = waiting[number];
    if (pair === undefined) return;
    delete waiting[number];
    if (ok) pair[0](text); else pair[1](new Error(text));
  };

  const show = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (typeof value === 'object' && value !== null) {
      try {
        const json = stringify(value);
        if (json !== undefined) return json;
      } catch { /* circular, or holds what JSON has no form for */ }
      return Array.isArray(value) ? '[array]' : '[object]';
    }
    return String(value);
  };

  const log = (...values) => { native.log(values.map(show).join(' ')); };

  const request = (target, options) => {
    if (options === null || typeof options !== 'object') {
      throw new TypeError('fetch: the second argument is an object: {method, headers, body, timeoutMs}');
    }
    const given = options.headers ?? {};
    const headers = (Array.isArray(given) ? given : Object.entries(given))
      .map(([name, value]) => [String(name), String(value)]);
    let body = options.body ?? null;
    if (body !== null && typeof body !== 'string') {
      body = stringify(body);
      if (!headers.some(([name]) => name.toLowerCase() === 'content-type')) {
        headers.push(['content-type', 'application/json']);
      }
    }
    const timeoutMs = options.timeoutMs === undefined ? null : Math.max(1, Math.ceil(Number(options.timeoutMs)));
    const method = String(options.method ?? 'GET').toUpperCase();
    return stringify({ method, url: String(target), headers, body, timeoutMs });
  };

  const response = ({ status, headers, body }) => {
    const values = (name) => {
      const wanted = String(name).toLowerCase();
      return headers.filter(([other]) => other.toLowerCase() === wanted).map(([, value]) => value);
    };
    return Object.freeze({
      status,
      ok: status >= 200 && status < 300,
      headers: Object.freeze({
        get: (name) => { const found = values(name); return found.length === 0 ? null : found.join(', '); },
        has: (name) => values(name).length > 0,
        entries: () => headers.map(([name, value]) => [name, value]),
      }),
      text: async () => body,
      json: async () => parse(body),
    });
  };

  const fetch = async (target, options = {}) =>
    response(parse(await settled(native.fetch(request(target, options)))));

  const texts = (what, value) => {
    const list = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
    if (!list.every((item) => typeof item === 'string' && item !== '')) throw new TypeError(what);
    return list;
  };

  const handoff = (options = {}) => {
    const skills = texts('handoff: `skills` is a list of names', options === null ? null : options.skills);
    native.effect(stringify({ effect: 'hand_off', skills }));
  };

  const transfer = (contact) => {
    if (typeof contact !== 'string' || contact === '') throw new TypeError('transfer: name the internal contact');
    native.effect(stringify({ effect: 'transfer', contact }));
  };

  const endConversation = () => { native.effect(stringify({ effect: 'end' })); };

  const setTag = (name, value = '') => {
    if (typeof name !== 'string' || name === '') throw new TypeError('setTag: name the tag');
    native.effect(stringify({ effect: 'tag', name, value: value === null ? '' : show(value) }));
  };

  const secret = (name) => native.secret(String(name));
  const now = () => new Date().toISOString();
  const uuid = () => native.uuid();
  const sleep = async (millis = 0) => { await settled(native.timer(Number(millis))); };

  const setTimeout = (code, millis = 0, ...values) => {
    const number = native.timer(Number(millis));
    settled(number).then(() => code(...values));
    return number;
  };
  const clearTimeout = (number) => { delete waiting[number]; };

  const helpers = Object.freeze({
    fetch, log, handoff, transfer, endConversation, setTag, secret, now, uuid, sleep,
  });
  const console = Object.freeze({ log, info: log, warn: log, error: log, debug: log });
  Object.assign(globalThis, helpers, { console, setTimeout, clearTimeout });

  // A body comes as a function that takes the names it may use; a module as its default export.
  const begin = async (code, json, isModule) => {
    const input = parse(json);
    input.helpers = helpers;
    if (isModule) return code(input);
    const { parameters, internalParameters, staticParameters, conversation } = input;
    return code(parameters, internalParameters, staticParameters, conversation, helpers)(input);
  };

  return { begin, settle };
}
