import crypto from "node:crypto"
import type { BinaryLike, CipherGCM, Cipheriv } from "node:crypto"
import { syncBuiltinESMExports } from "node:module"
import { callSite } from "./call-site.ts"
import type { Encryption } from "./encryption-ledger.ts"
import { digestOf, MessageDigest } from "./message-digest.ts"

/** Told of every encryption, after it was made. */
export type OnEncryption = (encryption: Encryption) => void

type UpdateCall = [data: BinaryLike, inputEncoding?: BufferEncoding, outputEncoding?: BufferEncoding]
type FinalCall = [outputEncoding?: BufferEncoding]

/**
 * Reports every encryption through `createCipheriv` of `node:crypto`, in any mode that takes a nonce, in this thread.
 * Modules that have imported it already are watched too.
 *
 * An encryption is reported by `final()`. Piping through a cipher as a stream is not seen; nothing here does that.
 */
export function watchNodeCiphers(onEncryption: OnEncryption): void {
  const { createCipheriv } = crypto
  const watched = (...call: Parameters<typeof createCipheriv>): Cipheriv => {
    const cipher = createCipheriv(...call)
    const [, key, nonce] = call
    if (nonce !== null) watchCipher(cipher, { key: digestOf(key), nonce: digestOf(nonce) }, onEncryption)
    return cipher
  }
  crypto.createCipheriv = watched as typeof createCipheriv
  syncBuiltinESMExports()
}

function watchCipher(cipher: Cipheriv, used: Pick<Encryption, "key" | "nonce">, onEncryption: OnEncryption): void {
  const message = new MessageDigest()
  const setAAD = (cipher as CipherGCM).setAAD?.bind(cipher)
  const update = cipher.update.bind(cipher) as (...call: UpdateCall) => unknown
  const final = cipher.final.bind(cipher) as (...call: FinalCall) => unknown
  Object.assign(cipher, {
    setAAD(...call: Parameters<CipherGCM["setAAD"]>) {
      message.associatedData(call[0] as Uint8Array)
      return setAAD(...call)
    },
    update(...call: UpdateCall) {
      const [data, encoding] = call
      message.plaintext(data, encoding)
      return update(...call)
    },
    final(...call: FinalCall) {
      const last = final(...call)
      onEncryption({ ...used, message: message.end(), ...callSite() })
      return last
    },
  })
}
