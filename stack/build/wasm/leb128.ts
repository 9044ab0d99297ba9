import { concatBytes, type Reader } from "@qpc/wire"

/** Reads an unsigned number of at most 32 bits (WebAssembly §5.2.2). */
export function readUnsigned(reader: Reader): number {
  let value = 0
  for (let factor = 1; ; factor *= 0x80) {
    const byte = reader.uint8()
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return value
  }
}

/** Passes over a number of any size and sign. */
export function skipNumber(reader: Reader): void {
  while (reader.uint8() >= 0x80);
}

/** Reads a list that begins with its length in items (WebAssembly §5.1.3). */
export function readItems<T>(reader: Reader, readItem: (reader: Reader) => T): T[] {
  return Array.from({ length: readUnsigned(reader) }, () => readItem(reader))
}

/** Reads bytes behind their count. They are a view. */
export function readSized(reader: Reader): Uint8Array {
  return reader.bytes(readUnsigned(reader))
}

export function unsigned(value: number): Uint8Array {
  return value < 0x80 ? Uint8Array.of(value) : concatBytes(Uint8Array.of((value % 0x80) | 0x80), unsigned(value >>> 7))
}

/** Bytes with their count before them. */
export function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(unsigned(bytes.length), bytes)
}

/** A list with its length in items before it. */
export function items(list: readonly Uint8Array[]): Uint8Array {
  return concatBytes(unsigned(list.length), ...list)
}
