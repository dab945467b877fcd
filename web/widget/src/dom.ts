// The whole of our "framework": elements from a call.

export type Child = Node | string | number | null | undefined | false;
type Listener = (event: never) => void;
export type Props = Record<string, string | number | boolean | null | undefined | Listener>;

/**
 * Makes an element. `on…` properties become listeners, `true` an empty attribute; `false`, `null`
 * and `undefined` are left out. Strings become text, never markup.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, props?: Props | null, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as unknown as EventListener);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child as Node | string);
  }
  return element;
}

/** An icon drawn from one path on a 24 × 24 grid. */
export function icon(path: string): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(space, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

let counter = 0;
/** An id that is unique in this page, for `for`, `aria-labelledby` and the like. */
export const freshId = () => `p${++counter}`;

/** Styles that a content security policy without `unsafe-inline` allows. */
export function styleSheet(css: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
