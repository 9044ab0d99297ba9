import type { Socket } from "node:dgram"
import { setTimeout as sleep } from "node:timers/promises"
import { nodeRandom } from "@qpc/crypto/node"
import { FRAME_MS } from "@qpc/gap"
import type { Group } from "@qpc/mls"
import { concatBytes } from "@qpc/wire"
import { OpusEncoder, OpusPlayer } from "gbp-stack/opus"
import type { PlayerFigures } from "gbp-stack/opus"
import { Prng } from "../simulate/prng.ts"
import { BadRelay } from "./bad-relay.ts"
import { Caller } from "./caller.ts"
import type { HeardFrame } from "./caller.ts"
import { gather } from "./gather.ts"
import { decodePacket, encodePacket } from "./packet.ts"
import type { Addressed } from "./packet.ts"
import { Rekeys } from "./rekeys.ts"
import { reportOf } from "./report.ts"
import type { CallOptions, CallReport } from "./report.ts"
import { Said } from "./said.ts"
import { EVERYBODY, openSocket, passThrough, sendTo } from "./udp-relay.ts"
import { voice } from "./voice.ts"

/** What Opus did, over all loudspeakers. */
type OpusFigures = Pick<PlayerFigures, "concealed" | "recovered" | "damaged" | "late">

/** How a call went that took its time. */
export interface LoopbackReport extends CallReport {
  readonly opus: OpusFigures
  /** The longest that a turn came too late, in milliseconds: how much of the gaps is the machine's. */
  readonly longestStallMs: number
}

/** Somebody with a socket, a microphone and loudspeakers. */
interface Station {
  readonly caller: Caller
  readonly socket: Socket
  readonly players: readonly OpusPlayer<HeardFrame>[]
  readonly encoder: OpusEncoder
}

/** A call in real time, over UDP on this machine, with real Opus. What the relay loses is from the seed; keys and times are not. */
export async function loopbackCall(options: CallOptions): Promise<LoopbackReport> {
  const said = new Said()
  const groups = gather(options.people, nodeRandom, Date.now())
  const relay = new BadRelay(options, new Prng(options.seed, "relay"))
  const relaySocket = await openSocket()
  const stations = await Promise.all(
    groups.map((group) => openStation(group, { groups, said, sealAfterMs: options.sealAfterMs })),
  )
  const callers = stations.map(({ caller }) => caller)
  const rekeys = new Rekeys(callers)
  passThrough(
    relaySocket,
    relay,
    stations.map(({ socket }) => socket.address().port),
  )
  const startMs = performance.now()
  const now = (): number => performance.now() - startMs
  const endMs = 1000 * options.seconds
  const { port } = relaySocket.address()
  const send = ({ socket }: Station, out: readonly Addressed[]): void => {
    for (const { to, packet } of out) {
      sendTo(socket, concatBytes(Uint8Array.of(to ?? EVERYBODY), encodePacket(packet)), { port })
    }
  }
  for (const station of stations) listen(station, rekeys, { now, send })
  const stalls = await Promise.all([
    ...stations.map((station) => every(FRAME_MS, { now, endMs }, () => send(station, station.caller.tick(now())))),
    ...(options.rekeyMs > 0
      ? [every(options.rekeyMs, { now, endMs }, () => rekey(stations, rekeys, { now, send }))]
      : []),
  ])
  const longestStallMs = Math.round(Math.max(...stalls))
  const call = reportOf({ options, callers, relay, rekeys, said, endMs: now() })
  const report = { ...call, opus: figuresOf(stations), longestStallMs }
  relaySocket.close()
  for (const station of stations) closeStation(station)
  return report
}

interface Surroundings {
  readonly now: () => number
  readonly send: (station: Station, out: readonly Addressed[]) => void
}

/** What all stations have in common. */
interface Call {
  readonly groups: readonly Group[]
  readonly said: Said
  readonly sealAfterMs: number
}

async function openStation(group: Group, { groups, said, sealAfterMs }: Call): Promise<Station> {
  const own = group.ownLeafIndex
  const others = groups.map(({ ownLeafIndex }) => ownLeafIndex).filter((leaf) => leaf !== own)
  const encoder = await OpusEncoder.create({ expectedLossPercent: 20 })
  const pairs = await Promise.all(others.map(async (other) => [other, await OpusPlayer.create<HeardFrame>()] as const))
  const players = new Map(pairs)
  let spoken = 0
  const speak = (): Uint8Array => {
    const packet = encoder.encode(voice(spoken++, own))
    if (packet === undefined) throw new Error("unreachable: without DTX all is sent")
    return packet
  }
  const earFor = (memberId: number): OpusPlayer<HeardFrame> => players.get(memberId)!
  const caller = new Caller({
    group,
    others,
    said,
    speak,
    earFor,
    random: nodeRandom,
    startUnixMs: Date.now(),
    sealAfterMs,
  })
  return { caller, socket: await openSocket(), players: [...players.values()], encoder }
}

function closeStation({ caller, socket, players, encoder }: Station): void {
  socket.close()
  caller[Symbol.dispose]()
  encoder[Symbol.dispose]()
  for (const player of players) player[Symbol.dispose]()
}

function listen(station: Station, rekeys: Rekeys, { now, send }: Surroundings): void {
  const { caller, socket } = station
  socket.on("message", (datagram) => {
    const packet = decodePacket(datagram)
    if (packet === undefined) return
    const before = caller.epoch
    const out = caller.receive(packet, now())
    if (caller.epoch !== before) rekeys.followed(caller.epoch, now())
    send(station, out)
  })
}

function rekey(stations: readonly Station[], rekeys: Rekeys, { now, send }: Surroundings): void {
  const change = rekeys.next(now())
  if (change !== undefined)
    send(
      stations.find(({ caller }) => caller === change.by)!,
      change.out,
    )
}

/**
 * Does something again and again; what comes late is made up for, so that a minute has as many turns as it should.
 *
 * @returns the longest that it came late, in milliseconds
 */
async function every(ms: number, clock: { now: () => number; endMs: number }, act: () => void): Promise<number> {
  let longestMs = 0
  for (let nextMs = ms; nextMs < clock.endMs; nextMs += ms) {
    // Also where it is late already: what arrived has its turn between.
    await sleep(Math.max(0, nextMs - clock.now()))
    longestMs = Math.max(longestMs, clock.now() - nextMs)
    act()
  }
  return longestMs
}

function figuresOf(stations: readonly Station[]): OpusFigures {
  const all = stations.flatMap(({ players }) => players.map(({ figures }) => figures))
  const sum = (key: keyof OpusFigures): number => all.reduce((total, figures) => total + figures[key], 0)
  return { concealed: sum("concealed"), recovered: sum("recovered"), damaged: sum("damaged"), late: sum("late") }
}
