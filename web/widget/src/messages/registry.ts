// Which module draws which message type. The three commonest are at hand, the others are fetched
// when the first message of their type arrives.

import type { Render } from '../chat/context';
import { button, image, text, unknown } from './basic';

type Load = () => Promise<Render>;

type Module<M> = { [K in keyof M]: M[K] extends Render ? K : never }[keyof M];

const now = (render: Render): Load => async () => render;
const question = (name: Module<typeof import('./questions')>): Load => async () => (await import('./questions'))[name];
const showing = (name: Module<typeof import('./showing')>): Load => async () => (await import('./showing'))[name];

const TYPES: Record<string, Load> = {
  text: now(text),
  text_external: now(text),
  image: now(image),
  button: now(button),
  form: question('form'),
  'fp-form': question('form'),
  date: question('date'),
  'date-picker': question('date'),
  autocomplete: question('autocomplete'),
  'address-autocomplete': question('autocomplete'),
  location: question('location'),
  esign: question('esign'),
  'file-upload': question('upload'),
  long_text: question('longText'),
  longtext: question('longText'),
  rich: showing('rich'),
  'fp-rich': showing('rich'),
  list: showing('list'),
  audio: showing('audio'),
  'hand-to-system': showing('handOver'),
};

/** The module of a type; a type that this widget does not know is still shown as a bubble. */
export async function rendererOf(type: string): Promise<Render> {
  return (Object.hasOwn(TYPES, type) ? TYPES[type]! : now(unknown))();
}
