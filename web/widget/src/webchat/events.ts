// Server-sent events from a fetched body: `EventSource` cannot send headers.

export interface ServerEvent {
  name: string;
  data: string;
}

/** The events of a stream, as the HTML standard reads them (§9.2.6); an event that is cut off is none. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let name = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      // A carriage return at the end may be the first half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop()!;
      for (const line of lines) {
        const [, field, text = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line)!;
        if (field === 'event') name = text;
        else if (field === 'data') data.push(text);
        else if (!line) {
          if (data.length) yield { name: name || 'message', data: data.join('\n') };
          name = '';
          data = [];
        }
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
