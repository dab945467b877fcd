// A signature: drawn, or typed by those who cannot draw. A PDF of the document's words with the
// signature under them is stored; its address is the answer.

import type { Drawn, Render } from '../chat/context';
import { freshId, h } from '../dom';
import { labelled, question } from './answer';
import { pdfOf } from './pdf';

const WIDTH = 640;
const HEIGHT = 280;

/** Breaks text into lines that `fits`. */
export function linesOf(text: string, fits: (line: string) => boolean): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = [''];
    for (const word of paragraph.split(/\s+/)) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (!lines.at(-1) || fits(longer)) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  });
}

/** Draws title, text, signature and date onto one sheet. */
async function sheet(title: string, text: string, signature: HTMLCanvasElement, when: string): Promise<Blob> {
  const canvas = h('canvas', { width: WIDTH + 80 });
  const measure = canvas.getContext('2d')!;
  measure.font = '18px sans-serif';
  const lines = linesOf(text, (line) => measure.measureText(line).width <= WIDTH);
  canvas.height = 140 + lines.length * 26 + HEIGHT + 60;
  const pen = canvas.getContext('2d')!;
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = '#000';
  pen.font = 'bold 26px sans-serif';
  pen.fillText(title, 40, 70, WIDTH);
  pen.font = '18px sans-serif';
  for (const [index, line] of lines.entries()) pen.fillText(line, 40, 120 + index * 26);
  pen.drawImage(signature, 40, canvas.height - HEIGHT - 60);
  pen.fillText(when, 40, canvas.height - 25);
  const jpeg = await new Promise<Blob>((resolve) => canvas.toBlob((blob) => resolve(blob!), 'image/jpeg', 0.8));
  return pdfOf(new Uint8Array(await jpeg.arrayBuffer()), canvas.width, canvas.height);
}

export const esign: Render = (data, context): Drawn => {
  const { t } = context;
  const canvas = h('canvas', { width: WIDTH, height: HEIGHT, role: 'img', 'aria-label': t('sign') });
  const pen = canvas.getContext('2d')!;
  const name = h('input', { autocomplete: 'name', dir: 'auto' });
  let drawn = false;

  const clear = () => {
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    drawn = false;
  };
  clear();
  const point = (event: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (context.spent.aborted) return;
    canvas.setPointerCapture(event.pointerId);
    pen.lineWidth = 4;
    pen.lineCap = pen.lineJoin = 'round';
    pen.strokeStyle = '#10182b';
    pen.beginPath();
    pen.moveTo(...point(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    pen.lineTo(...point(event));
    pen.stroke();
    drawn = true;
  });

  const agree = h('input', { type: 'checkbox' });
  const nodes: Node[] = [];
  if (data.document_title || data.document_text) {
    nodes.push(h('div', { class: 'document', tabindex: 0, role: 'group', 'aria-label': data.document_title ?? t('chat'), dir: 'auto' },
      data.document_title && h('strong', null, data.document_title), data.document_title && '\n', data.document_text));
  }
  const signs = data.signature !== false && data.signature !== 'false';
  if (signs) {
    nodes.push(h('div', { class: 'field' }, h('div', { class: 'label' }, t('sign')), canvas,
      h('button', { type: 'button', class: 'plain', onclick: () => { clear(); name.value = ''; } }, data.resign_text || t('resign'))));
    nodes.push(labelled(t('signName'), name, freshId()));
  }
  nodes.push(h('div', { class: 'field' }, h('label', { class: 'choice' }, agree, h('span', null, data.checkbox_text || t('agree')))));

  const asked = { ...data, submit_text: data.submit_text || data.confirm_text };
  const { form, error } = question(asked, context, nodes, async () => {
    const typed = name.value.trim();
    if (signs && !drawn && !typed) return error(t('required')), null;
    if (!agree.checked) return error(t('required')), agree.focus(), null;
    if (typed) {
      pen.fillStyle = '#10182b';
      pen.font = 'italic 44px cursive';
      pen.fillText(typed, 20, HEIGHT - 24, WIDTH - 40);
    }
    const when = new Intl.DateTimeFormat(context.language, { dateStyle: 'long', timeStyle: 'short' }).format(new Date());
    const pdf = await sheet(String(data.document_title ?? ''), String(data.document_text ?? ''), canvas, when);
    const file = new File([pdf], data.file_name || 'signature.pdf', { type: pdf.type });
    const { url } = await context.api.upload(file);
    return { value: url, text: typed || file.name };
  }, 'esign');
  return { bubble: form };
};
