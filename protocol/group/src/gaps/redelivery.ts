import { decodeWhole, DecodeError, DEVICE_KEY_BYTES, readList, toDeviceKey, toHex } from "@qpc/wire"
import type { DeviceKey, Reader, Writer } from "@qpc/wire"
import { encodeAsk, readAsk } from "./redelivery-message.ts"
import type { RedeliveryAsk } from "./redelivery-message.ts"

/** What we asked one member for. */
export interface OpenAsk extends RedeliveryAsk {
  readonly requestId: number
  readonly helper: DeviceKey
  /** Epochs in which the texts were sealed, as far as we know. */
  readonly firstEpoch: bigint
  readonly lastEpoch: bigint
  /** After this time the next member is asked. Whoever was offline may answer later. */
  readonly dueAtMs: number
  /** After this time nothing is an answer any more. */
  readonly untilMs: number
}

/** How much we have sent again to somebody, in the hour that began with the first of it. */
interface Help {
  readonly leafIndex: number
  readonly sinceMs: number
  readonly textCount: number
  readonly sizeBytes: number
}

/** An amount of texts that were sealed by others or long ago. */
export type Allowance = Pick<Help, "textCount" | "sizeBytes">

/** Bounds of how much we help. */
export interface HelpLimits {
  readonly redeliveredTexts: number
  readonly redeliveredBytes: number
  readonly helpedMembers: number
}

/** Bounds of how much we ask for at a time. */
export interface AskLimits {
  readonly openAsks: number
  readonly openAsksPerSender: number
}

/** Messages of the control stream that we sealed in one epoch. */
interface SealedControls {
  readonly epoch: bigint
  readonly count: number
}

const HOUR_MS = 3_600_000

/** What we asked for, and whom we helped. */
export class Redelivery {
  #asks: readonly OpenAsk[] = []
  #helped: readonly Help[] = []
  #sealed: SealedControls = { epoch: 0n, count: 0 }
  /** How often each device's texts were asked for in one epoch, by device key in hexadecimal. In memory: a restart forgives. */
  #asked: { readonly epoch: bigint; readonly counts: Map<string, number> } = { epoch: 0n, counts: new Map() }

  get asks(): readonly OpenAsk[] {
    return this.#asks
  }

  /** The member who has the turn to answer: one at a time, so that no gap makes a crowd of answers. */
  current(nowMs: number): OpenAsk | undefined {
    return this.#asks.find(({ dueAtMs }) => dueAtMs > nowMs)
  }

  /**
   * Notes what somebody was asked. Of too many the oldest goes of the device about whose texts there are most, so that nobody's gaps end
   * the asking for others' texts.
   */
  add(ask: OpenAsk, { openAsks, openAsksPerSender }: AskLimits): void {
    this.#asks = [...this.#asks, ask]
    for (;;) {
      const most = aboutOneDevice(this.#asks)
      if (most.length <= openAsksPerSender && this.#asks.length <= openAsks) return
      this.drop((one) => one === most[0])
    }
  }

  /** Counts that we ask for texts of this device in this epoch. */
  noteAsked(device: DeviceKey, epoch: bigint): void {
    const counts = this.#asked.epoch === epoch ? this.#asked.counts : new Map<string, number>()
    this.#asked = { epoch, counts: counts.set(toHex(device), this.askCount(device, epoch) + 1) }
  }

  /** How often we have asked for texts of this device in this epoch, whatever came of it. */
  askCount(device: DeviceKey, epoch: bigint): number {
    return this.#asked.epoch === epoch ? (this.#asked.counts.get(toHex(device)) ?? 0) : 0
  }

  /** Nobody has the turn longer than this, and nothing is an answer after that. */
  boundWaits(dueAtMs: number, untilMs: number): void {
    if (!this.#asks.some((ask) => ask.dueAtMs > dueAtMs || ask.untilMs > untilMs)) return
    this.#asks = this.#asks.map((ask) => ({
      ...ask,
      dueAtMs: Math.min(ask.dueAtMs, dueAtMs),
      untilMs: Math.min(ask.untilMs, untilMs),
    }))
  }

