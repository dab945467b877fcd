// One message of each type, as the server sends them.

import type { Data, Incoming } from '../src/wire';

export function message(type: string, data: Data = {}): Incoming {
  return {
    author: 'them',
    type,
    intent: `intent.app.${type}`,
    data: { disable_text: false, internal: false, hidetime: false, hideavatar: false, time: '02:32 PM', date: 'Tue 2 May', attribute_name: null, meta: [], ...data },
  };
}

const PICTURE = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="400" height="220" viewBox="0 0 400 220"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#8fb3ff"/><stop offset="1" stop-color="#f6c6a8"/></linearGradient></defs><rect width="400" height="220" fill="url(#g)"/><circle cx="300" cy="70" r="34" fill="#fff8"/><path d="M0 190l90-80 70 60 80-100 160 130v20H0z" fill="#2f4bb0aa"/></svg>')}`;

const rich = {
  title: 'Lake house',
  subtitle: 'From 120 € a night',
  text: 'Two rooms, a boat and a <b>very</b> quiet garden.',
  buttons: [{ text: 'Book it', display: true, callback_id: 'intent.user.Book', value: 'house.lake' }, { text: 'More pictures', display: true, link: 'https://example.com/lake', link_new_tab: true }],
  image: { src: PICTURE, url: '', link_new_tab: false, alt: 'A lake before mountains' },
};

const element = (element_type: string, name: string, display: string, more: Data = {}): Data => ({ element_type, name, display, required: false, min: null, max: null, ...more });

export const form = {
  text: 'Please tell us about you.',
  callback_id: 'intent.user.Form',
  submit_text: 'Send it',
  auto_submit: false,
  cancel_text: 'Not now',
  cancel_callback: 'intent.user.Cancel',
  elements: [
    element('text', 'first_name', 'First name', { required: true }),
    element('email', 'email', 'E-mail', { required: true }),
    element('number', 'guests', 'Guests', { min: 1, max: 5 }),
    element('text', 'code', 'Booking code', { validation: { regex: '[A-Z]{3}\\d{2}', error: 'Three capitals, two digits.' }, placeholder: 'ABC12' }),
    element('select', 'title', 'Title', { options: { mr: 'Mr.', ms: 'Ms.', dr: 'Dr.' } }),
    element('auto-select', 'country', 'Country', { alphabetical: true, options: [{ key: 'zm', value: 'Zambia' }, { key: 'at', value: 'Austria' }, { key: 'xx', value: '* Elsewhere' }, { key: 'be', value: 'Belgium' }] }),
    element('radio', 'meal', 'Breakfast', { options: { y: 'With breakfast', n: 'Without' } }),
    element('checkbox', 'extras', 'Extras', { options: { boat: 'Boat', sauna: 'Sauna', dog: 'Dog' } }),
    element('textarea', 'wishes', 'Wishes', { default_value: 'A quiet room' }),
  ],
};

