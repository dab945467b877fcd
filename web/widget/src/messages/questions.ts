// Messages that wait for more than words: loaded together, when the first of them arrives.

export { autocomplete } from './autocomplete';
export { date } from './date';
export { esign } from './esign';
export { form } from './form';
export { location } from './location';
export { longText } from './long_text';
export { upload } from './upload';
