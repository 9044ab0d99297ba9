import instantiate from "libsodium"

/** WebAssembly's memory, and who lends parts of it. An address is an offset in it. */
export interface SodiumHeap {
  /** Another array once the memory has grown: take it anew after each call. */
  readonly heap: Uint8Array
  /** Returns 0 when there is no more memory. */
  malloc(lengthBytes: number): number
  free(address: number): void
}

/** What we call of libsodium for Curve25519, on addresses. Lengths are those of RFC 7748 and RFC 8032; 0 is success. */
export interface SodiumCurve25519 extends SodiumHeap {
  crypto_scalarmult_base(publicKey: number, privateKey: number): number
  /** Fails for a secret of zeros (RFC 7748 §6.1), and for nothing else. */
  crypto_scalarmult(secret: number, privateKey: number, publicKey: number): number
  /** `expandedKey` is the seed with the public key behind it: 64 bytes, secret. */
  crypto_sign_seed_keypair(publicKey: number, expandedKey: number, seed: number): number
  /** The length of the signature is written to the second address unless it is 0; that of the message has two words. */
  crypto_sign_detached(
    signature: number,
    signatureLength: 0,
    message: number,
    messageBytes: number,
    messageBytesHigh: 0,
    expandedKey: number,
  ): number
  crypto_sign_verify_detached(
    signature: number,
    message: number,
    messageBytes: number,
    messageBytesHigh: 0,
    publicKey: number,
  ): number
}

/** What we call of libsodium for ML-KEM-768, likewise. Lengths are those of FIPS 203 §8. */
export interface SodiumMlKem extends SodiumHeap {
  /** `privateKey` is the expanded one of 2400 bytes. */
  crypto_kem_mlkem768_seed_keypair(publicKey: number, privateKey: number, seed: number): number
  crypto_kem_mlkem768_enc_deterministic(ciphertext: number, secret: number, publicKey: number, message: number): number
  crypto_kem_mlkem768_dec(secret: number, ciphertext: number, privateKey: number): number
}

/** libsodium after its WebAssembly is compiled. */
export interface Sodium extends SodiumCurve25519, SodiumMlKem {
  sodium_init(): number
}

/** As libsodium.js calls it: the functions of C have an underscore before their names. */
type RawSodium = { readonly [Name in keyof Sodium as Name extends "heap" ? "HEAPU8" : `_${Name}`]: Sodium[Name] }

/** The functions of {@link Sodium} without which X25519 and Ed25519 cannot be: for bundles that hold no other algorithm of libsodium. */
export const SODIUM_CURVE25519_FUNCTIONS: readonly string[] = Object.keys({
  malloc: true,
  free: true,
  sodium_init: true,
  crypto_scalarmult_base: true,
  crypto_scalarmult: true,
  crypto_sign_seed_keypair: true,
  crypto_sign_detached: true,
  crypto_sign_verify_detached: true,
} satisfies Record<Exclude<keyof SodiumCurve25519, "heap"> | "sodium_init", true>)

let loading: Promise<Sodium> | undefined

/**
 * Compiles libsodium's WebAssembly, which browsers only do asynchronously; everything after it is synchronous.
 *
 * The one promise under `protocol/`: an application awaits it once at its edge, before there is a protocol to run. All
 * suites share one copy, which has 4 MB of memory.
 *
 * Rejects with an Error where the engine has no WebAssembly, or forbids it. It is tried again with the next call.
 */
export function loadSodium(): Promise<Sodium> {
  loading ??= load()
  return loading
}

async function load(): Promise<Sodium> {
  const raw = await instantiated()
  const functions = Object.entries(raw).map(([name, value]) => [name.replace(/^_/, ""), value] as const)
  const sodium = Object.fromEntries(functions) as unknown as Sodium
  Object.defineProperty(sodium, "heap", { get: () => raw.HEAPU8 })
  if (sodium.sodium_init() < 0) throw new Error("unreachable: libsodium refuses to begin")
  return sodium
}

/** Whatever went wrong, libsodium.js itself says only how to build it otherwise. */
async function instantiated(): Promise<RawSodium> {
  try {
    return (await instantiate({ getRandomValue: random32 })) as RawSodium
  } catch (cause) {
    // What failed may succeed later: after a change of the page's security policy, or with more memory.
    loading = undefined
    const remedy = "a page's Content-Security-Policy has to allow it with script-src 'wasm-unsafe-eval'"
    throw new Error(`libsodium's WebAssembly does not start: ${remedy}`, { cause })
  }
}

/** libsodium asks for it when it begins, though nothing that we call draws randomness. */
function random32(): number {
  return globalThis.crypto.getRandomValues(new Uint32Array(1))[0]!
}
