import { FRAME_MS, Playout } from "@qpc/gap"
import { EventHeap } from "../simulate/event-heap.ts"
import { Prng } from "../simulate/prng.ts"
import { BadRelay } from "./bad-relay.ts"
import { Caller } from "./caller.ts"
import type { Ear, HeardFrame } from "./caller.ts"
import { gather } from "./gather.ts"
import { decodePacket, encodePacket } from "./packet.ts"
import type { Addressed } from "./packet.ts"
import { Rekeys } from "./rekeys.ts"
import { reportOf } from "./report.ts"
import type { CallOptions, CallReport } from "./report.ts"
import { Said } from "./said.ts"

const START_UNIX_MS = Date.UTC(2026, 0, 1)
/** What a packet takes through the relay, and what it may take beyond: up to two packets overtake one. */
const [DELAY_MS, JITTER_MS] = [40, 40]
const PACKET_BYTES = 120

/**
 * A call in virtual time: no clock, no sockets, no Opus, and all chance from the seed, keys included.
 *
 * The packets of the call are what a microphone would give in length alone: who said them, and how many were said before.
 */
export function virtualCall(options: CallOptions): CallReport {
  const prng = new Prng(options.seed, "call")
  const said = new Said()
  const groups = gather(options.people, prng.fork("groups").bytes, START_UNIX_MS)
  const callers = groups.map((group) => {
    const others = groups.map(({ ownLeafIndex }) => ownLeafIndex).filter((leaf) => leaf !== group.ownLeafIndex)
    const { bytes: random } = prng.fork(`person ${group.ownLeafIndex}`)
    const speak = countedPackets(group.ownLeafIndex)
    return new Caller({
      group,
      others,
      said,
      speak,
      earFor: newEar,
      random,
      startUnixMs: START_UNIX_MS,
      sealAfterMs: options.sealAfterMs,
    })
  })
  const rekeys = new Rekeys(callers)
  const relay = new BadRelay(options, prng.fork("relay"))
  const endMs = 1000 * options.seconds
  run({ options, callers, rekeys, relay, chance: prng.fork("delays"), endMs })
  const report = reportOf({ options, callers, relay, rekeys, said, endMs })
  for (const caller of callers) caller[Symbol.dispose]()
  return report
}

interface Run {
  readonly options: CallOptions
  readonly callers: readonly Caller[]
  readonly rekeys: Rekeys
  readonly relay: BadRelay
  readonly chance: Prng
  readonly endMs: number
}

function run({ options, callers, rekeys, relay, chance, endMs }: Run): void {
  const heap = new EventHeap()
  const deliver = (to: Caller, bytes: Uint8Array, nowMs: number): void => {
    const packet = decodePacket(bytes)
    if (packet === undefined) throw new Error("unreachable: the relay makes no packets of its own")
    const before = to.epoch
    const out = to.receive(packet, nowMs)
    if (to.epoch !== before) rekeys.followed(to.epoch, nowMs)
    send(to, out, nowMs)
  }
  const send = (from: Caller, out: readonly Addressed[], nowMs: number): void => {
    for (const { to, packet } of out) {
      const bytes = encodePacket(packet)
      for (const other of callers) {
        if (other === from || (to !== undefined && to !== other.memberId)) continue
        for (const copy of relay.carry(bytes)) {
          const atMs = nowMs + DELAY_MS + JITTER_MS * chance.fraction()
          heap.add(atMs, () => deliver(other, copy, atMs))
        }
      }
    }
  }
  const ticks = (caller: Caller, nowMs: number): void => {
    send(caller, caller.tick(nowMs), nowMs)
    heap.add(nowMs + FRAME_MS, () => ticks(caller, nowMs + FRAME_MS))
  }
  const rekey = (nowMs: number): void => {
    const change = rekeys.next(nowMs)
    if (change !== undefined) send(change.by, change.out, nowMs)
    heap.add(nowMs + options.rekeyMs, () => rekey(nowMs + options.rekeyMs))
  }
  for (const [at, caller] of callers.entries()) {
    const startMs = (at * FRAME_MS) / callers.length
    heap.add(startMs, () => ticks(caller, startMs))
  }
  if (options.rekeyMs > 0) heap.add(options.rekeyMs, () => rekey(options.rekeyMs))
  for (let next = heap.take(); next !== undefined && next.atMs < endMs; next = heap.take()) next.happen()
}

function newEar(): Ear {
  return new Playout<HeardFrame>()
}

/** Packets of 20 ms (RFC 6716 §3.1: hybrid, one frame) that all differ. */
function countedPackets(memberId: number): () => Uint8Array {
  let count = 0
  return () => {
    const packet = new Uint8Array(PACKET_BYTES).fill(memberId, 5)
    packet[0] = 0x78
    new DataView(packet.buffer).setUint32(1, count++)
    return packet
  }
}
