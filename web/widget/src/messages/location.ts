// A place: written by hand, with the visitor's position where they share it.

import type { Context, Drawn, Render } from '../chat/context';
import { freshId, h } from '../dom';
import { labelled, question } from './answer';

/** The nine keys of a stored location. */
export interface Place {
  formatted_address: string;
  postal_code: string;
  line_1: string;
  line_2: string;
  province: string;
  country: string;
  lat: number | null;
  lng: number | null;
}

const PARTS = ['line_1', 'line_2', 'province', 'postal_code', 'country'] as const;
type Part = (typeof PARTS)[number];
const WORDS = { line_1: 'line1', line_2: 'line2', province: 'province', postal_code: 'postal', country: 'country' } as const;
const AUTOFILL = { line_1: 'address-line2', line_2: 'address-line1', province: 'address-level1', postal_code: 'postal-code', country: 'country-name' };

/** `31 Ufford Street, SE1 8LJ England, United Kingdom` */
export function formatted(parts: Record<Part, string>): string {
  return [[parts.line_1, parts.line_2], [parts.postal_code, parts.province], [parts.country]]
    .map((group) => group.filter(Boolean).join(' ')).filter(Boolean).join(', ');
}

export function addressFields(context: Context) {
  const inputs = Object.fromEntries(PARTS.map((part) => [part, h('input', { dir: 'auto', autocomplete: AUTOFILL[part] })])) as Record<Part, HTMLInputElement>;
  const field = (part: Part) => labelled(context.t(WORDS[part]), inputs[part], freshId());
  return {
    nodes: [
      h('div', { class: 'pair' }, field('line_1'), field('line_2')),
      h('div', { class: 'pair' }, field('postal_code'), field('province')),
      field('country'),
    ] as Node[],
    /** Nothing while the fields hold no address. */
    value(lat: number | null = null, lng: number | null = null): Place | null {
      const parts = Object.fromEntries(PARTS.map((part) => [part, inputs[part].value.trim()])) as Record<Part, string>;
      const address = formatted(parts);
      if (!address && lat === null) return null;
      return { formatted_address: address || `${lat}, ${lng}`, ...parts, lat, lng };
    },
  };
}

export const location: Render = (data, context): Drawn => {
  const address = addressFields(context);
  const hint = h('p', { class: 'hint', role: 'status' });
  let lat: number | null = null;
  let lng: number | null = null;
  const locate = () => navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      lat = coords.latitude;
      lng = coords.longitude;
      hint.textContent = `${lat.toFixed(5)}, ${lng.toFixed(5)}`;
    },
    () => { hint.textContent = context.t('required'); },
  );
  const nodes = [...address.nodes];
  if (navigator.geolocation) {
    nodes.push(h('div', { class: 'field' }, h('button', { type: 'button', class: 'action', onclick: locate }, context.t('locate')), hint));
  }
  const { form, error } = question(data, context, nodes, () => {
    const place = address.value(lat, lng);
    if (!place) return error(context.t('required')), null;
    return { value: place, text: place.formatted_address };
  }, 'location');
  return { bubble: form };
};