  /** Takes out asks that are over. */
  drop(isOver: (ask: OpenAsk) => boolean): void {
    if (this.#asks.some(isOver)) this.#asks = this.#asks.filter((ask) => !isOver(ask))
  }

  /** How many texts and bytes somebody may still get from us. */
  allowance(leafIndex: number, nowMs: number, limits: HelpLimits): Allowance {
    const { redeliveredTexts, redeliveredBytes, helpedMembers } = limits
    const helped = this.#helped.filter(({ sinceMs }) => isFresh(sinceMs, nowMs))
    const known = helped.find((one) => one.leafIndex === leafIndex)
    if (known === undefined && helped.length >= helpedMembers) return { textCount: 0, sizeBytes: 0 }
    return {
      textCount: Math.max(0, redeliveredTexts - (known?.textCount ?? 0)),
      sizeBytes: Math.max(0, redeliveredBytes - (known?.sizeBytes ?? 0)),
    }
  }

  /** Somebody got so much from us. */
  helped(leafIndex: number, got: Allowance, nowMs: number): void {
    const fresh = this.#helped.filter(({ sinceMs }) => isFresh(sinceMs, nowMs))
    const known = fresh.find((one) => one.leafIndex === leafIndex) ?? { sinceMs: nowMs, textCount: 0, sizeBytes: 0 }
    const others = fresh.filter((one) => one.leafIndex !== leafIndex)
    const [textCount, sizeBytes] = [known.textCount + got.textCount, known.sizeBytes + got.sizeBytes]
    this.#helped = [...others, { leafIndex, sinceMs: known.sinceMs, textCount, sizeBytes }]
  }

  /**
   * Whether one more control message may be sealed in this epoch.
   *
   * Each takes a key of the ratchet that our texts take theirs of, and goes to one member. The others see a jump, and drop the keys of
   * texts of ours that they still wait for (RFC 9420 §15.3), or our next text itself where the jump is too far.
   */
  maySeal(epoch: bigint, controlsPerEpoch: number): boolean {
    return this.#sealedIn(epoch) < controlsPerEpoch
  }

  /** One more was sealed. */
  sealed(epoch: bigint): void {
    this.#sealed = { epoch, count: this.#sealedIn(epoch) + 1 }
  }

  /** True if an epoch before this one had no room for more, so that something may have waited for this one. */
  hasWaitedFor(epoch: bigint, controlsPerEpoch: number): boolean {
    return this.#sealed.epoch !== epoch && this.#sealed.count >= controlsPerEpoch
  }

  #sealedIn(epoch: bigint): number {
    return this.#sealed.epoch === epoch ? this.#sealed.count : 0
  }

  /** Writes list of asks · list of (leaf index u32 · since u64 ms · texts u32 · bytes u64) · epoch u64 · sealed in it u32. */
  write(writer: Writer): void {
    writer.list(this.#asks, (inner, ask) => {
      inner.vector(encodeAsk(ask)).uint32(ask.requestId).bytes(ask.helper).uint64(ask.firstEpoch).uint64(ask.lastEpoch)
      inner.uint64(BigInt(ask.dueAtMs)).uint64(BigInt(ask.untilMs))
    })
    writer.list(this.#helped, (inner, { leafIndex, sinceMs, textCount, sizeBytes }) => {
      inner.uint32(leafIndex).uint64(BigInt(sinceMs)).uint32(textCount).uint64(BigInt(sizeBytes))
    })
    writer.uint64(this.#sealed.epoch).uint32(this.#sealed.count)
  }

  /** @throws DecodeError */
  static read(reader: Reader): Redelivery {
    const redelivery = new Redelivery()
    redelivery.#asks = readList(reader, readOpenAsk)
    redelivery.#helped = readList(reader, (inner) => {
      const [leafIndex, sinceMs] = [inner.uint32(), readSafe(inner)]
      return { leafIndex, sinceMs, textCount: inner.uint32(), sizeBytes: readSafe(inner) }
    })
    redelivery.#sealed = { epoch: reader.uint64(), count: reader.uint32() }
    return redelivery
  }
}

/** The asks about the device about which there are most, oldest first. */
function aboutOneDevice(asks: readonly OpenAsk[]): readonly OpenAsk[] {
  const byDevice = [...Map.groupBy(asks, ({ device }) => toHex(device)).values()]
  return byDevice.reduce((a, b) => (b.length > a.length ? b : a), [])
}

/** A clock that was set back must not stop help for ever. */
const isFresh = (sinceMs: number, nowMs: number): boolean => Math.abs(nowMs - sinceMs) < HOUR_MS

function readOpenAsk(reader: Reader): OpenAsk {
  const asked = decodeWhole(reader.vector(), readAsk)
  const [requestId, helper] = [reader.uint32(), toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())]
  const [firstEpoch, lastEpoch] = [reader.uint64(), reader.uint64()]
  const [dueAtMs, untilMs] = [readSafe(reader), readSafe(reader)]
  return { ...asked, requestId, helper, firstEpoch, lastEpoch, dueAtMs, untilMs }
}

function readSafe(reader: Reader): number {
  const start = reader.offset
  const value = Number(reader.uint64())
  if (!Number.isSafeInteger(value)) throw new DecodeError("bad_value", start)
  return value
}
