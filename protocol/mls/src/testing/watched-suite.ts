import type { CipherSuite } from "@qpc/crypto"

/** A suite that keeps what it gave out. */
export interface WatchedSuite {
  readonly suite: CipherSuite
  /** Secrets that it derived and that are not zeroed by now, in the order in which it gave them out. */
  readonly secretsLeft: () => Uint8Array[]
  /** How many private keys it was told to forget. */
  readonly forgottenCount: () => number
}

/** Shows whether secrets on the way to a result are zeroed. For tests only. */
export function watchSecrets(suite: CipherSuite): WatchedSuite {
  const given: Uint8Array[] = []
  let forgotten = 0
  const note = <T extends Uint8Array | undefined>(secret: T): T => {
    if (secret !== undefined) given.push(secret)
    return secret
  }
  const watched: CipherSuite = {
    ...suite,
    extract: (salt, inputKeyMaterial) => note(suite.extract(salt, inputKeyMaterial)),
    expand: (pseudoRandomKey, info, lengthBytes) => note(suite.expand(pseudoRandomKey, info, lengthBytes)),
    aeadOpen: (key, nonce, aad, ciphertext) => note(suite.aeadOpen(key, nonce, aad, ciphertext)),
    hpkeOpen: (privateKey, info, aad, sealed) => note(suite.hpkeOpen(privateKey, info, aad, sealed)),
    hpkeSendExport(...key) {
      const exported = suite.hpkeSendExport(...key)
      note(exported?.secret)
      return exported
    },
    hpkeReceiveExport: (...key) => note(suite.hpkeReceiveExport(...key)),
    kemKeyPair(seed) {
      const pair = suite.kemKeyPair(seed)
      note(pair.privateKey)
      return pair
    },
    forgetPrivateKey(privateKey) {
      forgotten++
      suite.forgetPrivateKey?.(privateKey)
    },
  }
  return {
    suite: watched,
    secretsLeft: () => given.filter((secret) => secret.some((byte) => byte !== 0)),
    forgottenCount: () => forgotten,
  }
}
