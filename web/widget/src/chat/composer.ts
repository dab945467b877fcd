// The line in which the user writes or speaks.

import { h, icon } from '../dom';
import type { Data } from '../wire';
import { microphone, send } from './icons';
import type { Word } from './words';

const LONGEST = 4000;

export interface Composer {
  element: HTMLElement;
  /** Whether the user may write. */
  enable(on: boolean): void;
  /** Hides the line, for example while external buttons wait for an answer. */
  hide(hidden: boolean): void;
  /** Puts another control in the line's place; nothing puts the line back. */
  replace(control?: HTMLElement): void;
  /** Takes the focus, at once or when the user may write again. */
  focus(): void;
}

export interface ComposerOptions {
  bot: Data;
  general: Data;
  language: () => string;
  t: (word: Word) => string;
  submit: (text: string) => void;
}

export function composer({ bot, general, language, t, submit }: ComposerOptions): Composer {
  const input = h('textarea', {
    rows: 1,
    maxlength: Number(general.textLimit ?? LONGEST),
    dir: 'auto',
    autocomplete: 'off',
    enterkeyhint: 'send',
    placeholder: bot.inputPlaceholder || t('placeholder'),
    'aria-label': bot.inputPlaceholder || t('placeholder'),
  });
  const button = h('button', { class: 'round send', 'aria-label': bot.sendButtonText || t('send') }, icon(send));
  const form = h('form', { class: 'composer' }, input, speech(), button);
  const element = h('div', { class: 'foot' }, form);

  const fit = () => {
    input.style.height = 'auto';
    // While the chat is hidden, nothing has a height.
    if (input.scrollHeight) input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
    button.disabled = input.disabled || !input.value.trim();
  };
  const post = () => {
    const text = input.value.trim();
    if (!text || input.disabled) return;
    input.value = '';
    fit();
    submit(text);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    post();
  });
  input.addEventListener('input', fit);
  input.addEventListener('keydown', (event) => {
    // Enter inside an input method only takes the word over.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    post();
  });
  button.disabled = true;
  /** Whether the focus shall come to the input as soon as it can be written in. */
  let wanted = false;

  /** A microphone where the browser can turn speech into text. */
  function speech(): HTMLElement | null {
    const scope = window as unknown as Data;
    const Recognition = scope.SpeechRecognition ?? scope.webkitSpeechRecognition;
    if (!Recognition || general.speechToText === false) return null;
    let running: Data | undefined;
    const toggle = h('button', {
      type: 'button',
      class: 'round',
      'aria-label': t('speak'),
      'aria-pressed': 'false',
      onclick: () => {
        if (running) return running.stop();
        const before = input.value ? `${input.value.trimEnd()} ` : '';
        running = new Recognition() as Data;
        running.lang = language();
        running.interimResults = true;
        running.onresult = (event: Data) => {
          input.value = before + Array.from(event.results as ArrayLike<Data[]>, (result) => result[0]!.transcript).join('');
          fit();
        };
        running.onerror = running.onend = () => {
          running = undefined;
          toggle.setAttribute('aria-pressed', 'false');
          input.focus();
        };
        toggle.setAttribute('aria-pressed', 'true');
        running.start();
      },
    }, icon(microphone));
    return toggle;
  }

  return {
    element,
    enable(on) {
      input.disabled = !on;
      fit();
      if (on && wanted) input.focus();
      if (on) wanted = false;
    },
    hide: (hidden) => { form.hidden = hidden; },
    replace: (control) => element.replaceChildren(control ?? form),
    focus() {
      wanted = input.disabled;
      element.querySelector<HTMLElement>('input,textarea')!.focus();
    },
  };
}
