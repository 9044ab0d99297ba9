import { MEMBER_ID_END } from "@qpc/gbp"
import type { StreamType } from "@qpc/gbp"
import { decodeWhole, DecodeError, encode, readList, readOptional } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { ALL_PERMISSIONS, MEMBER_ROLE } from "./permissions.ts"
import type { RoleId } from "./permissions.ts"

/** What signals have made of a group: the same for all who have the same signals. Never changed in place. */
export interface SignalState {
  /** What each role allows. Has {@link MEMBER_ROLE}. */
  readonly roles: ReadonlyMap<RoleId, number>
  /** Members with another role than {@link MEMBER_ROLE}. */
  readonly assignments: ReadonlyMap<number, RoleId>
  /** Those who take part: who joined, and has not left. */
  readonly present: ReadonlySet<number>
  /** Who is muted, and by whom. */
  readonly mutes: ReadonlyMap<number, number>
  /** The streams that members have started. */
  readonly streams: ReadonlyMap<number, ReadonlySet<StreamType>>
  /** The codec that was agreed on, if one was. */
  readonly codec: number | undefined
}

/** A group in which nothing was signalled yet. @throws RangeError for roles without {@link MEMBER_ROLE}, or with unknown bits */
export function initialState(
  roles: ReadonlyMap<RoleId, number>,
  assignments: ReadonlyMap<number, RoleId> = new Map(),
): SignalState {
  if (!roles.has(MEMBER_ROLE)) throw new RangeError("a table of roles has the role of whoever was given none")
  for (const bits of roles.values()) {
    if ((bits & ~ALL_PERMISSIONS) !== 0) throw new RangeError(`not a set of permissions: ${bits}`)
  }
  const known = [...assignments].filter(([, role]) => role !== MEMBER_ROLE)
  for (const [, role] of known) if (!roles.has(role)) throw new RangeError(`no role has the number ${role}`)
  return {
    roles,
    assignments: new Map(known),
    present: new Set(),
    mutes: new Map(),
    streams: new Map(),
    codec: undefined,
  }
}

/** What a member may do, as bits of the permissions. */
export function memberPermissions({ roles, assignments }: SignalState, memberId: number): number {
  return roles.get(assignments.get(memberId) ?? MEMBER_ROLE) ?? 0
}

/** The state without those who are no longer members; member ids are never given to somebody else. */
export function withoutMembers(state: SignalState, isMember: (memberId: number) => boolean): SignalState {
  return {
    ...state,
    assignments: kept(state.assignments, isMember),
    present: new Set([...state.present].filter(isMember)),
    mutes: kept(state.mutes, isMember),
    streams: kept(state.streams, isMember),
  }
}

function kept<V>(map: ReadonlyMap<number, V>, isMember: (memberId: number) => boolean): Map<number, V> {
  return new Map([...map].filter(([memberId]) => isMember(memberId)))
}

const STATE_VERSION = 1
/** In the order of their bits. */
const STREAMS: readonly StreamType[] = ["control", "audio", "text", "signal"]

/**
 * The snapshot that others go on from: version u8 = 1 · roles (u16, u16) · assignments (u32, u16) · present u32 · mutes (u32, u32) ·
 * streams (u32, u8) · optional codec u32; lists in ascending order, so that the same state is the same bytes everywhere.
 */
export function encodeState(state: SignalState): Uint8Array {
  return encode((writer) => {
    writer.uint8(STATE_VERSION)
    writeMap(writer, state.roles, (inner, role, bits) => inner.uint16(role).uint16(bits))
    writeMap(writer, state.assignments, (inner, memberId, role) => inner.uint32(memberId).uint16(role))
    writer.list(ascending(state.present), (inner, memberId) => void inner.uint32(memberId))
    writeMap(writer, state.mutes, (inner, memberId, by) => inner.uint32(memberId).uint32(by))
    writeMap(writer, state.streams, (inner, memberId, streams) => inner.uint32(memberId).uint8(streamBits(streams)))
    writer.optional(state.codec, (inner, codec) => void inner.uint32(codec))
  })
}

/** @throws DecodeError for anything that {@link encodeState} did not write */
export function decodeState(bytes: Uint8Array): SignalState {
  return decodeWhole(bytes, (reader) => {
    if (reader.uint8() !== STATE_VERSION) throw new DecodeError("reserved_value", 0)
    const roles = readAscending(reader, (inner) => [inner.uint16(), inner.uint16()])
    const assignments = readAscending(reader, (inner) => [inner.uint32(), inner.uint16()])
    const present = new Set(readAscending(reader, (inner) => [inner.uint32(), true]).keys())
    const mutes = readAscending(reader, (inner) => [inner.uint32(), inner.uint32()])
    const streams = readAscending(reader, (inner) => [inner.uint32(), readStreams(inner)])
    const codec = readOptional(reader, (inner) => inner.uint32())
    return checked({ roles, assignments, present, mutes, streams, codec })
  })
}

function checked(state: SignalState): SignalState {
  const { roles, assignments } = state
  const isSound =
    roles.has(MEMBER_ROLE) &&
    [...roles.values()].every((bits) => (bits & ~ALL_PERMISSIONS) === 0) &&
    [...assignments.values()].every((role) => role !== MEMBER_ROLE && roles.has(role)) &&
    [...assignments.keys(), ...state.present, ...state.mutes.keys(), ...state.streams.keys()].every(
      (memberId) => memberId < MEMBER_ID_END,
    )
  if (!isSound) throw new DecodeError("bad_value", 0)
  return state
}

function ascending(values: Iterable<number>): number[] {
  return [...values].toSorted((a, b) => a - b)
}

function writeMap<V>(
  writer: Writer,
  map: ReadonlyMap<number, V>,
  write: (writer: Writer, key: number, value: V) => void,
): void {
  writer.list(ascending(map.keys()), (inner, key) => write(inner, key, map.get(key)!))
}

function readAscending<V>(reader: Reader, entry: (reader: Reader) => readonly [number, V]): Map<number, V> {
  let last = -1
  const entries = readList(reader, (inner) => {
    const [key, value] = entry(inner)
    if (key <= last) throw new DecodeError("bad_value", inner.offset)
    last = key
    return [key, value] as const
  })
  return new Map(entries)
}

function streamBits(streams: ReadonlySet<StreamType>): number {
  return STREAMS.reduce((bits, stream, at) => (streams.has(stream) ? bits | (1 << at) : bits), 0)
}

function readStreams(reader: Reader): ReadonlySet<StreamType> {
  const bits = reader.uint8()
  if (bits === 0 || bits >= 1 << STREAMS.length) throw new DecodeError("bad_value", reader.offset)
  return new Set(STREAMS.filter((_, at) => (bits & (1 << at)) !== 0))
}
