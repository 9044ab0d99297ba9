import { Receiver, Sender } from "@qpc/gbp"
import { Group } from "@qpc/mls"
import {
  DecodeError,
  DEVICE_KEY_BYTES,
  fromHex,
  fromUtf8,
  IDENTITY_KEY_BYTES,
  readList,
  readOptional,
  toDeviceKey,
  toHex,
  toIdentityKey,
} from "@qpc/wire"
import { decodeWhole, toUtf8 } from "@qpc/wire"
import type { DeviceKey, IdentityKey, Reader, Writer } from "@qpc/wire"
import { mlsRules } from "../mls-rules.ts"
import type { MemberSurroundings } from "../create.ts"
import { encodeSettings, readSettings } from "../group-settings.ts"
import { HeldTexts } from "../held-texts.ts"
import { Leaving } from "../leaving.ts"
import { readOpenIntent, writeOpenIntent } from "../intents.ts"
import { readFlag } from "../member-records.ts"
import { frameSurroundings, newState } from "../member-state.ts"
import type { MemberState } from "../member-state.ts"
import { expelledBy } from "./grow.ts"
import { KeptEpoch } from "./kept-epoch.ts"
import type { OpenedText } from "./kept-epoch.ts"
import type { ResolvedServerlessLimits } from "./serverless-limits.ts"
import type { ServerlessState } from "./serverless-state.ts"
import { readMs } from "./waiting.ts"

/**
 * Writes epoch u64 · since u64 ms · optional (committer · device · commit hash<V> · removed devices) · forgotten children (committer · commit hash<V>) · settings<V> · witnesses · our intents ·
 * told u8 · held texts · who left · optional (MLS group<V> · sender<V> · receiver<V> · leaving · own texts that wait).
 */
export function writeEpoch(writer: Writer, epoch: KeptEpoch): void {
  const { origin, forgotten, profile, state } = epoch
  if (profile.settings === undefined) throw new Error("unreachable: groups without settings are not entered")
  writer.uint64(epoch.epoch).uint64(BigInt(epoch.sinceMs))
  writer.optional(origin, (inner, { committer, device, commitHash, removed }) => {
    inner.bytes(committer).bytes(device).vector(commitHash)
    inner.list(removed, (one, deviceKey) => void one.bytes(deviceKey))
  })
  writer.list(forgotten, (inner, { committer, commitHash }) => void inner.bytes(committer).vector(commitHash))
  writer.vector(encodeSettings(profile.settings))
  writer.list([...epoch.witnesses], (inner, name) => void inner.bytes(fromHex(name)))
  writer.list(epoch.opens, writeOpenIntent).uint8(epoch.isTold ? 1 : 0)
  writer.list(epoch.held, writeText)
  writer.list(epoch.left, (inner, identityKey) => void inner.bytes(identityKey))
  writer.optional(state, (inner, { group, sender, receiver, leaving, heldTexts }) => {
    inner.vector(group.toBytes()).vector(sender.toBytes()).vector(receiver.toBytes())
    leaving.write(inner)
    heldTexts.write(inner)
  })
}

/** What {@link readEpoch} needs beside the bytes. */
export interface EpochReading {
  readonly of: Pick<ServerlessState, "suite" | "self" | "device" | "groupId" | "signatureKeys">
  readonly limits: ResolvedServerlessLimits
  readonly surroundings: Pick<MemberSurroundings, "random" | "onLayer">
}

/**
 * Reads what {@link writeEpoch} wrote. Copies. @param parent - the epoch that it comes from, if that is kept
 *
 * @throws DecodeError
 * @throws RangeError for another identity
 */
export function readEpoch(reader: Reader, reading: EpochReading, parent: KeptEpoch | undefined): KeptEpoch {
  const epoch = reader.uint64()
  const sinceMs = readMs(reader)
  const origin = readOptional(reader, (inner) => {
    const [committer, device, commitHash] = [readIdentity(inner), readDevice(inner), inner.vector().slice()]
    const removed = readList(inner, readDevice)
    return { committer, device, commitHash, removed, expelled: parent?.state ? expelledBy(parent.state, removed) : [] }
  })
  const forgotten = readList(reader, (inner) => ({
    committer: readIdentity(inner),
    commitHash: inner.vector().slice(),
  }))
  const settings = decodeWhole(reader.vector(), readSettings)
  const profile = { name: settings.name, settings }
  const witnesses = readList(reader, (inner) => toHex(inner.bytes(IDENTITY_KEY_BYTES)))
  const opens = readList(reader, readOpenIntent)
  const isTold = readFlag(reader)
  const held = readList(reader, readText)
  const left = readList(reader, readIdentity)
  const state = readOptional(reader, (inner) => readLayers(inner, reading, profile))
  if (state !== undefined && state.group.epoch !== epoch) throw new DecodeError("bad_value", reader.offset)
  const kept = new KeptEpoch({ epoch, sinceMs, origin, left, profile, state })
  for (const name of witnesses) kept.witnesses.add(name)
  return Object.assign(kept, { forgotten, opens, isTold, held })
}

function readLayers(reader: Reader, reading: EpochReading, profile: KeptEpoch["profile"]): MemberState {
  const { of, surroundings } = reading
  const { suite, self, device, groupId, signatureKeys } = of
  const { random, onLayer } = surroundings
  const limits = reading.limits.group
  const groupOptions = { signatureKeys, ...mlsRules(suite, limits) }
  const group = Group.fromBytes(suite, reader.vector(), groupOptions)
  const state = newState({ suite, self, device, profile, group, random, limits, onLayer })
  const frames = frameSurroundings(groupId, state.keys, limits)
  state.sender = Sender.fromBytes(reader.vector(), frames, group.ownLeafIndex)
  state.receiver = Receiver.fromBytes(reader.vector(), frames)
  state.leaving = Leaving.read(reader)
  state.heldTexts = HeldTexts.read(reader)
  return state
}

function writeText(writer: Writer, opened: OpenedText): void {
  const { sender, device, mid, text, sentAtMs, epoch, disappearAfterSeconds } = opened
  writer.bytes(sender).bytes(device).uint64(mid).vector(toUtf8(text)).uint64(BigInt(sentAtMs)).uint64(epoch)
  writer.uint32(disappearAfterSeconds)
}

function readText(reader: Reader): OpenedText {
  const [sender, device] = [readIdentity(reader), readDevice(reader)]
  const mid = reader.uint64()
  const text = fromUtf8(reader.vector())
  if (text === undefined) throw new DecodeError("bad_value", reader.offset)
  const [sentAtMs, epoch, disappearAfterSeconds] = [readMs(reader), reader.uint64(), reader.uint32()]
  return { kind: "text", sender, device, mid, text, sentAtMs, epoch, disappearAfterSeconds }
}

function readIdentity(reader: Reader): IdentityKey {
  return toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice())
}

function readDevice(reader: Reader): DeviceKey {
  return toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
}
