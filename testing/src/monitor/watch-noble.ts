import { registerHooks } from "node:module"
import { callSite } from "./call-site.ts"
import { digestOf, MessageDigest } from "./message-digest.ts"
import type { OnEncryption } from "./watch-node.ts"

/** Every cipher of @noble/ciphers that takes a nonce is made by this one function. */
const FACTORY = "export const wrapCipher ="
const WATCH = Symbol.for("qpc.watch-noble")

interface CipherParams {
  readonly nonceLength?: number
  readonly withAAD?: boolean
}

interface NobleCipher {
  encrypt(plaintext: Uint8Array, output?: Uint8Array): Uint8Array
}

type MakeCipher = (key: Uint8Array, ...parameters: Uint8Array[]) => NobleCipher

/**
 * Reports every encryption through @noble/ciphers, in all of its copies, in this thread.
 *
 * Exports of a module cannot be replaced from outside, so the module is changed while it is loaded: call this before
 * anything imports it. Production code has no seam for it and pays nothing.
 */
export function watchNobleCiphers(onEncryption: OnEncryption): void {
  const watch = (made: MakeCipher, params: CipherParams): MakeCipher =>
    params.nonceLength === undefined ? made : Object.assign(watchedCipher(made, params, onEncryption), made)
  Reflect.set(globalThis, WATCH, watch)
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.endsWith("/@noble/ciphers/utils.js")) return loaded
      return { ...loaded, source: watchedSource(String(loaded.source)) }
    },
  })
}

/** @throws Error if the library is no longer written as this file expects */
function watchedSource(source: string): string {
  if (source.split(FACTORY).length !== 2) throw new Error(`@noble/ciphers has another form than "${FACTORY}"`)
  return `${source.replace(FACTORY, "const makeCipher =")}
export const wrapCipher = (params, constructor) =>
  globalThis[Symbol.for(${JSON.stringify(WATCH.description)})](makeCipher(params, constructor), params)
`
}

function watchedCipher(made: MakeCipher, params: CipherParams, onEncryption: OnEncryption): MakeCipher {
  return (key, ...parameters) => {
    const cipher = made(key, ...parameters)
    const [nonce = new Uint8Array(0), aad] = parameters
    const used = { key: digestOf(key), nonce: digestOf(nonce) }
    const encrypt: NobleCipher["encrypt"] = (plaintext, ...output) => {
      const message = new MessageDigest()
      if (params.withAAD === true && aad !== undefined) message.associatedData(aad)
      message.plaintext(plaintext)
      const ciphertext = cipher.encrypt(plaintext, ...output)
      onEncryption({ ...used, message: message.end(), ...callSite() })
      return ciphertext
    }
    return { ...cipher, encrypt }
  }
}
