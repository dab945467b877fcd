// Which module draws which message type. The three commonest are at hand, the others are fetched
// when the first message of their type arrives.

import type { Render } from '../chat/context';
import { button, image, text, unknown } from './basic';

type Load = () => Promise<Render>;

const now = (render: Render): Load => async () => render;
const form: Load = () => import('./form').then((module) => module.form);
const date: Load = () => import('./date').then((module) => module.date);

const TYPES: Record<string, Load> = {
  text: now(text),
  text_external: now(text),
  image: now(image),
  button: now(button),
  form,
  'fp-form': form,
  rich: () => import('./cards').then((module) => module.rich),
  'fp-rich': () => import('./cards').then((module) => module.rich),
  list: () => import('./cards').then((module) => module.list),
  date,
  'date-picker': date,
  autocomplete: () => import('./autocomplete').then((module) => module.autocomplete),
  'address-autocomplete': () => import('./autocomplete').then((module) => module.autocomplete),
  location: () => import('./location').then((module) => module.location),
  esign: () => import('./esign').then((module) => module.esign),
  'file-upload': () => import('./upload').then((module) => module.upload),
  audio: () => import('./small').then((module) => module.audio),
  'hand-to-system': () => import('./small').then((module) => module.handOver),
  long_text: () => import('./small').then((module) => module.longText),
  longtext: () => import('./small').then((module) => module.longText),
};

/** The module of a type; a type that this widget does not know is still shown as a bubble. */
export async function rendererOf(type: string): Promise<Render> {
  return (Object.hasOwn(TYPES, type) ? TYPES[type]! : now(unknown))();
}
