import { constantTimeEqual, equalBytes, fromHex } from "@qpc/wire"
import { expand, extract } from "../hkdf.ts"
import type { Aead, HashFunction } from "../primitives.ts"
import type { VectorResult } from "@qpc/wire/vectors"
import { refuses, Tally } from "./tally.ts"
import type { VectorProvider } from "./vector-provider.ts"

/** A Wycheproof file: groups of cases, of which only the fields that every schema has are named here. */
export interface WycheproofFile<Group, Case> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (Case & WycheproofCase)[] })[]
}

interface WycheproofCase {
  readonly tcId: number
  readonly result: "valid" | "invalid" | "acceptable"
}

interface AeadGroup {
  readonly keySize: number
  readonly ivSize: number
}

interface AeadCase {
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
}

/** AES-GCM. Nonces of other than 12 bytes are valid there and refused here: nothing in MLS or HPKE uses them. */
export function runAesGcm(provider: VectorProvider, file: WycheproofFile<AeadGroup, AeadCase>): VectorResult {
  const aeads: ReadonlyMap<number, Aead> = new Map([
    [128, provider.platform.aead("AES-128-GCM")],
    [256, provider.platform.aead("AES-256-GCM")],
  ])
  return runAead(provider, file, (keyBits) => aeads.get(keyBits))
}

/** ChaCha20-Poly1305 (RFC 8439). */
export function runChaCha20Poly1305(provider: VectorProvider, file: WycheproofFile<AeadGroup, AeadCase>): VectorResult {
  return runAead(provider, file, () => provider.platform.aead("ChaCha20-Poly1305"))
}

function runAead(
  { beforeCase }: VectorProvider,
  file: WycheproofFile<AeadGroup, AeadCase>,
  aeadOf: (keyBits: number) => Aead | undefined,
): VectorResult {
  const tally = new Tally(beforeCase)
  for (const group of file.testGroups) {
    const aead = aeadOf(group.keySize)
    if (aead === undefined) tally.skip(`no suite uses AES-${group.keySize}`, group.tests.length)
    else for (const test of group.tests) tally.check(`case ${test.tcId}`, () => aeadCaseHolds(aead, test))
  }
  return tally.result()
}

function aeadCaseHolds(aead: Aead, test: AeadCase & WycheproofCase): boolean {
  const [key, nonce, aad, plaintext] = [fromHex(test.key), fromHex(test.iv), fromHex(test.aad), fromHex(test.msg)]
  const ciphertext = fromHex(test.ct + test.tag)
  if (nonce.length !== aead.nonceBytes) {
    return refuses(() => aead.seal(key, nonce, aad, plaintext)) && refuses(() => aead.open(key, nonce, aad, ciphertext))
  }
  const sealed = aead.seal(key, nonce, aad, plaintext)
  const opened = aead.open(key, nonce, aad, ciphertext)
  if (test.result === "valid") {
    return equalBytes(sealed, ciphertext) && opened !== undefined && equalBytes(opened, plaintext)
  }
  return opened === undefined && !equalBytes(sealed, ciphertext)
}

interface Ed25519Group {
  readonly publicKey: { readonly pk: string }
}

/** Ed25519 verification. */
export function runEd25519(
  provider: VectorProvider,
  file: WycheproofFile<Ed25519Group, { readonly msg: string; readonly sig: string }>,
): VectorResult {
  const tally = new Tally()
  const ed25519 = provider.platform.signature("Ed25519")
  for (const group of file.testGroups) {
    const publicKey = fromHex(group.publicKey.pk)
    for (const { tcId, msg, sig, result } of group.tests) {
      const expected = result === "valid"
      tally.check(`case ${tcId}`, () => ed25519.verify(publicKey, fromHex(msg), fromHex(sig)) === expected)
    }
  }
  return tally.result()
}

/** X25519. "Acceptable" shared secrets of zeros must be refused (RFC 9180 §7.1.4), all others must come out. */
export function runX25519(
  provider: VectorProvider,
  file: WycheproofFile<object, { readonly public: string; readonly private: string; readonly shared: string }>,
): VectorResult {
  const tally = new Tally()
  const x25519 = provider.platform.group("X25519")
  for (const test of file.testGroups.flatMap((group) => group.tests)) {
    tally.check(`case ${test.tcId}`, () => {
      const secret = x25519.agree(fromHex(test.private), fromHex(test.public), "once")?.secret
      const expected = fromHex(test.shared)
      if (expected.every((byte) => byte === 0)) return secret === undefined
      return secret !== undefined && equalBytes(secret, expected)
    })
  }
  return tally.result()
}

/** HMAC, with tags cut short where the group says so. */
export function runHmac(
  hash: HashFunction,
  file: WycheproofFile<
    { readonly tagSize: number },
    { readonly key: string; readonly msg: string; readonly tag: string }
  >,
): VectorResult {
  const tally = new Tally()
  for (const group of file.testGroups) {
    for (const { tcId, key, msg, tag, result } of group.tests) {
      tally.check(`case ${tcId}`, () => {
        const mac = hash.mac(fromHex(key), fromHex(msg)).subarray(0, group.tagSize / 8)
        return constantTimeEqual(mac, fromHex(tag)) === (result === "valid")
      })
    }
  }
  return tally.result()
}

interface HkdfCase {
  readonly ikm: string
  readonly salt: string
  readonly info: string
  readonly size: number
  readonly okm: string
}

/** HKDF, extract and expand together; the invalid cases ask for too much. */
export function runHkdf(hash: HashFunction, file: WycheproofFile<object, HkdfCase>): VectorResult {
  const tally = new Tally()
  for (const { tcId, ikm, salt, info, size, okm, result } of file.testGroups.flatMap((group) => group.tests)) {
    const derive = (): Uint8Array => expand(hash, extract(hash, fromHex(salt), fromHex(ikm)), fromHex(info), size)
    tally.check(`case ${tcId}`, () => (result === "valid" ? equalBytes(derive(), fromHex(okm)) : refuses(derive)))
  }
  return tally.result()
}
