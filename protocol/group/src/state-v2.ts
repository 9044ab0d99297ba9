import { Receiver, Sender } from "@qpc/gbp"
import { MessageReceiver } from "@qpc/gtp"
import { decodeWhole } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { Deadlines } from "./deadlines.ts"
import { Departed } from "./departed.ts"
import { OwnNumbers } from "./gaps/own-numbers.ts"
import { Intents } from "./intents.ts"
import { frameSurroundings, messageLimits } from "./member-state.ts"
import type { MemberState } from "./member-state.ts"
import { readFlag } from "./member-records.ts"
import { OwnCommits } from "./own-commits.ts"
import { Parked } from "./parked.ts"

/** What versions 1 and 2 stored: the MLS group, and the layers for {@link restoreLayersV2}. Nothing writes them any more. */
export interface StateV2 {
  readonly kind: "v2"
  /** 1 or 2. */
  readonly version: number
  readonly groupBytes: Uint8Array
  readonly layers: Uint8Array
}

/** Reads the beginning of what follows version, suite and identity. Borrowed. @throws DecodeError */
export function readStateV2(version: number, reader: Reader): StateV2 {
  return { kind: "v2", version, groupBytes: reader.vector(), layers: reader.bytes(reader.remainingBytes) }
}

/** Fills a new state with what the layers remembered; version 1 ended before the deadlines. @throws DecodeError */
export function restoreLayersV2(state: MemberState, { layers, version }: StateV2): void {
  const { groupId, keys, limits, group } = state
  const surroundings = frameSurroundings(groupId, keys, limits)
  decodeWhole(layers, (reader) => {
    state.sender = Sender.fromBytes(reader.vector(), surroundings, group.ownLeafIndex)
    state.receiver = Receiver.fromBytes(reader.vector(), surroundings)
    state.messages = MessageReceiver.fromBytes(reader.vector(), messageLimits(limits))
    state.isActive = readFlag(reader)
    state.ownNumbers = new OwnNumbers(group.epoch + 1n)
    state.departed = Departed.readV3(reader)
    state.intents = Intents.readV2(reader)
    state.parked = Parked.read(reader, limits)
    if (version === 1) return
    state.deadlines = Deadlines.read(reader)
    state.ownCommits = OwnCommits.read(reader)
  })
}
