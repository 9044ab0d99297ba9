import { fromHex, Reader, decodeVarint, encodeVarint } from "@qpc/wire"
import { expectHex, expectSame } from "./expect.ts"

/** A case of deserialization.json. */
export interface DeserializationCase {
  readonly vlbytes_header: string
  readonly length: number
}

/** RFC 9420 §2.1.2: lengths of vectors. */
export function checkDeserialization(vector: DeserializationCase): void {
  const reader = new Reader(fromHex(vector.vlbytes_header))
  expectSame("length", decodeVarint(reader), vector.length)
  reader.end()
  expectHex("header", encodeVarint(vector.length), vector.vlbytes_header)
}
