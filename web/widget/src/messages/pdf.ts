// The smallest PDF that shows one picture on one page.

/** A PDF of one JPEG picture, `width` × `height` pixels, two pixels to the point. */
export function pdfOf(jpeg: Uint8Array, width: number, height: number): Blob {
  const encode = (text: string) => new TextEncoder().encode(text);
  const page = `${width / 2} ${height / 2}`;
  const draw = `q ${width / 2} 0 0 ${height / 2} 0 0 cm /I Do Q`;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const offsets: number[] = [];
  let length = 0;
  const put = (...chunks: (string | Uint8Array)[]) => {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? encode(chunk) : new Uint8Array(chunk);
      parts.push(bytes);
      length += bytes.length;
    }
  };
  const object = (...body: (string | Uint8Array)[]) => {
    offsets.push(length);
    put(`${offsets.length} 0 obj\n`, ...body, '\nendobj\n');
  };
  put('%PDF-1.4\n');
  object('<</Type/Catalog/Pages 2 0 R>>');
  object('<</Type/Pages/Kids[3 0 R]/Count 1>>');
  object(`<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${page}]/Resources<</XObject<</I 4 0 R>>>>/Contents 5 0 R>>`);
  object(`<</Type/XObject/Subtype/Image/Width ${width}/Height ${height}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length ${jpeg.length}>>\nstream\n`, jpeg, '\nendstream');
  object(`<</Length ${draw.length}>>\nstream\n${draw}\nendstream`);
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const start = length;
  put(`xref\n0 6\n0000000000 65535 f \n${table}trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  return new Blob(parts, { type: 'application/pdf' });
}
