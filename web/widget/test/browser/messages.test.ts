// What each message type does when it is used.

import { expect, test } from 'vitest';
import type { Data } from '../../src/wire';
import { SAMPLES } from '../samples';
import { findings, picture, stage, type Visitor } from './browser';

const it = stage();

async function shown(name: string): Promise<Visitor> {
  const visitor = await it.fullPage();
  await visitor.say(`show ${name}`);
  return visitor;
}
const answer = () => it.server.sent.at(-1)!;
/** The names of the files that were sent. */
const uploads = () => it.server.calls.filter((call) => call.path === '/chat-api/file').map((call) => call.query.get('name'));

test('od_m13_each_kind_of_button', async () => {
  const { chat } = await shown('button');
  expect(await chat.getByRole('link', { name: 'Our site' }).getAttribute('target')).toBe('_blank');
  expect(await chat.getByRole('link', { name: 'Call us' }).getAttribute('href')).toBe('tel:07999812050');
  expect(await chat.getByRole('button', { name: 'Hidden' }).count()).toBe(0);
  await chat.getByRole('button', { name: 'Save chat' }).click();
  await expect.poll(() => it.server.calls.at(-1)!.path).toBe('/chat-api/transcript');
  await chat.getByRole('button', { name: 'Book a room' }).click();
  await expect.poll(() => answer().type).toBe('button_response');
  expect(answer()).toMatchObject({ callback_id: 'intent.user.Book', data: { text: 'Book a room', value: 'wish.room' } });
  expect(await chat.getByRole('button', { name: 'Quick yes' }).count()).toBe(0);
});

test('od_m11_a_picture_that_names_no_size_is_seen', async () => {
  const data = SAMPLES.image![0]!.data;
  const { img_src: sized } = data;
  data.img_src = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><path d="M0 0h16v9H0z"/></svg>')}`;
  try {
    const { chat } = await shown('image');
    const picture = chat.getByRole('img', { name: 'A lake before mountains' });
    await picture.waitFor();
    expect((await picture.boundingBox())!.width).toBeGreaterThan(100);
  } finally {
    data.img_src = sized;
  }
});

test('buttons that may be used again stay', async () => {
  const sample = SAMPLES.button![0]!;
  sample.data.clear_after_interaction = false;
  try {
    const visitor = await shown('button');
    const press = visitor.chat.getByRole('button', { name: 'Quick yes' });
    await press.click();
    await visitor.idle();
    await press.click();
    await visitor.idle();
    expect(it.server.sent.filter((content) => content.type === 'button_response')).toHaveLength(2);
  } finally {
    sample.data.clear_after_interaction = true;
  }
});

test('od_m14_external_buttons_stand_outside_the_bubble_and_take_the_inputs_place', async () => {
  const visitor = await shown('external');
  const { chat } = visitor;
  expect(await chat.locator('.bubble').getByRole('button', { name: 'Yes, please' }).count()).toBe(0);
  expect(await visitor.input.isVisible()).toBe(false);
  await chat.getByRole('button', { name: 'Yes, please' }).click();
  await visitor.sees('button_response: Yes, please');
  expect(await visitor.input.isVisible()).toBe(true);
  expect(await chat.getByRole('button', { name: 'Tell me more' }).count()).toBe(0);
});

test('od_m14_the_input_stays_when_the_settings_say_so', async () => {
  it.server.configuration.general.showTextInputWithExternalButtons = true;
  const visitor = await shown('external');
  expect(await visitor.input.isVisible()).toBe(true);
});

test('od_m15_skip_stands_below_and_inline_stands_inside', async () => {
  const external = await shown('external');
  const box = async (name: string) => (await external.chat.getByRole('button', { name }).boundingBox())!;
  expect((await box('Skip this')).y).toBeGreaterThan((await box('Tell me more')).y);
  expect(await external.chat.locator('.skips').getByRole('button').count()).toBe(1);
  const inline = await shown('button');
  expect(await inline.chat.locator('.bubble .inlined').getByRole('button', { name: 'Quick yes' }).count()).toBe(1);
});

