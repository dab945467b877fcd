// The widget's own words. English is built in; the configuration and the page may bring others.

export const english = {
  chat: 'Chat',
  minimise: 'Minimise chat',
  menu: 'Menu',
  language: 'Language',
  download: 'Download chat',
  restart: 'Restart chat',
  end: 'End chat',
  endSure: 'Do you want to end this chat?',
  yes: 'Yes',
  no: 'No',
  placeholder: 'Write a message',
  send: 'Send',
  speak: 'Speak your message',
  failed: 'We\u2019re sorry, that didn\u2019t work, please try again',
  retry: 'Try again',
  ended: 'This chat has ended.',
  typing: 'Writing an answer',
  messages: 'Messages',
  bot: 'Assistant',
  you: 'You',
  more: 'Read more\u2026',
  less: 'Read less',
  helpful: 'Helpful',
  unhelpful: 'Not helpful',
  required: 'Please fill this in.',
  email: 'Please enter a valid e-mail address.',
  number: 'Please enter a number.',
  least: 'At least {}.',
  most: 'At most {}.',
  pattern: 'Please check this entry.',
  choose: 'Choose\u2026',
  none: 'Nothing found',
  all: 'All',
  submit: 'Submit',
  cancel: 'Cancel',
  previous: 'Previous',
  next: 'Next',
  item: '{} of {}',
  date: 'Date',
  time: 'Time',
  year: 'Year',
  month: 'Month',
  line1: 'House number',
  line2: 'Street',
  province: 'Town or region',
  postal: 'Postal code',
  country: 'Country',
  locate: 'Use my position',
  sign: 'Draw your signature',
  signName: 'Or type your full name',
  resign: 'Clear',
  agree: 'I agree',
  files: 'Choose a file',
  tooBig: '{} is larger than {}.',
  wrongType: '{} is not accepted (only {}).',
  unknown: 'This message cannot be shown here.',
  handed: 'You are being connected.',
  progress: 'Progress',
  left: '{} characters left',
  show: 'Open',
};

export type Word = keyof typeof english;
export type Words = Record<Word, string>;

const RIGHT_TO_LEFT = /^(ar|he|fa|ur)\b/;

/** The direction in which a language is written. */
export const directionOf = (language: string) => (RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr');

/** The words of a language: `own` holds other words, by language; what it lacks is said in English. */
export function wordsOf(language: string, own: Record<string, Partial<Words>> = {}): Words {
  return { ...english, ...own[language.split('-')[0]!], ...own[language] };
}

/** Puts values into the places marked `{}`. */
export const fill = (text: string, ...values: (string | number)[]) =>
  values.reduce<string>((filled, value) => filled.replace('{}', String(value)), text);
