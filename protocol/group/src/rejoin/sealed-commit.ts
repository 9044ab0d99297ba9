import type { CipherSuite } from "@qpc/crypto"
import { envelopeHeader } from "@qpc/envelope"
import type { Group } from "@qpc/mls"
import { decodedOrUndefined, decodeWhole, DecodeError, encode } from "@qpc/wire"
import type { GroupId, Random, Reader } from "@qpc/wire"

/**
 * External commits are public messages (RFC 9420 §12.4.3.2): whoever makes one has no keys of the epoch. Ours gets one key with the
 * answer to its request. All members derive it (RFC 9420 §8.5), so the server reads no more of this commit than of any other, and
 * nobody commits from outside whom no member has answered.
 */
export function commitKeyOf(suite: CipherSuite, group: Group, requestHash: Uint8Array): Uint8Array {
  return group.export("quicprochat rejoin", requestHash, suite.sizes.aeadKeyBytes)
}

/** An external commit under its key. Views. */
export interface SealedCommit {
  /** Of the request that was answered. */
  readonly requestHash: Uint8Array
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
}

/** Where it belongs. */
interface CommitPlace {
  readonly groupId: GroupId
  /** That it leaves. */
  readonly epoch: bigint
}

/** No MLSMessage begins so: versions of the protocol are not 0 (RFC 9420 §6). */
const MARK = 0

/** Writes 0 u16 · request hash<V> · nonce<V> · ciphertext<V>, which authenticates the label of its envelope. */
export function sealCommit(
  suite: CipherSuite,
  { commitKey, requestHash }: { readonly commitKey: Uint8Array; readonly requestHash: Uint8Array },
  place: CommitPlace,
  commit: Uint8Array,
  random: Random,
): Uint8Array {
  const nonce = random(suite.sizes.aeadNonceBytes)
  const ciphertext = suite.aeadSeal(commitKey, nonce, headerOf(place), commit)
  return encode((writer) => writer.uint16(MARK).vector(requestHash).vector(nonce).vector(ciphertext))
}

/** Reads what {@link sealCommit} wrote, which says nothing yet. Views. `undefined` for anything else. */
export function readSealedCommit({ sizes }: CipherSuite, sealed: Uint8Array): SealedCommit | undefined {
  const read = decodedOrUndefined(() => decodeWhole(sealed, readSealed))
  // The hash is one of the suite of the request, which may be another one.
  return read?.nonce.length === sizes.aeadNonceBytes ? read : undefined
}

/** Opens an external commit of the present epoch of a group. `undefined` if no member has answered its request. */
export function openCommit(
  suite: CipherSuite,
  group: Group,
  place: CommitPlace,
  { requestHash, nonce, ciphertext }: SealedCommit,
): Uint8Array | undefined {
  const key = commitKeyOf(suite, group, requestHash)
  const commit = suite.aeadOpen(key, nonce, headerOf(place), ciphertext)
  key.fill(0)
  return commit
}

function readSealed(reader: Reader): SealedCommit {
  if (reader.uint16() !== MARK) throw new DecodeError("reserved_value", 0)
  return { requestHash: reader.vector(), nonce: reader.vector(), ciphertext: reader.vector() }
}

function headerOf({ groupId, epoch }: CommitPlace): Uint8Array {
  return envelopeHeader({ kind: "commit", groupId, epoch })
}
