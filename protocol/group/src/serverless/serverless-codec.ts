import type { CipherSuite } from "@qpc/crypto"
import { StateVersionError } from "@qpc/mls"
import {
  decodeWhole,
  DecodeError,
  DEVICE_KEY_BYTES,
  encode,
  equalBytes,
  GROUP_ID_BYTES,
  IDENTITY_KEY_BYTES,
  readList,
  readOptional,
  toDeviceKey,
  toGroupId,
  toIdentityKey,
} from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import type { MemberSurroundings } from "../create.ts"
import { Intents } from "../intents.ts"
import { readFlag } from "../member-records.ts"
import { OwnCommits } from "../own-commits.ts"
import { GroupStateError } from "../state-error.ts"
import { readEpoch, writeEpoch } from "./epoch-codec.ts"
import { shareIntents } from "./grow.ts"
import type { KeptEpoch } from "./kept-epoch.ts"
import { SeenTexts } from "./seen-texts.ts"
import { SentTexts } from "./sent-texts.ts"
import type { ForgottenTexts, SentText } from "./sent-texts.ts"
import { resolveServerlessLimits } from "./serverless-limits.ts"
import type { ServerlessLimits } from "./serverless-limits.ts"
import { choose } from "./serverless-state.ts"
import type { ServerlessState } from "./serverless-state.ts"
import { Waiting } from "./waiting.ts"

const VERSION = 3
/** Had nothing of texts that are only counted; otherwise the same. */
const VERSION_BEFORE = 2
const NO_PARENT = 0xffff_ffff

/**
 * Writes version u8 = 3 · suite u16 · identity key · device key · group id · ended u8 · epochs, each after the one that it comes from · intents ·
 * own commits · optional epoch of the pending commit u32 · leaves that it lets go u32 · waiting envelopes · seen texts · sent texts · texts that are only counted · hash of all this. The hash is
 * against a damaged disk, not against people.
 */
export function encodeServerlessState(state: ServerlessState): Uint8Array {
  const epochs = [...state.root.all()]
  const indexOf = new Map(epochs.map((epoch, at) => [epoch, at]))
  const { pendingAt } = state
  return encode((writer) => {
    writer.uint8(VERSION).uint16(state.suite.id).bytes(state.self).bytes(state.device).bytes(state.groupId)
    writer.uint8(state.isEnded ? 1 : 0)
    writer.list(epochs, (inner, epoch) => {
      inner.uint32((epoch.parent && indexOf.get(epoch.parent)) ?? NO_PARENT)
      writeEpoch(inner, epoch)
    })
    state.intents.write(writer)
    state.ownCommits.write(writer)
    writer.optional(pendingAt && indexOf.get(pendingAt), (inner, at) => void inner.uint32(at))
    writer.list(state.pendingAsked, (inner, leafIndex) => void inner.uint32(leafIndex))
    state.waiting.write(writer)
    state.seen.write(writer)
    writer.list(state.sent.all, (inner, { mid, payload, in: sealedIn }) => {
      inner.uint64(mid).optional(payload, (one, bytes) => void one.vector(bytes))
      inner.list([...sealedIn], (one, epoch) => void one.uint32(indexOf.get(epoch)!))
    })
    writer.list(state.sent.forgotten, (inner, { count, lastMid, in: sealedIn }) => {
      inner.uint32(count).uint64(lastMid)
      inner.list([...sealedIn], (one, epoch) => void one.uint32(indexOf.get(epoch)!))
    })
    writer.bytes(state.suite.hash(writer.view()))
  })
}

/** What a stored member needs from its surroundings. */
export interface ServerlessSurroundings extends Omit<MemberSurroundings, "limits"> {
  readonly limits?: ServerlessLimits
}

/** Reads what {@link encodeServerlessState} wrote. Copies. @throws GroupStateError for anything else, or for another identity */
export function decodeServerlessState(
  suite: CipherSuite,
  bytes: Uint8Array,
  surroundings: ServerlessSurroundings,
): ServerlessState {
  const bodyBytes = bytes.length - suite.sizes.hashBytes
  const [version] = bytes
  const isKnown = version === undefined || version === VERSION || version === VERSION_BEFORE
  if (!isKnown) throw new GroupStateError("unknown_version")
  if (bodyBytes < 0 || !equalBytes(suite.hash(bytes.subarray(0, bodyBytes)), bytes.subarray(bodyBytes))) {
    throw new GroupStateError("corrupt")
  }
  try {
    return decodeWhole(bytes.subarray(0, bodyBytes), (reader) => readState(reader, suite, surroundings))
  } catch (error) {
    if (error instanceof DecodeError) throw new GroupStateError("corrupt", { cause: error })
    if (error instanceof StateVersionError) throw new GroupStateError("unknown_version", { cause: error })
    throw error
  }
}

