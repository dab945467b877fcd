// The parts that need no page.

import { describe, expect, test, vi } from 'vitest';
import { openingOf, saidIn } from '../../src/chat/conversation';
import { directionOf, fill, wordsOf } from '../../src/chat/words';
import { deviceOf, envelope, wireDate, wireTime } from '../../src/envelope';
import { userIdOf, uuid } from '../../src/identity';
import { suggestionsIn, suggestionUrl } from '../../src/messages/autocomplete';
import { alphabetical, matching } from '../../src/messages/combobox';
import { dayOf, formatOf, limitsOf, outside, readable } from '../../src/messages/date';
import { linesOf } from '../../src/messages/esign';
import { optionsOf, problemOf } from '../../src/messages/fields';
import { answerOf } from '../../src/messages/form';
import { tokens } from '../../src/messages/highlight';
import { formatted } from '../../src/messages/location';
import { refusal, sizeOf } from '../../src/messages/upload';
import { safeUrl } from '../../src/safe_url';
import { visitorOf } from '../../src/webchat/conversation';
import { eventsOf } from '../../src/webchat/events';
import { messagesOf, type Configuration, type Settings } from '../../src/wire';

const settings: Settings = { url: 'https://host', appKey: 'key' };
const configuration: Configuration = { general: {}, colours: {}, bot: {}, webchatHistory: {} };

describe('the wire', () => {
  test('an answer is one message, several, none, or only false', () => {
    const one = { author: 'them', type: 'text', data: {} };
    expect(messagesOf(one)).toEqual([one]);
    expect(messagesOf([one, false])).toEqual([one, false]);
    expect(messagesOf([false])).toEqual([false]);
    expect(messagesOf(false)).toEqual([false]);
    for (const nothing of [[], null, '', 'noise', 7]) expect(messagesOf(nothing)).toEqual([]);
  });

  test('dates and times look as the API writes them', () => {
    expect(wireDate(new Date(2023, 4, 2))).toBe('Tue 2 May');
    expect(wireTime(new Date(2023, 4, 2, 14, 32, 50))).toBe('02:32:50 PM');
    expect(wireTime(new Date(2023, 4, 2, 0, 5, 9))).toBe('12:05:09 AM');
  });

  test('an envelope names its user and message in all places', () => {
    vi.stubGlobal('navigator', { userAgent: 'Firefox/130.0' });
    const known = { ...settings, user: { email: 'ada@example.com', custom: { selected_scenario: '0x420' } } };
    const letter = envelope({ type: 'text', data: { text: 'hi' } }, known, 'ada@example.com', 'en-GB');
    expect(letter).toMatchObject({ notification: 'message', user_id: 'ada@example.com', author: 'ada@example.com', message_id: letter.content.id });
    expect(letter.content).toMatchObject({ type: 'text', mode: 'webchat', modeInstance: 0, data: { text: 'hi' } });
    expect(letter.content.user).toMatchObject({ email: 'ada@example.com', first_name: '', browserLanguage: 'en-GB', custom: { selected_scenario: '0x420', session_lifetime: 0 } });
  });

  test('da_a08_the_token_of_the_page_goes_along', () => {
    vi.stubGlobal('navigator', { userAgent: 'Firefox/130.0' });
    const proved = { ...settings, user: { token: 'a.b.c', custom: { selected_scenario: '0x420' } } };
    expect(envelope({ type: 'text', data: { text: 'hi' } }, proved, 'ann', 'en-GB').content.user).toMatchObject({ token: 'a.b.c' });
  });

  test('browsers are known by their own name', () => {
    const chrome = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Safari/537.36';
    expect(deviceOf(chrome)).toEqual({ os: 'Mac OS', browser: 'chrome 112.0.0.0' });
    expect(deviceOf(`${chrome} Edg/112.0.1`)).toEqual({ os: 'Mac OS', browser: 'edge 112.0.1' });
    expect(deviceOf('curl/8')).toEqual({ os: 'n/a', browser: 'n/a' });
  });
});

