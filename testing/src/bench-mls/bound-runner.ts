import type { CipherSuite, HpkeSealed, KeyPair } from "@qpc/crypto"
import { nodeRandom } from "@qpc/crypto/node"
import type { Contender } from "../bench/measure.ts"
import type { Primitive, Step } from "./bounds.ts"

/** As many different keys at most; more than a suite remembers, so that no step profits from what it remembers. */
const DISTINCT_KEYS = 2048
const NO_BYTES = new Uint8Array(0)

/**
 * Only the primitives of a bound, one step after the other, through a suite. What they work on was made before and differs
 * from one to the next where an operation's would.
 */
export function boundContender(name: string, suite: CipherSuite, steps: readonly Step[]): Contender {
  const plays = steps.filter(({ count }) => count > 0).map((step) => playOf(suite, step))
  return {
    name,
    run: (count) => {
      for (let done = 0; done < count; done++) for (const play of plays) play()
    },
  }
}

function playOf(suite: CipherSuite, { primitive, count, inputBytes }: Step): () => void {
  const input = new Uint8Array(inputBytes).fill(7)
  const once = PLAYS[primitive](suite, input, Math.min(count, DISTINCT_KEYS))
  return () => {
    for (let at = 0; at < count; at++) once(at)
  }
}

type MakePlay = (suite: CipherSuite, input: Uint8Array, keys: number) => (at: number) => void

const PLAYS: Readonly<Record<Primitive, MakePlay>> = {
  hash: (suite, input) => () => void suite.hash(input),
  mac(suite, input) {
    const key = new Uint8Array(suite.sizes.hashBytes).fill(1)
    return () => void suite.mac(key, input)
  },
  extract(suite, input) {
    const salt = new Uint8Array(suite.sizes.hashBytes).fill(1)
    return () => void suite.extract(salt, input)
  },
  expand(suite, input) {
    const secret = new Uint8Array(suite.sizes.hashBytes).fill(1)
    return () => void suite.expand(secret, input, suite.sizes.hashBytes)
  },
  aeadSeal(suite, input) {
    const { key, nonce } = aeadKey(suite)
    return () => void suite.aeadSeal(key, nonce, NO_BYTES, input)
  },
  aeadOpen(suite, input) {
    const { key, nonce } = aeadKey(suite)
    const sealed = suite.aeadSeal(key, nonce, NO_BYTES, input)
    return () => assertDone(suite.aeadOpen(key, nonce, NO_BYTES, sealed) !== undefined)
  },
  sign(suite, input) {
    // A member signs with one key.
    const { privateKey } = signatureKeys(suite)
    return () => void suite.sign(privateKey, input)
  },
  verify(suite, input, keys) {
    const signed = Array.from({ length: keys }, () => {
      const { publicKey, privateKey } = signatureKeys(suite)
      return { publicKey, signature: suite.sign(privateKey, input) }
    })
    return (at) => {
      const { publicKey, signature } = signed[at % keys]!
      assertDone(suite.verify(publicKey, input, signature))
    }
  },
  kemKeyPair(suite) {
    return () => void suite.kemKeyPair(nodeRandom(suite.sizes.kemSeedBytes))
  },
  hpkeSeal(suite, input, keys) {
    const publicKeys = Array.from({ length: keys }, () => kemKeys(suite).publicKey)
    return (at) => {
      const seed = nodeRandom(suite.sizes.kemSeedBytes)
      assertDone(suite.hpkeSeal(publicKeys[at % keys]!, NO_BYTES, NO_BYTES, input, seed) !== undefined)
    }
  },
  hpkeOpen(suite, input, keys) {
    const sealed = Array.from({ length: keys }, () => sealedTo(suite, input))
    return (at) => {
      const { privateKey, ciphertext } = sealed[at % keys]!
      assertDone(suite.hpkeOpen(privateKey, NO_BYTES, NO_BYTES, ciphertext) !== undefined)
    }
  },
}

function sealedTo(suite: CipherSuite, input: Uint8Array): { privateKey: Uint8Array; ciphertext: HpkeSealed } {
  const { publicKey, privateKey } = kemKeys(suite)
  const seed = nodeRandom(suite.sizes.kemSeedBytes)
  const ciphertext = suite.hpkeSeal(publicKey, NO_BYTES, NO_BYTES, input, seed)
  if (ciphertext === undefined) throw new Error("unreachable: a fresh key is usable")
  return { privateKey, ciphertext }
}

/** For one step, which seals the same message under it again and again, and never another. */
function aeadKey({ sizes }: CipherSuite): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  return { key: nodeRandom(sizes.aeadKeyBytes), nonce: nodeRandom(sizes.aeadNonceBytes) }
}

function signatureKeys(suite: CipherSuite): KeyPair {
  return suite.signatureKeyPair(nodeRandom(suite.sizes.signatureSeedBytes))
}

function kemKeys(suite: CipherSuite): KeyPair {
  return suite.kemKeyPair(nodeRandom(suite.sizes.kemSeedBytes))
}

/** A primitive that fails early would make the bound look fast. */
function assertDone(isDone: boolean): void {
  if (!isDone) throw new Error("unreachable: the primitive failed")
}