test('od_m16_required_email_numbers_and_patterns_block_the_form', async () => {
  const visitor = await shown('form');
  const { chat } = visitor;
  const send = () => chat.getByRole('button', { name: 'Send it' }).click();
  const before = it.server.sent.length;
  await send();
  expect(await chat.getByRole('alert').filter({ visible: true }).allInnerTexts()).toEqual(['Please fill this in.', 'Please fill this in.']);
  expect(await findings(visitor.page)).toEqual([]);
  await picture(visitor.page, 'form-wrong');
  await chat.getByLabel('First name').fill('Ada');
  await chat.getByLabel('E-mail').fill('ada@nowhere');
  await chat.getByLabel('Guests').fill('9');
  await chat.getByLabel('Booking code').fill('abc');
  await send();
  expect(await chat.getByRole('alert').filter({ visible: true }).allInnerTexts()).toEqual([
    'Please enter a valid e-mail address.', 'At most 5.', 'Three capitals, two digits.',
  ]);
  expect(it.server.sent).toHaveLength(before);
  await chat.getByLabel('E-mail').fill('ada@example.com');
  await chat.getByLabel('Guests').fill('2');
  await chat.getByLabel('Booking code').fill('ABC12');
  await chat.getByRole('combobox', { name: 'Title' }).fill('dr');
  await chat.getByRole('option', { name: 'Dr.' }).click();
  await chat.getByLabel('With breakfast').check();
  await chat.getByLabel('Boat').check();
  await chat.getByLabel('Dog').check();
  await send();
  await visitor.sees('First name: Ada');
  expect(answer()).toMatchObject({
    type: 'form_response', callback_id: 'intent.user.Form',
    data: { first_name: 'Ada', email: 'ada@example.com', guests: '2', code: 'ABC12', title: 'dr', country: '', meal: 'y', extras: 'boat,dog', wishes: 'A quiet room' },
  });
  expect(answer().data.text).toContain('Title: Dr.\nBreakfast: With breakfast\nExtras: Boat, Dog');
  expect(await chat.getByLabel('First name').isDisabled()).toBe(true);
});

test('od_m18_alphabetical_options_have_a_letter_bar', async () => {
  const visitor = await shown('form');
  const { chat } = visitor;
  const box = chat.getByRole('combobox', { name: 'Country' });
  await box.click();
  expect(await chat.getByRole('option').filter({ visible: true }).allInnerTexts()).toEqual(['* Elsewhere', 'Austria', 'Belgium', 'Zambia']);
  await picture(visitor.page, 'select-open');
  expect(await findings(visitor.page)).toEqual([]);
  await chat.getByRole('group', { name: 'Country' }).getByRole('button', { name: 'B' }).click();
  expect(await chat.getByRole('option').filter({ visible: true }).allInnerTexts()).toEqual(['Belgium']);
  await box.press('ArrowDown');
  await box.press('Enter');
  expect(await box.inputValue()).toBe('Belgium');
});

test('od_m19_a_choice_sends_the_form_at_once', async () => {
  const sample = SAMPLES.form![0]!;
  const { elements } = sample.data;
  Object.assign(sample.data, { auto_submit: true, elements: [elements[4]] });
  try {
    const visitor = await shown('form');
    await visitor.chat.getByRole('combobox', { name: 'Title' }).click();
    await visitor.chat.getByRole('option', { name: 'Ms.' }).click();
    await visitor.sees('form_response: Title: Ms.');
    expect(answer().data.title).toBe('ms');
  } finally {
    Object.assign(sample.data, { auto_submit: false, elements });
  }
});

test.each(['form', 'fp-form'])('od_m20_cancel_sends_the_cancel_callback_of_a_%s', async (name) => {
  const visitor = await shown(name);
  await visitor.chat.getByRole('button', { name: 'Not now' }).click();
  await visitor.sees('form_response: Not now');
  expect(answer()).toMatchObject({ type: 'form_response', callback_id: 'intent.user.Cancel', data: { text: 'Not now' } });
  expect(Object.keys(answer().data).sort()).toEqual(['date', 'text', 'time']);
  expect(await visitor.chat.getByRole('dialog').count()).toBe(0);
});

