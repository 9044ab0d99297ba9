import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FLATBUFFERS_SIGNALS } from "./flatbuffers.ts"
import { CBOR_SIGNALS, SIGNAL_MAX_BYTES } from "./message.ts"
import type { SignalMessage } from "./message.ts"
import { ADMIN_ROLE, DEFAULT_ROLES } from "./permissions.ts"
import { PROTOBUF_SIGNALS } from "./protobuf.ts"
import { receiveSignal } from "./receive.ts"
import { sendSignal } from "./send.ts"
import { SignalLog } from "./signal-log.ts"
import { initialState } from "./signal-state.ts"

const CODECS = [CBOR_SIGNALS, PROTOBUF_SIGNALS, FLATBUFFERS_SIGNALS]
const sample: SignalMessage = {
  signalType: 200,
  requestId: 1,
  senderId: 1,
  roleClaim: 0,
  argsLength: 3,
  args: fromHex("a10002"),
}
const anySignal: fc.Arbitrary<SignalMessage> = fc.record({
  signalType: fc.nat({ max: 0xffff_ffff }),
  requestId: fc.nat({ max: 0xffff_ffff }),
  senderId: fc.nat({ max: 0xffff_ffff }),
  roleClaim: fc.nat({ max: 0xffff_ffff }),
  argsLength: fc.nat({ max: 0xffff_ffff }),
  args: fc.uint8Array({ maxLength: 50 }),
})
const newLog = () => new SignalLog(initialState(DEFAULT_ROLES, new Map([[1, ADMIN_ROLE]])))

describe.each(CODECS)("payload format $format of a signal", (codec) => {
  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(anySignal, (signal) => {
        expect(codec.decode(codec.encode(signal))).toEqual(signal)
      }),
    )
  })

  it("is not longer than the limit", () => {
    expect(() => codec.decode(codec.encode({ ...sample, args: new Uint8Array(SIGNAL_MAX_BYTES) }))).toThrow("too_large")
  })

  it("crosses from a sender to a receiver who speaks it", () => {
    const sent = sendSignal({ signal: { type: "mute", target: 2 }, senderId: 1, log: newLog(), codec })
    if (sent.kind !== "signal") throw new Error(sent.reason)
    const arrived = {
      senderId: 1,
      payloadFormat: codec.format,
      payload: sent.payload,
      isMember: () => true,
      codecs: CODECS,
    }
    expect(receiveSignal(arrived, newLog())).toMatchObject({ kind: "applied", signal: { type: "mute", target: 2 } })
    expect(receiveSignal({ ...arrived, payloadFormat: 3 }, newLog())).toMatchObject({
      reason: "unsupported_payload_format",
    })
  })
})

describe("a signal in Protobuf", () => {
  it("has its fields in ascending order, and no defaults", () => {
    expect(toHex(PROTOBUF_SIGNALS.encode(sample))).toBe("08c8011001180128033203a10002")
  })
})
