import { AUDIO_FRAME_MAX_BYTES, FRAME_1_MAX_BYTES, FRAME_MAX_BYTES } from "@qpc/gbp"
import { DecodeError, GROUP_ID_BYTES } from "@qpc/wire"
import { cborEntries } from "./cbor-entries.ts"
import type { CborEntry } from "./cbor-entries.ts"
import type { ExplainedFrame, Fault } from "./explained.ts"
import { faultWords } from "./fault-words.ts"
import type { FieldRule, ReadFields } from "./field-rules.ts"
import { readFields } from "./field-rules.ts"
import { explainMlsMessage } from "./mls-message.ts"
import { explainSFrame } from "./sframe-header.ts"
import { flagWords, payloadFormatWords, streamIdWords, streamTypeWords } from "./words.ts"

const UINT8 = 0xffn
const UINT16 = 0xffffn
const UINT32 = 0xffff_ffffn
const UINT64 = 2n ** 64n - 1n

const VERSION = uint("v", "version", UINT8, (value) => `gbp/${value}`)
const GROUP: FieldRule = {
  key: "gid",
  name: "group id",
  type: { of: "bytes", lengthBytes: GROUP_ID_BYTES },
  meaning: () => "which group; the same in all of its frames",
}
const EPOCH = uint("ep", "epoch", UINT64, () => "which generation of the group's keys seals the payload")
const FORMAT: FieldRule = {
  ...uint("pf", "payload format", 2n, (value) => payloadFormatWords(Number(value))),
  type: { of: "uint", max: 2n, min: 1n },
  isOptional: true,
}

const PROFILE_1_RULES: readonly FieldRule[] = [
  VERSION,
  GROUP,
  EPOCH,
  uint("tid", "transition id", UINT32, () => "the last change of the group that the sender had applied"),
  uint("st", "stream type", UINT8, (value) => streamTypeWords(Number(value))),
  uint("sid", "stream id", UINT32, (value) => streamIdWords(Number(value))),
  uint("fl", "flags", UINT16, (value) => flagWords(Number(value))),
  uint(
    "seq",
    "sequence number",
    UINT32,
    (value) => `frame ${value} of this stream in this epoch; also the nonce of its seal`,
  ),
  uint("psz", "payload size", UINT32, () => "how many bytes pl has"),
  payload("ChaCha20-Poly1305 under one key for all members' frames of this class"),
  FORMAT,
]
const PROFILE_2_RULES: readonly FieldRule[] = [VERSION, GROUP, EPOCH, payload("an MLS message")]
const AUDIO_RULES: readonly FieldRule[] = [
  VERSION,
  GROUP,
  EPOCH,
  { ...uint("st", "stream type", 1n, () => "audio stream"), type: { of: "uint", max: 1n, min: 1n } },
  FORMAT,
  payload("an SFrame frame"),
]

/** Explains a frame as far as that is possible without its keys. Total: whatever the bytes are, it returns. */
export function explainFrame(bytes: Uint8Array): ExplainedFrame {
  let entries: readonly CborEntry[]
  try {
    entries = cborEntries(bytes, FRAME_MAX_BYTES)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return unknown(bytes, { offset: error.offset, reason: faultWords(error) })
  }
  const version = entries.find(({ key }) => key === "v")?.value
  if (version === 1) return explainProfile1(bytes, entries)
  if (version === 2 && entries.some(({ key }) => key === "st")) return explainAudio(bytes, entries)
  if (version === 2) return explainProfile2(bytes, entries)
  const first = readFields(entries, [VERSION], bytes.length)
  const reason = "gbp/1 and gbp/2 are known here, and this is neither"
  return unknown(bytes, first.fields.length === 0 ? first.fault! : { offset: entries[0]!.valueOffset, reason })
}

function explainProfile1(bytes: Uint8Array, entries: readonly CborEntry[]): ExplainedFrame {
  const read = readFields(entries, PROFILE_1_RULES, bytes.length)
  const names = read.fields.filter(({ key }) => key !== "pl").map(({ name }) => name)
  return {
    kind: "gbp/1",
    lengthBytes: bytes.length,
    fields: read.fields,
    open: [...names, "and whoever carries the frame can change all of this"],
    sealed: [
      "the payload; every member can open it, and could have made it in anybody's name",
      "two members' frames of one class with one sequence number are sealed alike: who has both learns about both",
    ],
    fault: read.fault ?? tooLong(bytes, FRAME_1_MAX_BYTES) ?? wrongSize(read, entries),
  }
}

function explainProfile2(bytes: Uint8Array, entries: readonly CborEntry[]): ExplainedFrame {
  const read = readFields(entries, PROFILE_2_RULES, bytes.length)
  const inner = explainMlsMessage(read.values.get("pl"), bytes.length)
  return {
    kind: "gbp/2",
    lengthBytes: bytes.length,
    fields: [...read.fields, ...inner.fields],
    open: ["version", "group id", "epoch", "the length of the payload, which is padded to a bucket"],
    sealed: ["stream, sender, flags, sequence number, transition id, payload format and payload"],
    fault: read.fault ?? inner.fault,
  }
}

function explainAudio(bytes: Uint8Array, entries: readonly CborEntry[]): ExplainedFrame {
  const read = readFields(entries, AUDIO_RULES, bytes.length)
  const inner = explainSFrame(read.values, bytes.length)
  return {
    kind: "gbp/2 audio",
    lengthBytes: bytes.length,
    fields: [...read.fields, ...inner.fields],
    open: [
      "version",
      "group id",
      "epoch",
      "that it is audio",
      "the sender's leaf and the frame's number (SFrame header)",
    ],
    sealed: ["source, time stamp and sound"],
    fault: read.fault ?? tooLong(bytes, AUDIO_FRAME_MAX_BYTES) ?? inner.fault,
  }
}

function unknown(bytes: Uint8Array, fault: Fault): ExplainedFrame {
  return { kind: undefined, lengthBytes: bytes.length, fields: [], open: [], sealed: [], fault }
}

function tooLong(bytes: Uint8Array, limitBytes: number): Fault | undefined {
  if (bytes.length <= limitBytes) return undefined
  return { offset: 0, reason: `the frame has ${bytes.length} bytes; such a frame has at most ${limitBytes}` }
}

function wrongSize({ values }: ReadFields, entries: readonly CborEntry[]): Fault | undefined {
  const [said, payloadBytes] = [values.get("psz"), values.get("pl")]
  if (!(payloadBytes instanceof Uint8Array) || said === payloadBytes.length) return undefined
  const { valueOffset } = entries.find(({ key }) => key === "psz")!
  return { offset: valueOffset, reason: `psz says ${String(said)} bytes, but pl has ${payloadBytes.length}` }
}

function uint(key: string, name: string, max: bigint, meaning: FieldRule["meaning"]): FieldRule {
  return { key, name, type: { of: "uint", max }, meaning }
}

function payload(what: string): FieldRule {
  return { key: "pl", name: "payload", type: { of: "bytes" }, meaning: () => `sealed: ${what}` }
}
