import { ctr } from "@noble/ciphers/aes.js"
import { makeSFrameCiphers, type CounterMode, type SFrameCipher } from "../sframe-cipher.ts"
import { symmetric } from "./symmetric.ts"

/** Table-driven: its time depends on the cache, which matters where hostile code runs on the same core. */
const counterMode: CounterMode = {
  encipher: (key, counter, plaintext) => ctr(key, counter).encrypt(plaintext),
  decipher: (key, counter, ciphertext) => ctr(key, counter).decrypt(ciphertext),
}

/** The cipher suites of SFrame (RFC 9605 §4.5) for browsers, by code point. Nothing has to be loaded before. */
export const sframeCiphers: ReadonlyMap<number, SFrameCipher> = makeSFrameCiphers({ ...symmetric, counterMode })
