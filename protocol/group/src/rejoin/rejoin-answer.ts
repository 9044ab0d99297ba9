import type { CipherSuite } from "@qpc/crypto"
import { envelopeHeader, LOG_HASH_BYTES, LOG_SIGNATURE_BYTES } from "@qpc/envelope"
import { findExtension } from "@qpc/mls"
import type { Extension } from "@qpc/mls"
import { concatBytes, decodedOrUndefined, decodeWhole, encode, readOptional, toUtf8 } from "@qpc/wire"
import type { GroupId, Reader } from "@qpc/wire"
import type { Head } from "../heads.ts"

/**
 * In a GroupInfo that answers a rejoin request (RFC 9420 §12.4.3): the signature of the GroupInfo covers it, so that the member who
 * answers vouches for all of it. For private use (RFC 9420 §17.3).
 */
const REJOIN_EXTENSION = 0xf7c3

/** What a member says to the device that asked, beside the state of the group. */
export interface RejoinStatement {
  /** Of the request that this answers: nobody can pass the answer on as one to another request. */
  readonly requestHash: Uint8Array
  /** Seals the external commit; see `sealed-commit.ts`. */
  readonly commitKey: Uint8Array
  /** Where the log of epochs stands in this epoch, if the member follows it. */
  readonly head: Pick<Head, "hash" | "signature"> | undefined
}

/** Where an answer belongs. */
export interface AnswerPlace {
  readonly groupId: GroupId
  readonly epoch: bigint
  readonly requestHash: Uint8Array
}

/** Writes request hash<V> · commit key<V> · optional (head 32 B · signature 64 B), as an extension of the GroupInfo. */
export function rejoinExtension({ requestHash, commitKey, head }: RejoinStatement): Extension {
  const extensionData = encode((writer) => {
    writer.vector(requestHash).vector(commitKey)
    writer.optional(head, (inner, { hash, signature }) => inner.bytes(hash).bytes(signature))
  })
  return { extensionType: REJOIN_EXTENSION, extensionData }
}

/** Finds what {@link rejoinExtension} wrote. Copies. `undefined` where there is none that can be read. */
export function readRejoinStatement(extensions: readonly Extension[]): RejoinStatement | undefined {
  const data = findExtension(extensions, REJOIN_EXTENSION)
  return data && decodedOrUndefined(() => decodeWhole(data, readStatement))
}

function readStatement(reader: Reader): RejoinStatement {
  const [requestHash, commitKey] = [reader.vector().slice(), reader.vector().slice()]
  const head = readOptional(reader, (inner) => ({
    hash: inner.bytes(LOG_HASH_BYTES).slice(),
    signature: inner.bytes(LOG_SIGNATURE_BYTES).slice(),
  }))
  return { requestHash, commitKey, head }
}

/**
 * Seals a GroupInfo to whoever asked (RFC 9180, SealBase): KEM output<V> · ciphertext<V>. It tells who is in the group, which is no
 * server's business.
 *
 * @param seed - `kemSeedBytes` of fresh entropy.
 * @returns `undefined` if the key of the request is none
 */
export function sealAnswer(
  suite: CipherSuite,
  answerKey: Uint8Array,
  place: AnswerPlace,
  groupInfo: Uint8Array,
  seed: Uint8Array,
): Uint8Array | undefined {
  const sealed = suite.hpkeSeal(answerKey, answerInfo(place), answerHeader(place), groupInfo, seed)
  return sealed && encode((writer) => writer.vector(sealed.kemOutput).vector(sealed.ciphertext))
}

/** Opens what {@link sealAnswer} made; the caller's to zero. `undefined` for anything else. */
export function openAnswer(
  suite: CipherSuite,
  privateKey: Uint8Array,
  place: AnswerPlace,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const sealed = decodedOrUndefined(() =>
    decodeWhole(bytes, (reader) => ({ kemOutput: reader.vector(), ciphertext: reader.vector() })),
  )
  return sealed && suite.hpkeOpen(privateKey, answerInfo(place), answerHeader(place), sealed)
}

const INFO = toUtf8("quicprochat rejoin answer\0")
const answerInfo = ({ requestHash }: AnswerPlace): Uint8Array => concatBytes(INFO, requestHash)

function answerHeader({ groupId, epoch }: AnswerPlace): Uint8Array {
  return envelopeHeader({ kind: "rejoin_answer", groupId, epoch })
}
