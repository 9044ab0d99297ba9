import type { CipherSuite, HpkeInfo, HpkeSealed } from "@qpc/crypto"
import { toUtf8, vectorBytes, withScratch, Writer } from "@qpc/wire"

const PREFIX = "MLS 1.0 "
const EMPTY = new Uint8Array(0)
/** RFC 9420 has fewer labels; only an exporter's are the application's own, and they must not fill the memory. */
const LABELS_KEPT = 64
/** UTF-8 of labels met before: five of them go into every message. */
const labelsKept = new Map<string, Uint8Array>()

/** ExpandWithLabel (RFC 9420 §8): a secret of `lengthBytes` for one purpose. The result is the caller's to zero. */
export function expandWithLabel(
  suite: CipherSuite,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const prefixed = labelBytes(label)
  const infoBytes = 2 + vectorBytes(prefixed.length) + vectorBytes(context.length)
  const info = new Writer(infoBytes).uint16(lengthBytes).vector(prefixed).vector(context).take()
  return suite.expand(secret, info, lengthBytes)
}

/** DeriveSecret (RFC 9420 §8). */
export function deriveSecret(suite: CipherSuite, secret: Uint8Array, label: string): Uint8Array {
  return expandWithLabel(suite, secret, label, EMPTY, suite.sizes.hashBytes)
}

/** DeriveTreeSecret (RFC 9420 §9): a secret of one generation of one leaf's ratchet. */
export function deriveTreeSecret(
  suite: CipherSuite,
  secret: Uint8Array,
  label: string,
  generation: number,
  lengthBytes: number,
): Uint8Array {
  return expandWithLabel(suite, secret, label, new Writer(4).uint32(generation).take(), lengthBytes)
}

/** SignWithLabel (RFC 9420 §5.1.2). */
export function signWithLabel(suite: CipherSuite, privateKey: Uint8Array, label: string, content: Content): Uint8Array {
  return withLabelled(label, content, (labelled) => suite.sign(privateKey, labelled))
}

/** VerifyWithLabel (RFC 9420 §5.1.2). */
export function verifyWithLabel(
  suite: Pick<CipherSuite, "verify">,
  publicKey: Uint8Array,
  label: string,
  content: Content,
  signature: Uint8Array,
): boolean {
  return withLabelled(label, content, (labelled) => suite.verify(publicKey, labelled, signature))
}

/**
 * EncryptWithLabel (RFC 9420 §5.1.3).
 *
 * @param seed - `kemSeedBytes` of fresh entropy.
 * @returns `undefined` if `publicKey` is not usable, which only a peer can cause.
 */
export function encryptWithLabel(
  suite: CipherSuite,
  publicKey: Uint8Array,
  label: string,
  context: Uint8Array,
  plaintext: Uint8Array,
  seed: Uint8Array,
): HpkeSealed | undefined {
  return encryptWithInfo(suite, publicKey, encryptionInfo(suite, label, context), plaintext, seed)
}

/** EncryptContext (RFC 9420 §5.1.3), hashed once for everybody whom {@link encryptWithInfo} is called for. */
export function encryptionInfo(suite: CipherSuite, label: string, context: Uint8Array): HpkeInfo {
  return withLabelled(label, context, (info) => suite.hpkeInfo(info))
}

/** EncryptWithLabel (RFC 9420 §5.1.3) to one of many; see {@link encryptWithLabel}. */
export function encryptWithInfo(
  suite: CipherSuite,
  publicKey: Uint8Array,
  info: HpkeInfo,
  plaintext: Uint8Array,
  seed: Uint8Array,
): HpkeSealed | undefined {
  return suite.hpkeSeal(publicKey, info, EMPTY, plaintext, seed)
}

/** DecryptWithLabel (RFC 9420 §5.1.3). `undefined` for what does not open. */
export function decryptWithLabel(
  suite: CipherSuite,
  privateKey: Uint8Array,
  label: string,
  context: Uint8Array,
  sealed: HpkeSealed,
): Uint8Array | undefined {
  return withLabelled(label, context, (info) => suite.hpkeOpen(privateKey, info, EMPTY, sealed))
}

/** RefHash (RFC 9420 §5.2): names a key package or a proposal by its bytes. */
export function refHash(suite: CipherSuite, label: string, value: Uint8Array): Uint8Array {
  const name = toUtf8(label)
  return withScratch(vectorBytes(name.length) + vectorBytes(value.length), (scratch) => {
    new Writer(scratch).vector(name).vector(value)
    return suite.hash(scratch)
  })
}

/** What is signed: in one piece, or in pieces that are joined only once, behind the label. */
export type Content = Uint8Array | readonly Uint8Array[]

function withLabelled<T>(label: string, content: Content, use: (labelled: Uint8Array) => T): T {
  const prefixed = labelBytes(label)
  const pieces = content instanceof Uint8Array ? [content] : content
  let contentBytes = 0
  for (const piece of pieces) contentBytes += piece.length
  return withScratch(vectorBytes(prefixed.length) + vectorBytes(contentBytes), (scratch) => {
    const writer = new Writer(scratch).vector(prefixed).vectorLength(contentBytes)
    for (const piece of pieces) writer.bytes(piece)
    return use(scratch)
  })
}

function labelBytes(label: string): Uint8Array {
  const kept = labelsKept.get(label)
  if (kept !== undefined) return kept
  const bytes = toUtf8(PREFIX + label)
  if (labelsKept.size < LABELS_KEPT) labelsKept.set(label, bytes)
  return bytes
}
