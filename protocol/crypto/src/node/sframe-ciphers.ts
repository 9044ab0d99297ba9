import { createCipheriv, createDecipheriv, type Cipheriv } from "node:crypto"
import { makeSFrameCiphers, type CounterMode, type SFrameCipher } from "../sframe-cipher.ts"
import { Keys } from "./keys.ts"
import { sodiumFor } from "./libraries.ts"
import { ownBytes } from "./own-bytes.ts"
import { nodePlatform } from "./platform.ts"

const counterMode: CounterMode = {
  encipher: (key, counter, plaintext) => whole(createCipheriv(nameOf(key), key, counter), plaintext),
  decipher: (key, counter, ciphertext) => whole(createDecipheriv(nameOf(key), key, counter), ciphertext),
}

/** The cipher suites of SFrame (RFC 9605 §4.5) on Node, by code point. */
export const sframeCiphers: ReadonlyMap<number, SFrameCipher> = makeSFrameCiphers({
  ...nodePlatform(new Keys(), sodiumFor("fastest")),
  counterMode,
})

function nameOf(key: Uint8Array): string {
  return `aes-${8 * key.length}-ctr`
}

/** Counter mode has nothing left at the end; a cipher is ended all the same, which is what is watched in tests. */
function whole(cipher: Pick<Cipheriv, "update" | "final">, input: Uint8Array): Uint8Array {
  const output = ownBytes(cipher.update(input))
  cipher.final()
  return output
}
