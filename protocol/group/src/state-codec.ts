import type { CipherSuite } from "@qpc/crypto"
import { Receiver, Sender } from "@qpc/gbp"
import { MessageReceiver } from "@qpc/gtp"
import { decodeWhole, encode, equalBytes, IDENTITY_KEY_BYTES, Reader } from "@qpc/wire"
import { Deadlines } from "./deadlines.ts"
import { Departed } from "./departed.ts"
import { Intents } from "./intents.ts"
import { frameSurroundings, messageLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { OwnCommits } from "./own-commits.ts"
import { Parked } from "./parked.ts"
import { GroupStateError } from "./state-error.ts"

/** Version 1 ended before the deadlines. */
const STATE_VERSION = 2

/**
 * Writes version u8 = 2 · suite u16 · identity key · MLS group<V> · sequence numbers<V> · replay windows<V> · seen
 * messages<V> · active u8 · departed · intents · parked · deadlines · own commits · hash of all this. The hash is against a damaged disk, not
 * against people: whoever can write here has the keys.
 */
export function encodeState(state: MemberState): Uint8Array {
  return encode((writer) => {
    writer.uint8(STATE_VERSION).uint16(state.suite.id).bytes(state.self)
    writer.vector(state.group.toBytes())
    writer.vector(state.sender.toBytes()).vector(state.receiver.toBytes()).vector(state.messages.toBytes())
    writer.uint8(state.isActive ? 1 : 0)
    state.departed.write(writer)
    state.intents.write(writer)
    state.parked.write(writer)
    state.deadlines.write(writer)
    state.ownCommits.write(writer)
    writer.bytes(state.suite.hash(writer.view()))
  })
}

/** What is needed before the layers can be restored: the MLS group, and the rest for {@link restoreLayers}. */
export interface OpenedState {
  readonly version: number
  readonly groupBytes: Uint8Array
  readonly layers: Uint8Array
}

/** Checks whose state this is, and that it is whole. @throws GroupStateError */
export function openState(suite: CipherSuite, bytes: Uint8Array, self: Uint8Array): OpenedState {
  const bodyBytes = bytes.length - suite.sizes.hashBytes
  if (bytes[0] !== undefined && bytes[0] !== 1 && bytes[0] !== STATE_VERSION)
    throw new GroupStateError("unknown_version")
  if (bodyBytes < 0 || !equalBytes(suite.hash(bytes.subarray(0, bodyBytes)), bytes.subarray(bodyBytes))) {
    throw new GroupStateError("corrupt")
  }
  const reader = new Reader(bytes.subarray(0, bodyBytes))
  const version = reader.uint8()
  const isOurs = reader.uint16() === suite.id && equalBytes(reader.bytes(IDENTITY_KEY_BYTES), self)
  if (!isOurs) throw new GroupStateError("wrong_identity")
  return { version, groupBytes: reader.vector(), layers: reader.bytes(reader.remainingBytes) }
}

/** Fills a new state with what the layers remembered. @throws DecodeError */
export function restoreLayers(state: MemberState, { layers, version }: OpenedState): void {
  const { groupId, keys, limits, group } = state
  const surroundings = frameSurroundings(groupId, keys, limits)
  decodeWhole(layers, (reader) => {
    state.sender = Sender.fromBytes(reader.vector(), surroundings, group.ownLeafIndex)
    state.receiver = Receiver.fromBytes(reader.vector(), surroundings)
    state.messages = MessageReceiver.fromBytes(reader.vector(), messageLimits(limits))
    state.isActive = reader.uint8() === 1
    state.departed = Departed.read(reader)
    state.intents = Intents.read(reader)
    state.parked = Parked.read(reader, limits)
    if (version === 1) return
    state.deadlines = Deadlines.read(reader)
    state.ownCommits = OwnCommits.read(reader)
  })
}
