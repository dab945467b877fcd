// Icons as single strokes on a 24 × 24 grid.

export const close = 'M6 9l6 6 6-6';
export const dots = 'M12 5.5v.01M12 12v.01M12 18.5v.01';
export const send = 'M5 12h14M13 6l6 6-6 6';
export const microphone = 'M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4zM6 11.5a6 6 0 0 0 12 0M12 17.5V21';
export const up = 'M7 11v9H4v-9zM7 11l4-8a2.2 2.2 0 0 1 2.2 2.6L12.6 9H18a2 2 0 0 1 2 2.3l-1.1 7A2 2 0 0 1 17 20H7';
export const down = 'M17 13V4h3v9zM17 13l-4 8a2.2 2.2 0 0 1-2.2-2.6l.6-3.4H6a2 2 0 0 1-2-2.3l1.1-7A2 2 0 0 1 7 4h10';
