// `fetch`, over the one request that the server makes. Read only when code first calls it: most never do.
(send) => {
  'use strict';
  const { Array, JSON, Object, String, TypeError } = globalThis;
  const { parse, stringify } = JSON;

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

  return async (target, options = {}) => response(parse(await send(request(target, options))));
}
