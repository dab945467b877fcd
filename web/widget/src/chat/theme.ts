// Colours and light or dark.

import type { Data } from '../wire';

/**
 * Hands the designer's colours to the style sheet as `--c-<name>`. Which of them hold in the dark
 * (accents do, light surfaces do not) is decided there.
 */
export function paint(root: HTMLElement, colours: Data): void {
  for (const [name, value] of Object.entries(colours)) {
    if (/^[a-zA-Z]+$/.test(name) && value) root.style.setProperty(`--c-${name}`, String(value));
  }
}

/** Follows the visitor's colour scheme unless `theme` names one. The answer stops following. */
export function followScheme(root: HTMLElement, theme?: string): () => void {
  if (theme === 'light' || theme === 'dark') {
    root.dataset.theme = theme;
    return () => {};
  }
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => { root.dataset.theme = scheme.matches ? 'dark' : 'light'; };
  apply();
  scheme.addEventListener('change', apply);
  return () => scheme.removeEventListener('change', apply);
}
