// Audio, and the hand-over to people.

import type { Drawn, Render } from '../chat/context';
import { h } from '../dom';
import { safeUrl } from '../safe_url';
import { prose } from './basic';

export const audio: Render = (data, context): Drawn => {
  const url = String(data.url ?? '');
  return {
    bubble: h('div', null,
      prose(data.title, context),
      h('audio', { controls: true, preload: 'metadata', src: safeUrl(url, /^https?:/i) ? url : null, 'aria-label': data.title ?? context.t('chat') })),
  };
};

export const handOver: Render = (data, context): Drawn => ({
  bubble: prose(data.elements?.handover_text || context.t('handed'), context),
});
