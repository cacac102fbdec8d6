// A zip of files as they are: pictures are compressed already. ZIP 2.0, sizes below 4 GB, names in UTF-8.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

export function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ TABLE[(sum ^ byte) & 255];
  return (sum ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers, each [value, bytes]. */
function packed(...numbers) {
  const bytes = new Uint8Array(numbers.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of numbers) for (let n = 0; n < size; n++) bytes[at++] = (value / 256 ** n) & 255;
  return bytes;
}

/** A zip of `files`, each {name, blob}; equal names get a number. `when` is the date of all of them. */
export async function zipped(files, when = new Date()) {
  const time = (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1);
  const date = ((when.getFullYear() - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
  const parts = [], directory = [];
  let offset = 0;
  for (const { name, blob } of withUniqueNames(files)) {
    const bytes = new Uint8Array(await blob.arrayBuffer()), text = new TextEncoder().encode(name);
    const facts = [[20, 2], [0x0800, 2], [0, 2], [time, 2], [date, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length, 4], [text.length, 2], [0, 2]];
    parts.push(packed([0x04034b50, 4], ...facts), text, blob);
    directory.push(packed([0x02014b50, 4], [20, 2], ...facts, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), text);
    offset += 30 + text.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = packed([0x06054b50, 4], [0, 4], [files.length, 2], [files.length, 2], [size, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

function withUniqueNames(files) {
  const taken = new Set();
  return files.map(({ name, blob }) => {
    let unique = name;
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = name.replace(/(\.[^.]*)?$/, `-${n}$1`);
    taken.add(unique.toLowerCase());
    return { name: unique, blob };
  });
}
