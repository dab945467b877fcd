// Messages that show more than words: loaded together, when the first of them arrives.

export { custom } from '../chat/custom';
export { list, rich } from './cards';
export { highlight } from './highlight';
export { audio, handOver } from './small';
