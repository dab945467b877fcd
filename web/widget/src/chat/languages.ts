// The widget's words in other languages; what is missing here is said in English.

import type { Words } from './words';

export const languages: Record<string, Partial<Words>> = {};
