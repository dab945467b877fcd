// Which addresses may be put into the page.

/** Whether a link or image may point there. Relative ones may. */
export function safeUrl(url: string, schemes = /^(https?|mailto|tel|sms):/i): boolean {
  // Browsers ignore blanks and control characters inside a scheme, so they are taken out first.
  const bare = url.replace(/[\s\u0000-\u001f]/g, '');
  return !/^[a-z][a-z\d+.-]*:/i.test(bare) || schemes.test(bare);
}
