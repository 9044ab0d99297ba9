import type { StreamNumbers } from "@qpc/gbp"
import { decodeWhole, DecodeError, DEVICE_KEY_BYTES, encode, IDENTITY_KEY_BYTES, recordKey } from "@qpc/wire"
import { toDeviceKey, toHex, toIdentityKey } from "@qpc/wire"
import type { Reader, RecordLog, RecordReader, StateRecord } from "@qpc/wire"
import type { Device } from "../roster.ts"
import { SenderGaps } from "./sender-gaps.ts"
import type { ClosedRange, Gap, Noted, SenderGapsLimits } from "./sender-gaps.ts"

/** One sender, and which of their texts are missing. */
export interface Sender {
  readonly device: Device
  readonly texts: SenderGaps
}

/** A gap and whose it is. */
export interface PlacedGap {
  readonly sender: Sender
  readonly gap: Gap
}

const NOTHING: Noted = { closed: [], forgotten: [] }

/**
 * Which texts of whom are missing. One sender for each device, whatever its leaf: one that comes into the group again takes its own
 * place, so that members cannot make us keep more than one each.
 */
export class Gaps {
  /** By device key in hexadecimal. */
  readonly #senders = new Map<string, Sender>()
  #log: RecordLog | undefined

  /** Takes in what an authentic text says. @param ourSince - see {@link SenderGaps.begin}; the text is of that epoch or a later one */
  note(
    device: Device,
    numbers: StreamNumbers,
    options: { readonly ourSince: bigint; readonly nowMs: number; readonly limits: SenderGapsLimits },
  ): Noted & { readonly replaced: Sender | undefined } {
    const known = this.#senders.get(nameOf(device))
    const isKnown = known?.texts.since === numbers.since
    // A late text of the time before it came again: nobody counts those any more.
    if (known !== undefined && !isKnown && numbers.since <= known.texts.since) {
      return { ...NOTHING, replaced: undefined }
    }
    const sender = isKnown ? known : { device, texts: SenderGaps.begin(numbers, options.ourSince) }
    const noted = sender.texts.note(numbers, options.nowMs, options.limits)
    this.#put(sender)
    return { ...noted, replaced: isKnown ? undefined : known }
  }

  /** All gaps, sender by sender. */
  all(): readonly PlacedGap[] {
    return [...this.#senders.values()].flatMap((sender) => sender.texts.gaps.map((gap) => ({ sender, gap })))
  }

  /** The device as long as it has been in the group since then. */
  find(device: Uint8Array, since: bigint): Sender | undefined {
    const sender = this.#senders.get(toHex(device))
    return sender?.texts.since === since ? sender : undefined
  }

  /** Something of a gap has changed. */
  touch(sender: Sender): void {
    this.#put(sender)
  }

  /** Takes out the gaps for which there is no hope. */
  takeOut(isHopeless: (placed: PlacedGap) => boolean): readonly PlacedGap[] {
    const out: PlacedGap[] = []
    for (const sender of this.#senders.values()) {
      const hopeless = sender.texts.takeOut((gap) => isHopeless({ sender, gap }))
      if (hopeless.length === 0) continue
      this.#put(sender)
      for (const gap of hopeless) out.push({ sender, gap })
    }
    return out
  }

  /** Takes out the beginning of a gap, see {@link SenderGaps.giveUpPart}. */
  giveUpPart({ sender, gap }: PlacedGap, to: number, nowMs: number): PlacedGap {
    const part = sender.texts.giveUpPart(gap, to, nowMs)
    this.#put(sender)
    return { sender, gap: part }
  }

  /** The sender says that nobody is to wait for these. */
  giveUp(sender: Sender, numbers: readonly number[]): readonly ClosedRange[] {
    const closed = sender.texts.giveUp(numbers)
    if (closed.length > 0) this.#put(sender)
    return closed
  }

  /** Forgets those who are not in the group any more and of whom nothing is missing. */
  forget(isMember: (sender: Sender) => boolean): void {
    for (const sender of this.#senders.values()) {
      if (isMember(sender) || sender.texts.gaps.length > 0) continue
      this.#senders.delete(nameOf(sender.device))
      this.#log?.mark(keyOf(sender), () => undefined)
    }
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog): void {
    this.#log = log
  }

  /** A record for each sender: device key · identity key · {@link SenderGaps.write}, under the device key. */
  *records(): Generator<StateRecord> {
    for (const sender of this.#senders.values()) yield { key: keyOf(sender), value: valueOf(sender) }
  }

  /** Reads what {@link records} wrote. Copies. @throws DecodeError */
  static fromRecords(records: RecordReader): Gaps {
    const gaps = new Gaps()
    for (const { parts, value } of records.takeAll(SENDER_TEXTS)) {
      const sender = decodeWhole(value, readSender)
      const name = nameOf(sender.device)
      if (parts.length !== 1 || parts[0] !== name) throw new DecodeError("bad_value", 0)
      gaps.#senders.set(name, sender)
    }
    return gaps
  }

  #put(sender: Sender): void {
    this.#senders.set(nameOf(sender.device), sender)
    this.#log?.mark(keyOf(sender), () => valueOf(sender))
  }
}

const SENDER_TEXTS = "texts"

const nameOf = ({ deviceKey }: Device): string => toHex(deviceKey)
const keyOf = ({ device }: Sender): string => recordKey(SENDER_TEXTS, nameOf(device))

function valueOf({ device, texts }: Sender): Uint8Array {
  return encode((writer) => texts.write(writer.bytes(device.deviceKey).bytes(device.identityKey)))
}

function readSender(reader: Reader): Sender {
  const deviceKey = toDeviceKey(reader.bytes(DEVICE_KEY_BYTES).slice())
  const identityKey = toIdentityKey(reader.bytes(IDENTITY_KEY_BYTES).slice())
  return { device: { deviceKey, identityKey }, texts: SenderGaps.read(reader) }
}