export const SAMPLES: Record<string, Incoming[]> = {
  text: [message('text', { text: '<h2>Hello</h2><p>This is <strong>bold</strong>, <a href="https://example.com">a link</a> and <code>code</code>.</p><table><thead><tr><th>Day</th><th>Open</th></tr></thead><tbody><tr><td>Monday</td><td>9 to 5</td></tr></tbody></table><pre><code class="language-js">const answer = "yes"; // truly\nreturn 42;</code></pre>' })],
  image: [message('image', { img_src: PICTURE, img_link: 'https://example.com/', link_new_tab: true, alt: 'A lake before mountains' })],
  button: [message('button', {
    text: 'What would you like to do?', external: false, clear_after_interaction: true,
    buttons: [
      { text: 'Book a room', display: true, type: '', callback_id: 'intent.user.Book', value: 'wish.room' },
      { text: 'Our site', display: true, type: '', link: 'https://example.com/', link_new_tab: true },
      { text: 'Call us', display: true, type: '', phone_number: '07999 812050' },
      { text: 'Save chat', display: true, type: '', download: true },
      { text: 'Quick <strong>yes</strong>', display: true, type: 'inline', callback_id: 'intent.user.Yes' },
      { text: 'Hidden', display: false, type: '', callback_id: 'intent.user.Hidden' },
    ],
  })],
  external: [message('button', {
    text: 'Shall we go on?', external: true, clear_after_interaction: true,
    buttons: [
      { text: 'Yes, please', display: true, type: '', callback_id: 'intent.user.Yes', value: 'a.yes' },
      { text: 'Tell me more', display: true, type: '', callback_id: 'intent.user.More' },
      { text: 'Skip this', display: true, type: 'skip', callback_id: 'intent.user.Skip' },
    ],
  })],
  form: [message('form', form)],
  'fp-form': [message('fp-form', form)],
  rich: [message('rich', rich)],
  'fp-rich': [message('fp-rich', rich)],
  list: [message('list', {
    title: 'Places to stay', view_type: 'horizontal',
    items: [{ ...rich, message_type: 'rich' }, { message_type: 'image', img_src: PICTURE, alt: 'Mountains' }, { message_type: 'text', text: 'A plain note' }, { ...rich, title: 'Forest hut', message_type: 'rich' }],
  })],
  date: [message('date', { text: 'When do you arrive?', callback: 'intent.user.Date', submit_text: 'Take it', attribute_name: 'arrival', min_date: '20260101', max_date: '2026-12-31' })],
  'date-time': [message('date', { format: 'date-time', text: 'When exactly?', callback: 'intent.user.Date', attribute_name: 'arrival' })],
  'only-time': [message('date', { format: 'only-time', text: 'At what time?', callback: 'intent.user.Date', attribute_name: 'arrival' })],
  'only-year': [message('date', { format: 'only-year', text: 'Which year?', callback: 'intent.user.Date', attribute_name: 'arrival', max_date: '20251231' })],
  'month-year': [message('date', { format: 'month-year', text: 'Which month?', callback: 'intent.user.Date', attribute_name: 'arrival' })],
  autocomplete: [message('autocomplete', { title: 'Which city?', callback: 'intent.user.City', submit_text: 'Choose', placeholder: 'City', attribute_name: 'city', endpoint_url: '/cities', endpoint_params: [{ name: 'country', value: 'AT' }], query_param_name: 'name' })],
  'address-autocomplete': [message('autocomplete', { title: 'Where do you live?', callback: 'intent.user.Address', attribute_name: 'home', google: { api_key: '' } })],
  location: [message('location', { text: 'Where shall we come?', callback_id: 'intent.user.Place', attribute_name: 'location', api_key: '' })],
  esign: [message('esign', { text: 'Please sign.', callback: 'intent.user.Signed', attribute_name: 'signature', submit_text: 'Sign', resign_text: 'Start over', checkbox_text: 'I agree', cancel_text: 'Refuse', cancel_callback: 'intent.user.Refused', document_title: 'Rental contract', document_text: 'The house is given back as it was found.', file_name: 'contract.pdf', signature: true })],
  'file-upload': [message('file-upload', { callback: 'intent.user.Files', submit_text: 'Upload', file_size: 500000, file_types: ['jpg', 'png'], multiple: false, attribute_name: 'file_upload', error_callback: null })],
  audio: [message('audio', { title: 'How we sound', url: 'https://example.com/sound.mp3' })],
  meta: [message('meta', { elements: { progressPercentage: '40%', progressText: 'Step 2 of 5' } }), message('text', { text: 'Nearly half way.' })],
  cta: [message('cta', { text: 'Need help?' }), message('text', { text: 'We called.' })],
  long_text: [message('long_text', { initial_text: 'Tell us the whole story.', placeholder: 'Your story', character_limit: 200, submit_text: 'Send', confirmation_text: 'Is that all?', callback_id: 'intent.user.Story' })],
  'hand-to-system': [message('hand-to-system', { system: 'chatwoot', elements: { handover_text: 'You are now connected to a live agent.' } })],
  expandable: [message('text', { text: `<p>${'A long story that goes on and on. '.repeat(30)}</p>`, expandable_text: true, expandable_text_height: '4.5em' })],
  feedback: [message('text', { text: 'Was this good?', enable_feedback: true, message_template_id: 'template-1', request_id: 'request-1' })],
  mystery: [message('mystery', { text: '' })],
};
