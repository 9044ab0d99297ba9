import { DecodeError, DEVICE_KEY_BYTES, equalBytes, readList, readOptional, toDeviceKey } from "@qpc/wire"
import type { DeviceKey, Reader, Writer } from "@qpc/wire"

/** A request that we answer if it is still wanted when it is our turn. */
export interface WaitingRejoin {
  /** Of the key for the answer. */
  readonly suiteId: number
  readonly requestHash: Uint8Array
  readonly answerKey: Uint8Array
  /** When it is our turn. */
  readonly atMs: number
}

/** What we know of a device that asked to be let in again. */
export interface AskingDevice {
  readonly deviceKey: DeviceKey
  /** Of its newest request, by its own clock: whatever is not newer is a replay. */
  readonly askedAtMs: number
  /** How many requests we took up since. */
  readonly count: number
  readonly sinceMs: number
  readonly waiting: WaitingRejoin | undefined
}

/** Devices that asked to be let in again, each once. */
export class Rejoins {
  #devices: AskingDevice[] = []

  get count(): number {
    return this.#devices.length
  }

  find(deviceKey: Uint8Array): AskingDevice | undefined {
    return this.#devices.find((device) => equalBytes(device.deviceKey, deviceKey))
  }

  /** Takes the place of what was known of the device. Takes ownership. */
  put(device: AskingDevice): void {
    this.#devices = [...this.#devices.filter((known) => !equalBytes(known.deviceKey, device.deviceKey)), device]
  }

  /** Nobody answers this device any more: it is in, or out for good. */
  settle(deviceKey: Uint8Array): void {
    const known = this.find(deviceKey)
    if (known?.waiting !== undefined) this.put({ ...known, waiting: undefined })
  }

  /**
   * Forgets devices whose newest request is so old, or so far ahead of our clock since that was set back, that a replay of it would be
   * refused for that: what they ask by a right clock would seem to be older for as long as the wrong one was ahead.
   *
   * @param isCounted - Whose requests still count: of those only the newest is forgotten, or requests that are nearly too old would never
   *   be too many
   */
  forgetOutside(fromMs: number, toMs: number, isCounted: (device: AskingDevice) => boolean): void {
    this.#devices = this.#devices.flatMap((device) => {
      if (device.askedAtMs >= fromMs && device.askedAtMs <= toMs) return [device]
      return isCounted(device) ? [{ ...device, askedAtMs: fromMs, waiting: undefined }] : []
    })
  }

  /** No turn comes later than `latestMs`. */
  boundTurns(latestMs: number): void {
    this.#devices = this.#devices.map((device) => {
      const { waiting } = device
      if (waiting === undefined || waiting.atMs <= latestMs) return device
      return { ...device, waiting: { ...waiting, atMs: latestMs } }
    })
  }

  /** The devices for which it is our turn. */
  due(nowMs: number): readonly AskingDevice[] {
    return this.#devices.filter(({ waiting }) => waiting !== undefined && waiting.atMs <= nowMs)
  }

  get nextAtMs(): number | undefined {
    const turns = this.#devices.flatMap(({ waiting }) => (waiting === undefined ? [] : [waiting.atMs]))
    return turns.length === 0 ? undefined : Math.min(...turns)
  }

  /** Writes a list of device key · asked at u64 · count u32 · since u64 · optional (suite u16 · hash<V> · answer key<V> · turn u64). */
  write(writer: Writer): void {
    writer.list(this.#devices, (inner, { deviceKey, askedAtMs, count, sinceMs, waiting }) => {
      inner.bytes(deviceKey).uint64(BigInt(askedAtMs)).uint32(count).uint64(BigInt(sinceMs))
      inner.optional(waiting, (one, { suiteId, requestHash, answerKey, atMs }) => {
        one.uint16(suiteId).vector(requestHash).vector(answerKey).uint64(BigInt(atMs))
      })
    })
  }

  /** @throws DecodeError */
  static read(reader: Reader): Rejoins {
    const rejoins = new Rejoins()
    rejoins.#devices = readList(reader, (inner) => ({
      deviceKey: toDeviceKey(inner.bytes(DEVICE_KEY_BYTES).slice()),
      askedAtMs: readMs(inner),
      count: inner.uint32(),
      sinceMs: readMs(inner),
      waiting: readOptional(inner, (one) => ({
        suiteId: one.uint16(),
        requestHash: one.vector().slice(),
        answerKey: one.vector().slice(),
        atMs: readMs(one),
      })),
    }))
    return rejoins
  }
}

function readMs(reader: Reader): number {
  const start = reader.offset
  const ms = reader.uint64()
  if (ms > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return Number(ms)
}