test('od_m22_the_five_formats_and_their_limits', async () => {
  const visitor = await it.fullPage();
  const { chat } = visitor;
  const send = async (name: string) => {
    await chat.locator('.row').last().getByRole('button', { name }).click();
    await visitor.page.waitForTimeout(150);
    await visitor.idle();
  };
  await visitor.say('show date');
  await chat.getByLabel('Date').fill('2027-01-01');
  await send('Take it');
  expect(await chat.getByRole('alert').innerText()).toBe('At most December 31, 2026.');
  await chat.getByLabel('Date').fill('2026-05-02');
  await send('Take it');
  expect(answer()).toMatchObject({ type: 'form_response', callback_id: 'intent.user.Date', data: { arrival: '2026-05-02', text: 'May 2, 2026' } });
  await visitor.say('show date-time');
  await chat.getByLabel('Date').last().fill('2026-05-02T14:30');
  await send('Submit');
  expect(answer().data.arrival).toBe('2026-05-02 14:30');
  await visitor.say('show only-time');
  await chat.getByLabel('Time').last().fill('09:15');
  await send('Submit');
  expect(answer().data.arrival).toBe('09:15');
  await visitor.say('show only-year');
  await chat.getByLabel('Year').last().fill('2030');
  await send('Submit');
  expect(await chat.getByRole('alert').filter({ visible: true }).innerText()).toBe('At most 2025.');
  await chat.getByLabel('Year').last().fill('2020');
  await send('Submit');
  expect(answer().data.arrival).toBe('2020');
  await visitor.say('show month-year');
  await chat.getByLabel('Month').last().selectOption('03');
  await chat.getByLabel('Year').last().fill('2026');
  await send('Submit');
  expect(answer().data).toMatchObject({ arrival: '2026-03', text: 'March 2026' });
});

test('od_m23_each_keystroke_asks_with_the_query_name', async () => {
  const visitor = await shown('autocomplete');
  const { chat } = visitor;
  const box = chat.getByRole('combobox');
  await box.pressSequentially('wi');
  await chat.getByRole('option', { name: 'Wien' }).waitFor();
  await picture(visitor.page, 'autocomplete-open');
  const asked = it.server.calls.filter((call) => call.path === '/cities').map((call) => call.query.toString());
  expect(asked).toEqual(['country=AT&name=w', 'country=AT&name=wi']);
  await box.press('ArrowDown');
  await box.press('Enter');
  await chat.getByRole('button', { name: 'Choose' }).click();
  await visitor.sees('form_response: Wien');
  expect(answer()).toMatchObject({ callback_id: 'intent.user.City', data: { city: 'Wien' } });
  expect(await visitor.input.isVisible()).toBe(true);
});

test('od_m24_a_location_has_its_keys', async () => {
  const visitor = await shown('location');
  const { chat } = visitor;
  await visitor.page.context().grantPermissions(['geolocation']);
  await visitor.page.context().setGeolocation({ latitude: 51.5025, longitude: -0.106 });
  await chat.getByLabel('House number').fill('31');
  await chat.getByLabel('Street').fill('Ufford Street');
  await chat.getByLabel('Postal code').fill('SE1 8LJ');
  await chat.getByLabel('Town or region').fill('England');
  await chat.getByLabel('Country').fill('United Kingdom');
  await chat.getByRole('button', { name: 'Use my position' }).click();
  await chat.getByText('51.50250').waitFor();
  await chat.getByRole('button', { name: 'Submit' }).click();
  await visitor.sees('form_response: 31 Ufford');
  expect(answer().data.location).toEqual({
    formatted_address: '31 Ufford Street, SE1 8LJ England, United Kingdom', postal_code: 'SE1 8LJ', line_1: '31', line_2: 'Ufford Street',
    province: 'England', country: 'United Kingdom', lat: 51.5025, lng: -0.106,
  });
});

test('od_m25_larger_files_and_other_types_are_refused', async () => {
  const visitor = await shown('file-upload');
  const { chat } = visitor;
  const give = async (name: string, size: number) => {
    await chat.getByLabel('Choose a file').setInputFiles({ name, mimeType: 'image/jpeg', buffer: Buffer.alloc(size) });
    await chat.getByRole('button', { name: 'Upload' }).click();
    await visitor.page.waitForTimeout(150);
  };
  await give('big.jpg', 500_001);
  expect(await chat.getByRole('alert').innerText()).toBe('big.jpg is larger than 500 kB.');
  await give('run.exe', 10);
  expect(await chat.getByRole('alert').innerText()).toBe('run.exe is not accepted (only jpg, png).');
  expect(uploads()).toEqual([]);
  // What the server finds is said in its words.
  it.server.noFiles = [422, { message: 'The given data was invalid.', errors: { file: ['The file is empty.'] } }];
  await give('fine.jpg', 10);
  expect(await chat.getByRole('alert').innerText()).toBe('The file is empty.');
  it.server.noFiles = [413, { message: 'The request body is larger than 5 bytes.' }];
  await give('fine.jpg', 10);
  expect(await chat.getByRole('alert').innerText()).toBe('The request body is larger than 5 bytes.');
  it.server.noFiles = [404, {}];
  await give('fine.jpg', 10);
  expect(await chat.getByRole('alert').innerText()).toContain('please try again');
  it.server.noFiles = undefined;
  await give('fine.jpg', 10);
  await visitor.sees('form_response: fine.jpg');
  expect(answer().data.file_upload).toEqual([{ id: 'fine.jpg', name: 'fine.jpg', size: 10, type: 'image/jpeg', url: '/files/demo/fine.jpg' }]);
});