describe('who talks', () => {
  test('od_w22_the_id_is_named_or_kept_or_made', () => {
    expect(userIdOf({ ...settings, user: { user_id: 'a', email: 'b' } })).toBe('a');
    expect(userIdOf({ ...settings, user: { email: 'b' } })).toBe('b');
    const storage = {} as Storage;
    const made = userIdOf(settings, () => storage);
    expect(storage.uuid).toBe(made);
    expect(userIdOf(settings, () => storage)).toBe(made);
    expect(userIdOf(settings, () => { throw new Error('blocked'); })).toMatch(/^[\da-f-]{36}$/);
  });

  test('ids are random version 4 UUIDs', () => {
    expect(uuid()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(uuid()).not.toBe(uuid());
  });
});

describe('how a conversation opens', () => {
  test.each([
    [undefined, 'new', 'intent.core.welcome', 'intent.core.welcome'],
    [undefined, 'returning', 'X', 'X'],
    [undefined, 'new', null, 'intent.core.welcome'],
    [undefined, 'ongoing', null, null],
    [undefined, 'ongoing', 'X', 'X'],
    [null, 'new', 'X', null],
    ['Y', 'ongoing', 'X', 'Y'],
  ] as const)('od_w19_setting_%s_user_%s_configured_%s', (openIntent, userType, configured, expected) => {
    expect(openingOf({ ...settings, openIntent }, { ...configuration, userType, openIntent: configured })).toBe(expected);
  });

  test('rows that were no words are not shown', () => {
    expect(saidIn({ author: 'u', type: 'chat_open', data: { text: 'x' } })).toBe('');
    expect(saidIn({ author: 'u', type: 'button_response', data: { text: 'Yes' } })).toBe('Yes');
    expect(saidIn({ author: 'u', type: 'text', message: 'old', data: null })).toBe('old');
  });
});

describe('forms', () => {
  const check = (element: object, value: string) => problemOf({ element_type: 'text', ...element }, value)?.[0] ?? null;

  test.each([
    [{ required: true }, ' ', 'required'],
    [{ required: false }, '', null],
    [{ element_type: 'email' }, 'a@b', 'email'],
    [{ element_type: 'email' }, 'a@b.c', null],
    [{ element_type: 'number', min: 1, max: 5 }, '0', 'least'],
    [{ element_type: 'number', min: '1', max: '5' }, '6', 'most'],
    [{ element_type: 'number', min: null, max: '' }, '-3', null],
    [{ element_type: 'number' }, 'three', 'number'],
    [{ validation: { regex: '\\d+' } }, '12a', 'pattern'],
    [{ validation: { regex: '/^\\d+$/' } }, '12', null],
    [{ validation: { regex: '([' } }, 'anything', null],
  ])('od_m16_%j_of_%s', (element, value, expected) => expect(check(element, value)).toBe(expected));

  test('options come as an object or as a list', () => {
    expect(optionsOf({ mr: 'Mr.', 2: 'Two' })).toContainEqual({ key: 'mr', value: 'Mr.' });
    expect(optionsOf({ 2: 'Two', 1: 'One' }, ['2', '1', '3']).map((option) => option.value)).toEqual(['Two', 'One']);
    expect(optionsOf([{ key: 'a', value: 'A' }, 'b', 3])).toEqual([{ key: 'a', value: 'A' }, { key: 'b', value: 'b' }, { key: '3', value: '3' }]);
    expect(optionsOf(null)).toEqual([]);
  });

  test('od_m18_symbols_and_digits_come_first', () => {
    const options = ['Äpfel', 'Zebra', '* First', 'apple', '3 cats'].map((value) => ({ key: value, value }));
    expect(alphabetical(options).map((option) => option.value)).toEqual(['* First', '3 cats', 'Äpfel', 'apple', 'Zebra']);
    expect(matching(options, 'AP').map((option) => option.value)).toEqual(['apple']);
  });

  test('the answer holds values by name and a text of lines', () => {
    const field = (name: string, value: string, shown = value) => ({ name, display: name.toUpperCase(), value: () => value, shown: () => shown });
    const fields = [field('a', '1'), field('b', 'x,y', 'X, Y'), field('c', '')];
    expect(answerOf(fields)).toEqual({ a: '1', b: 'x,y', c: '', text: 'A: 1\nB: X, Y' });
    expect(answerOf(fields, 'Sent').text).toBe('Sent');
  });
});

describe('dates', () => {
  const now = new Date(2026, 4, 2, 23, 30);

  test('od_m22_limits_in_all_spellings', () => {
    expect(limitsOf({ min_date: '20200101', max_date: 'today' }, now)).toEqual({ min: '2020-01-01', max: '2026-05-02' });
    expect(limitsOf({ min_date: '2020-01-01' }, now)).toEqual({ min: '2020-01-01', max: '' });
    expect(limitsOf({ no_past_dates: true, no_future_dates: 'false' }, now)).toEqual({ min: '2026-05-02', max: '' });
    expect(limitsOf({ min_date: 'soon' }, now)).toEqual({ min: '', max: '' });
    expect(dayOf(now)).toBe('2026-05-02');
  });

  test('od_m22_values_outside_the_limits', () => {
    const limits = { min: '2026-05-02', max: '2026-12-31' };
    expect(outside('2026-05-01', 'default', limits)).toEqual(['least', '2026-05-02']);
    expect(outside('2026-05-02 10:00', 'date-time', limits)).toBeNull();
    expect(outside('2026-04', 'month-year', limits)).toEqual(['least', '2026-05']);
    expect(outside('2027', 'only-year', limits)).toEqual(['most', '2026']);
    expect(outside('10:00', 'only-time', limits)).toBeNull();
  });

  test('od_m22_the_older_element_says_which_parts_it_wants', () => {
    expect(formatOf({})).toBe('default');
    expect(formatOf({ format: 'only-time' })).toBe('only-time');
    expect(formatOf({ day_required: false, month_required: true })).toBe('month-year');
    expect(formatOf({ day_required: false, month_required: false })).toBe('only-year');
  });

  test('values are read in the language of the visitor', () => {
    expect(readable('2026-05-02', 'default', 'en-GB')).toBe('2 May 2026');
    expect(readable('2026-05', 'month-year', 'de')).toBe('Mai 2026');
    expect(readable('09:15', 'only-time', 'en')).toBe('09:15');
  });
});

test('od_m23_the_query_has_the_parameters_and_what_is_typed', () => {
  const data = { endpoint_url: '/find?x=1', endpoint_params: [{ name: 'c', value: 'A T' }], query_param_name: 'q' };
  expect(suggestionUrl(data, 'wi&en', 'https://host').href).toBe('https://host/find?x=1&c=A+T&q=wi%26en');
  expect(suggestionsIn([{ name: 'a' }, { name: '' }])).toEqual([{ key: 'a', value: 'a' }]);
  expect(suggestionsIn({ results: [{ labels: ['1 Road', 'Town'] }] })).toEqual([{ key: '1 Road, Town', value: '1 Road, Town' }]);
  expect(suggestionsIn({ error: 'x' })).toEqual([]);
});

test('od_m24_an_address_on_one_line', () => {
  expect(formatted({ line_1: '31', line_2: 'Ufford Street', postal_code: 'SE1', province: '', country: 'UK' })).toBe('31 Ufford Street, SE1, UK');
});

test('od_m25_files_are_measured', () => {
  const limits = { file_size: '1000', file_types: ['.JPG'] };
  expect(refusal({ name: 'a.jpeg', size: 1000 }, limits)).toBeNull();
  expect(refusal({ name: 'a.jpg', size: 1001 }, limits)).toEqual(['tooBig', 'a.jpg', '1 kB']);
  expect(refusal({ name: 'jpg', size: 1 }, { file_types: ['png'] })).toEqual(['wrongType', 'jpg', 'png']);
  expect(refusal({ name: 'any', size: 9e9 }, {})).toBeNull();
  expect(sizeOf(2_500_000)).toBe('2.5 MB');
});

test('od_m26_text_is_broken_into_lines', () => {
  expect(linesOf('one two three\n\nfour', (line) => line.length <= 7)).toEqual(['one two', 'three', '', 'four']);
});

test('code is told apart', () => {
  const pieces = tokens('let x = "a"; // 1\nreturn 0xff1 + 42 # no');
  expect(pieces.filter(([, kind]) => kind)).toEqual([['let', 'k'], ['"a"', 's'], ['// 1', 'c'], ['return', 'k'], ['42', 'n'], ['# no', 'c']]);
  expect(pieces.map(([text]) => text).join('')).toBe('let x = "a"; // 1\nreturn 0xff1 + 42 # no');
});

test('only harmless addresses are followed', () => {
  for (const url of ['https://a', 'mailto:a@b', 'tel:1', '/path', 'page.html?x=a:b', '#top']) expect(safeUrl(url)).toBe(true);
  for (const url of ['javascript:x', ' java\nscript:x', 'data:text/html,x', 'vbscript:x', '\u0001javascript:x']) expect(safeUrl(url)).toBe(false);
});

test('words come from English and from the configuration', () => {
  expect(wordsOf('de-AT', { de: { send: 'Senden' } })).toMatchObject({ send: 'Senden', yes: 'Yes' });
  expect(fill('{} of {}', 1, 2)).toBe('1 of 2');
  expect([directionOf('ar-EG'), directionOf('he'), directionOf('en'), directionOf('art')]).toEqual(['rtl', 'rtl', 'ltr', 'ltr']);
});

describe('the stream of a chat link', () => {
  const bytes = (parts: Uint8Array[]) => new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  const read = async (parts: Uint8Array[]) => {
    const found = [];
    for await (const event of eventsOf(bytes(parts))) found.push(event);
    return found;
  };
  const text = ': hello\r\n\r\nevent: delta\r\ndata: {"content":"Größe"}\r\nid: 1\r\n\r\ndata: one\ndata:two\n\nevent: empty\n\ndata\n\nevent: cut\ndata: off\n';
  const expected = [
    { name: 'delta', data: '{"content":"Größe"}' },
    { name: 'message', data: 'one\ntwo' },
    { name: 'message', data: '' },
  ];

  test('da_w11_events_are_the_same_however_they_are_cut', async () => {
    const whole = new TextEncoder().encode(text);
    expect(await read([whole])).toEqual(expected);
    for (let at = 1; at < whole.length; at++) expect(await read([whole.slice(0, at), whole.slice(at)])).toEqual(expected);
    expect(await read(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(expected);
    expect(await read([])).toEqual([]);
  });

  test('visitors are told apart by who they are, not by their token', () => {
    const jwt = (sub: string, more = '') => `x.${btoa(JSON.stringify({ sub, more })).replace(/=+$/, '')}.y`;
    expect(visitorOf(jwt('ann'), { a: 1 })).toBe(visitorOf(jwt('ann', 'renewed'), { a: 1 }));
    const all = [visitorOf(undefined, undefined), visitorOf(jwt('ann'), undefined), visitorOf(jwt('bob'), undefined), visitorOf(undefined, { a: 1 }), visitorOf('no token', undefined)];
    expect(new Set(all).size).toBe(all.length);
    for (const one of all) expect(one).toMatch(/^[\da-f]{1,8}$/);
  });
});
