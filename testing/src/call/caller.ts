import { sframeCiphers } from "@qpc/crypto/node"
import { AudioFrameReceiver, AudioKeys, AudioSender, AudioSource, mediaSourceIdOf } from "@qpc/gap"
import type { AudioPayload, FrameDropReason } from "@qpc/gap"
import type { Group } from "@qpc/mls"
import { toGroupId } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { GapMeter } from "./gap-meter.ts"
import type { Addressed, Packet } from "./packet.ts"
import type { PlayedFrame, Said } from "./said.ts"

/** A frame that waits for its turn at a loudspeaker. */
export type HeardFrame = AudioPayload & PlayedFrame

/** What plays one speaker: `Playout`, or `OpusPlayer` where it shall sound. */
export interface Ear {
  push(frame: HeardFrame, nowMs: number): { readonly kind: string }
  turn(): { readonly kind: string; readonly frame?: HeardFrame }
}

/** What {@link Caller} needs. */
export interface CallerOptions {
  readonly group: Group
  /** The leaves of all others: member ids are leaf indices here. */
  readonly others: readonly number[]
  readonly said: Said
  /** The next 20 ms of this person, as an Opus packet. */
  readonly speak: () => Uint8Array
  readonly earFor: (memberId: number) => Ear
  readonly random: Random
  /** Unix time of the call's beginning, for MLS. */
  readonly startUnixMs: number
  /** How long frames are sealed under the old keys after a change. */
  readonly sealAfterMs: number
}

/** A commit that some have not followed yet. */
interface Announced {
  readonly epoch: bigint
  readonly commit: Uint8Array
  readonly untold: Set<number>
}

const AES_128_GCM = 4
const NO_DATA = new Uint8Array(0)

/**
 * One person in a call: an MLS group, the keys of its audio, a microphone and a loudspeaker for each of the others. Pure: packets in, packets
 * out, whatever carries them.
 *
 * Whoever changes the epoch does so at once and tells the others every 20 ms until they say that they are there. Real calls agree first
 * (`LiveControl`); here the change has to be as sudden as it can be.
 */
export class Caller implements Disposable {
  readonly memberId: number
  readonly meters: ReadonlyMap<number, GapMeter>
  readonly dropped = new Map<FrameDropReason, number>()
  sent = 0
  readonly #options: CallerOptions
  readonly #keys: AudioKeys
  readonly #sender: AudioSender
  readonly #source: AudioSource
  readonly #receiver: AudioFrameReceiver
  readonly #ears: ReadonlyMap<number, Ear>
  #announced: Announced | undefined

  constructor(options: CallerOptions) {
    const { group, others, earFor } = options
    this.#options = options
    this.memberId = group.ownLeafIndex
    this.#keys = new AudioKeys({ cipher: sframeCiphers.get(AES_128_GCM)!, context: 0n })
    const surroundings = { groupId: toGroupId(group.groupId), keys: this.#keys }
    this.#sender = new AudioSender(surroundings)
    this.#receiver = new AudioFrameReceiver({ ...surroundings, maySpeak: () => true })
    this.#source = new AudioSource({ mediaSourceId: mediaSourceIdOf(this.memberId, 0) })
    this.#ears = new Map(others.map((other) => [other, earFor(other)]))
    this.meters = new Map(others.map((other) => [other, new GapMeter()]))
    this.#enterEpoch(0)
  }

  get epoch(): bigint {
    return this.#options.group.epoch
  }

  /** True while somebody has not followed our commit. */
  get isAnnouncing(): boolean {
    return this.#announced !== undefined
  }

  /** 20 ms: what is due is played, what is said is sent. */
  tick(nowMs: number): Addressed[] {
    this.#keys.tick(nowMs)
    for (const [other, ear] of this.#ears) {
      const { frame } = ear.turn()
      if (frame !== undefined) this.#options.said.check(frame)
      this.meters.get(other)!.turn(frame !== undefined, nowMs)
    }
    return [this.#say(), ...this.#announce()]
  }

  /** Changes the keys of everybody. */
  rekey(nowMs: number): Addressed[] {
    const { group, random, others, startUnixMs } = this.#options
    const change = { forcePath: true, authenticatedData: NO_DATA, random, nowMs: startUnixMs + nowMs }
    const outcome = group.stageCommit(change)
    if (outcome.kind === "refused") throw new Error(`the commit was refused: ${outcome.reason}`)
    group.merge(outcome.staged)
    this.#enterEpoch(nowMs)
    this.#announced = { epoch: group.epoch, commit: outcome.commit, untold: new Set(others) }
    return this.#announce()
  }

  /** What came from the network; gives the answer, if there is one. */
  receive(packet: Packet, nowMs: number): Addressed[] {
    switch (packet.kind) {
      case "audio":
        this.#hear(packet.frame, nowMs)
        return []
      case "commit":
        this.#follow(packet.commit, nowMs)
        return [{ to: packet.from, packet: { kind: "arrived", from: this.memberId, epoch: this.epoch } }]
      case "arrived":
        if (packet.epoch >= (this.#announced?.epoch ?? 0n)) this.#announced?.untold.delete(packet.from)
        if (this.#announced?.untold.size === 0) this.#announced = undefined
        return []
    }
  }

  [Symbol.dispose](): void {
    this.#keys[Symbol.dispose]()
  }

  #say(): Addressed {
    const opus = this.#options.speak()
    const framed = this.#sender.send(this.#source, opus)
    if (framed.kind === "refused") throw new Error(framed.reason)
    this.#options.said.note({ senderId: this.memberId, sequence: this.sent++, epoch: framed.epoch, opus })
    return { packet: { kind: "audio", frame: framed.bytes } }
  }

  #announce(): Addressed[] {
    if (this.#announced === undefined) return []
    const packet = { kind: "commit", from: this.memberId, commit: this.#announced.commit } as const
    return [...this.#announced.untold].map((to) => ({ to, packet }))
  }

  #hear(frame: Uint8Array, nowMs: number): void {
    const received = this.#receiver.receive(frame, nowMs)
    if (received.kind === "audio") this.#ears.get(received.senderId)!.push(received, nowMs)
    else this.dropped.set(received.reason, (this.dropped.get(received.reason) ?? 0) + 1)
  }

  #follow(commit: Uint8Array, nowMs: number): void {
    const { group, startUnixMs } = this.#options
    const received = group.receive(commit, startUnixMs + nowMs)
    // It was told again, or comes before the one that it builds on: its author will tell it again.
    if (received.kind !== "commit") return
    group.merge(received.staged)
    this.#enterEpoch(nowMs)
  }

  #enterEpoch(nowMs: number): void {
    const { group, sealAfterMs } = this.#options
    const leaves = new Set(group.members().map(({ leafIndex }) => leafIndex))
    this.#keys.enterEpoch(
      {
        epoch: group.epoch,
        exportSecret: (label, context, lengthBytes) => group.export(label, context, lengthBytes),
        ownLeafIndex: group.ownLeafIndex,
        memberIdOf: (leafIndex) => (leaves.has(leafIndex) ? leafIndex : undefined),
        sealAfterMs,
      },
      nowMs,
    )
  }
}