test('od_m25_several_files_go_one_by_one_and_cancelling_stops_them', async () => {
  const { data } = SAMPLES['file-upload']![0]!;
  Object.assign(data, { multiple: true, cancel_text: 'No files', cancel_callback: 'intent.user.NoFiles' });
  try {
    const file = (name: string) => ({ name, mimeType: 'image/png', buffer: Buffer.from(name) });
    const visitor = await shown('file-upload');
    const { chat } = visitor;
    const press = async () => {
      await chat.getByLabel('Choose a file').last().setInputFiles([file('a b.png'), file('c.png')]);
      await chat.getByRole('button', { name: 'Upload' }).last().click();
    };
    let open!: () => void;
    it.server.gate = new Promise((resolve) => { open = resolve; });
    await press();
    await chat.getByText('1 of 2').waitFor();
    expect(await chat.getByRole('button', { name: 'Upload' }).isDisabled()).toBe(true);
    open();
    await visitor.sees('form_response: a b.png, c.png');
    expect(uploads()).toEqual(['a b.png', 'c.png']);
    expect(answer().data.file_upload.map((one: Data) => one.name)).toEqual(['a b.png', 'c.png']);

    await visitor.say('show file-upload');
    it.server.gate = new Promise((resolve) => { open = resolve; });
    await press();
    await chat.getByText('1 of 2').waitFor();
    await chat.getByRole('button', { name: 'No files' }).last().click();
    open();
    await visitor.sees('form_response: No files');
    expect(uploads()).toEqual(['a b.png', 'c.png', 'a b.png']);
  } finally {
    Object.assign(data, { multiple: false, cancel_text: undefined, cancel_callback: undefined });
  }
});

test('od_m26_a_signature_is_sent_as_a_pdf', async () => {
  const visitor = await shown('esign');
  const { chat, page } = visitor;
  await chat.getByRole('button', { name: 'Sign', exact: true }).click();
  expect(await chat.getByRole('alert').innerText()).toBe('Please fill this in.');
  const box = (await chat.locator('canvas').boundingBox())!;
  await page.mouse.move(box.x + 20, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 30, { steps: 5 });
  await page.mouse.move(box.x + 150, box.y + 90, { steps: 5 });
  await page.mouse.up();
  await picture(page, 'esign-drawn');
  await chat.getByLabel('I agree').check();
  await chat.getByRole('button', { name: 'Sign', exact: true }).click();
  await visitor.sees('form_response: contract.pdf');
  expect(answer().data.signature).toBe('/files/demo/contract.pdf');
  const { body, headers } = it.server.calls.find((call) => call.path === '/chat-api/file')!;
  expect(headers['content-type']).toBe('application/pdf');
  expect(body.raw).toMatch(/^%PDF-1\.4[\s\S]*DCTDecode[\s\S]*%%EOF\n$/);
});

test('od_m26_a_typed_name_signs_too_and_a_document_that_is_not_kept_is_not_signed', async () => {
  it.server.noFiles = [507, { message: 'There is no room for more files.' }];
  const visitor = await shown('esign');
  const sign = visitor.chat.getByRole('button', { name: 'Sign', exact: true });
  await visitor.chat.getByLabel('Or type your full name').fill('Ada Lovelace');
  await visitor.chat.getByLabel('I agree').check();
  await sign.click();
  await visitor.chat.getByText('There is no room for more files.').waitFor();
  it.server.noFiles = undefined;
  await sign.click();
  await visitor.sees('form_response: Ada Lovelace');
  expect(answer().data.signature).toBe('/files/demo/contract.pdf');
});

test('od_m27_meta_shows_a_progress_bar_and_no_bubble', async () => {
  const visitor = await shown('meta');
  const bar = visitor.chat.getByRole('progressbar');
  expect(await bar.getAttribute('aria-valuenow')).toBe('40');
  expect(await bar.innerText()).toBe('Step 2 of 5');
  expect(await visitor.chat.locator('.row.of-meta').count()).toBe(0);
  await visitor.sees('Nearly half way.');
});

