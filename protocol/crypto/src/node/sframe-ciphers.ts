import { createCipheriv, createDecipheriv } from "node:crypto"
import { makeSFrameCiphers, type CounterMode, type SFrameCipher } from "../sframe-cipher.ts"
import { Keys } from "./keys.ts"
import { sodiumFor } from "./libraries.ts"
import { ownBytes } from "./own-bytes.ts"
import { nodePlatform } from "./platform.ts"

const counterMode: CounterMode = {
  encrypt: (key, counter, plaintext) => ownBytes(createCipheriv(nameOf(key), key, counter).update(plaintext)),
  decrypt: (key, counter, ciphertext) => ownBytes(createDecipheriv(nameOf(key), key, counter).update(ciphertext)),
}

/** The cipher suites of SFrame (RFC 9605 §4.5) on Node, by code point. */
export const sframeCiphers: ReadonlyMap<number, SFrameCipher> = makeSFrameCiphers({
  ...nodePlatform(new Keys(), sodiumFor("fastest")),
  counterMode,
})

function nameOf(key: Uint8Array): string {
  return `aes-${8 * key.length}-ctr`
}