function readState(reader: Reader, suite: CipherSuite, surroundings: ServerlessSurroundings): ServerlessState {
  const version = reader.uint8()
  const { device: signatureKeys } = surroundings
  const isSuite = reader.uint16() === suite.id
  const self = toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice())
  const device = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  if (!isSuite || !equalBytes(device, signatureKeys.publicKey)) throw new GroupStateError("wrong_identity")
  const groupId = toGroupId(reader.bytes(GROUP_ID_BYTES).slice())
  const limits = resolveServerlessLimits(surroundings.limits)
  const isEnded = readFlag(reader)
  const reading = { of: { suite, self, device, groupId, signatureKeys }, limits, surroundings }
  const epochs: KeptEpoch[] = []
  readList(reader, (inner) => readTreeEpoch(inner, epochs, reading))
  const [root] = epochs
  if (root === undefined) throw new DecodeError("bad_value", reader.offset)
  const intents = Intents.read(reader)
  const ownCommits = OwnCommits.read(reader)
  const at = (inner: Reader): KeptEpoch => epochAt(inner, epochs)
  const pendingAt = readOptional(reader, at)
  const pendingAsked = readList(reader, (inner) => inner.uint32())
  // What a commit is for is known here, the commit itself is known to MLS: they are stored and lost together.
  const isWhole = (intents.pending === undefined) === (pendingAt?.state?.group.pendingCommit === undefined)
  if (!isWhole) throw new DecodeError("bad_value", reader.offset)
  const waiting = Waiting.read(reader, limits.group)
  const seen = SeenTexts.read(reader, limits.seenTexts)
  const sent = new SentTexts(limits)
  const texts = readList(reader, (inner) => readSentText(inner, at))
  const forgotten = version === VERSION_BEFORE ? [] : readList(reader, (inner) => readForgotten(inner, at))
  sent.restore(texts, forgotten)
  const made = {
    suite,
    groupId,
    self,
    device,
    signatureKeys,
    limits,
    root,
    intents,
    ownCommits,
    pendingAt,
    pendingAsked,
    waiting,
    seen,
    sent,
    isEnded,
  }
  const state: ServerlessState = { ...made, path: [root], rule: "only_branch" }
  for (const { state: layers } of epochs) if (layers !== undefined) shareIntents(state, layers)
  const { path, rule } = choose(state)
  return Object.assign(state, { path, rule })
}

function readTreeEpoch(reader: Reader, epochs: KeptEpoch[], reading: Parameters<typeof readEpoch>[1]): void {
  const parentAt = reader.uint32()
  const parent = epochs[parentAt]
  const epoch = readEpoch(reader, reading, parent)
  const isFirst = epochs.length === 0 && parentAt === NO_PARENT
  if (parent === undefined && !isFirst) throw new DecodeError("bad_value", reader.offset)
  if (parent !== undefined && (epoch.epoch !== parent.epoch + 1n || epoch.origin === undefined)) {
    throw new DecodeError("bad_value", reader.offset)
  }
  parent?.adopt(epoch)
  epochs.push(epoch)
}

function epochAt(reader: Reader, epochs: readonly KeptEpoch[]): KeptEpoch {
  const epoch = epochs[reader.uint32()]
  if (epoch === undefined) throw new DecodeError("bad_value", reader.offset)
  return epoch
}

function readSentText(reader: Reader, at: (inner: Reader) => KeptEpoch): SentText {
  const mid = reader.uint64()
  const payload = readOptional(reader, (inner) => inner.vector().slice())
  return { mid, payload, in: new Set(readList(reader, at)) }
}

function readForgotten(reader: Reader, at: (inner: Reader) => KeptEpoch): ForgottenTexts {
  return { count: reader.uint32(), lastMid: reader.uint64(), in: new Set(readList(reader, at)) }
}