test('od_m30_a_carousel_moves_with_buttons_and_keys', async () => {
  const visitor = await it.fullPage({ reducedMotion: 'reduce', viewport: { width: 400, height: 760 } });
  await visitor.say('show list');
  const { chat } = visitor;
  const track = chat.getByRole('list', { name: 'Places to stay' });
  expect(await chat.getByRole('listitem').count()).toBe(4);
  await chat.getByRole('button', { name: 'Next' }).click();
  await chat.getByText('2 of 4').waitFor();
  await expect.poll(() => track.evaluate((element) => element.scrollLeft)).toBeGreaterThan(100);
  await track.focus();
  await visitor.page.keyboard.press('ArrowRight');
  await chat.getByText('3 of 4').waitFor();
  await visitor.page.keyboard.press('ArrowLeft');
  await chat.getByText('2 of 4').waitFor();
  await chat.getByRole('button', { name: 'Book it' }).first().click();
  await visitor.sees('button_response: Book it');
});

test('od_m31_audio_has_a_player', async () => {
  const visitor = await shown('audio');
  const player = visitor.chat.locator('audio');
  expect(await player.getAttribute('src')).toBe('https://example.com/sound.mp3');
  expect(await player.getAttribute('controls')).toBe('');
  expect(await player.getAttribute('aria-label')).toBe('How we sound');
});

test('od_m33_thumbs_are_shown_hidden_and_inherited', async () => {
  const visitor = await shown('feedback');
  const { chat } = visitor;
  await chat.getByRole('button', { name: 'Not helpful' }).click();
  await expect.poll(() => it.server.calls.at(-1)!.path).toBe('/chat-api/feedback');
  expect(it.server.calls.at(-1)!.body).toEqual({ message_template_id: 'template-1', feedback: 'negative', request_id: 'request-1' });
  expect(await chat.getByRole('button', { name: 'Not helpful' }).getAttribute('aria-pressed')).toBe('true');
  const sample = SAMPLES.feedback![0]!;
  try {
    sample.data.enable_feedback = undefined;
    expect(await (await shown('feedback')).chat.getByRole('button', { name: 'Helpful', exact: true }).count()).toBe(0);
    it.server.configuration.general.messageFeedback = true;
    expect(await (await shown('feedback')).chat.getByRole('button', { name: 'Helpful', exact: true }).count()).toBe(1);
    sample.data.enable_feedback = false;
    expect(await (await shown('feedback')).chat.getByRole('button', { name: 'Helpful', exact: true }).count()).toBe(0);
  } finally {
    sample.data.enable_feedback = true;
  }
});

test('od_m10_long_texts_are_folded', async () => {
  const visitor = await shown('expandable');
  const more = visitor.chat.getByRole('button', { name: 'Read more' });
  const height = () => visitor.last.locator('.fold').evaluate((element) => element.clientHeight);
  const folded = await height();
  await more.click();
  expect(await height()).toBeGreaterThan(folded * 2);
  await visitor.chat.getByRole('button', { name: 'Read less' }).click();
  expect(await height()).toBe(folded);
});

test('a long text is counted and confirmed', async () => {
  const visitor = await shown('long_text');
  const { chat } = visitor;
  await chat.getByLabel('Your story').fill('Once upon a time');
  await chat.getByText('184 characters left').waitFor();
  await chat.locator('.row').last().getByRole('button', { name: 'Send' }).click();
  await chat.getByText('Is that all?').waitFor();
  expect(answer().type).toBe('text');
  await chat.getByRole('button', { name: 'Yes' }).click();
  await visitor.sees('longtext_response: Once upon a time');
  expect(answer()).toMatchObject({ type: 'longtext_response', callback_id: 'intent.user.Story' });
});

test('a full page card answers and goes away', async () => {
  const visitor = await shown('fp-rich');
  await visitor.chat.getByRole('dialog').getByRole('button', { name: 'Book it' }).click();
  await visitor.sees('button_response: Book it');
  expect(answer().data.value).toBe('house.lake');
  expect(await visitor.chat.getByRole('dialog').count()).toBe(0);
});

test('calls to action reach the launcher, at most two lines', async () => {
  const page = await it.site();
  const visitor = await it.open(page);
  await visitor.say('show cta');
  await visitor.sees('We called.');
  await visitor.chat.getByRole('button', { name: 'Minimise chat' }).click();
  expect(await visitor.chat.locator('.row.of-cta').count()).toBe(0);
});
