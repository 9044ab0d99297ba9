import { ERROR_REGISTRY } from "@qpc/gbp"
import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeAcknowledgement, encodeAcknowledgement } from "./acknowledgement.ts"
import { decodeSignal, encodeSignal } from "./message.ts"
import type { SignalMessage } from "./message.ts"
import { ADMIN_ROLE, DEFAULT_ROLES } from "./permissions.ts"
import { receiveSignal, REQUEST_ID_STEP_MAX } from "./receive.ts"
import type { ArrivedSignal } from "./receive.ts"
import { sendSignal } from "./send.ts"
import { SignalLog } from "./signal-log.ts"
import { encodeState, initialState } from "./signal-state.ts"

const ADMIN = 1
const BOB = 2
const newLog = () => new SignalLog(initialState(DEFAULT_ROLES, new Map([[ADMIN, ADMIN_ROLE]])))
const isMember = (memberId: number) => memberId <= 9
const arrived = (changes: Partial<ArrivedSignal> & { payload: Uint8Array }): ArrivedSignal => ({
  senderId: ADMIN,
  payloadFormat: 0,
  isMember,
  ...changes,
})
const muteBob: SignalMessage = {
  signalType: 200,
  requestId: 1,
  senderId: ADMIN,
  roleClaim: 0,
  argsLength: 3,
  args: fromHex("a10002"),
}
const drawn = (changes: Partial<SignalMessage>) => arrived({ payload: encodeSignal({ ...muteBob, ...changes }) })

describe("a signal on the wire", () => {
  it("is the map t, rid, sid, rc, alen, args", () => {
    expect(toHex(encodeSignal(muteBob))).toBe("a6617418c8637269640163736964016272630064616c656e03646172677343a10002")
  })
})

describe("receiving a signal", () => {
  it("applies what the sender may do, and answers", () => {
    const log = newLog()
    expect(receiveSignal(drawn({}), log)).toEqual({
      kind: "applied",
      signal: { type: "mute", target: BOB },
      senderId: ADMIN,
      requestId: 1,
      turned: [],
      answer: { requestId: 1, statusCode: 0, reason: "", details: new Uint8Array(0) },
    })
    expect(log.state.mutes.get(BOB)).toBe(ADMIN)
  })

  it("answers what the sender may not do with the code of the registry, whatever role it claims", () => {
    const log = newLog()
    const payload = encodeSignal({ ...muteBob, senderId: BOB, roleClaim: ADMIN_ROLE, args: fromHex("a10001") })
    expect(receiveSignal(arrived({ payload, senderId: BOB }), log)).toMatchObject({
      kind: "refused",
      reason: "not_allowed",
      code: 0x3002,
      answer: { requestId: 1, statusCode: ERROR_REGISTRY.GSP_UNAUTHORIZED.code, reason: "GSP_UNAUTHORIZED" },
    })
    expect(log.state.mutes.size).toBe(0)
  })

  const DROPPED: readonly (readonly [string, ArrivedSignal, number])[] = [
    ["unsupported_payload_format", { ...drawn({}), payloadFormat: 3 }, 0x3001],
    ["malformed", arrived({ payload: fromHex("ff") }), 0x3001],
    ["bad_request_id", drawn({ requestId: 0 }), 0x3001],
    ["bad_request_id", drawn({ requestId: REQUEST_ID_STEP_MAX + 1 }), 0x3001],
    ["sender_mismatch", drawn({ senderId: BOB }), 0x3002],
    ["unknown_signal", drawn({ signalType: 999 }), 0x3003],
    ["bad_args", drawn({ argsLength: 2 }), 0x3001],
    ["bad_args", drawn({ args: fromHex("a10101") }), 0x3001],
  ]
  it.each(DROPPED)("drops %s, and nothing changes", (reason, bad, code) => {
    const log = newLog()
    expect(receiveSignal(bad, log)).toEqual({ kind: "drop", reason, code })
    expect(log.replay.signals).toEqual([])
  })

  it("takes a request id at the edge of the step", () => {
    expect(receiveSignal(drawn({ requestId: REQUEST_ID_STEP_MAX }), newLog()).kind).toBe("applied")
  })

  it("refuses a target who is not in the group, and keeps nothing of it", () => {
    const log = newLog()
    expect(receiveSignal(drawn({ args: fromHex("a1000a") }), log)).toMatchObject({
      reason: "unknown_target",
      code: 0x3006,
    })
    expect(log.replay.signals).toEqual([])
  })

  it("refuses a request that came before", () => {
    const log = newLog()
    receiveSignal(drawn({}), log)
    expect(receiveSignal(drawn({}), log)).toMatchObject({ kind: "refused", reason: "duplicate_request", code: 0x3004 })
  })

  it("asks for another try where the order is settled", () => {
    const log = new SignalLog(initialState(DEFAULT_ROLES, new Map([[ADMIN, ADMIN_ROLE]])), 2)
    for (const requestId of [5, 6, 7]) receiveSignal(drawn({ requestId }), log)
    const answered = receiveSignal(drawn({ requestId: 4 }), log)
    expect(answered).toMatchObject({ kind: "refused", reason: "state_conflict", code: 0x3005 })
    expect(ERROR_REGISTRY.GSP_STATE_CONFLICT.retryable).toBe(true)
  })

  it("returns for any bytes at all, and changes nothing unless it applied or refused a signal", () => {
    const mutated = fc.tuple(fc.nat({ max: 45 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const payload = encodeSignal(muteBob)
      payload[at % payload.length] = byte
      return payload
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), (payload) => {
        const log = newLog()
        const before = encodeState(log.state)
        const received = receiveSignal(arrived({ payload }), log)
        if (received.kind !== "applied") expect(encodeState(log.state)).toEqual(before)
        if (received.kind === "drop") expect(log.replay.signals).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})

describe("sending a signal", () => {
  it("applies it here, and arrives as it was meant", () => {
    const [ours, theirs] = [newLog(), newLog()]
    const sent = sendSignal({ signal: { type: "mute", target: BOB }, senderId: ADMIN, log: ours })
    if (sent.kind !== "signal") throw new Error(sent.reason)
    expect(sent.requestId).toBe(1)
    expect(receiveSignal(arrived({ payload: sent.payload }), theirs).kind).toBe("applied")
    expect(theirs.state).toEqual(ours.state)
    expect(decodeSignal(sent.payload).roleClaim).toBe(ADMIN_ROLE)
  })

  it("refuses what nobody would let have an effect, and sends nothing", () => {
    const log = newLog()
    const sent = sendSignal({ signal: { type: "mute", target: ADMIN }, senderId: BOB, log })
    expect(sent).toEqual({ kind: "refused", reason: "not_allowed" })
    expect(log.nextRequestId).toBe(1)
  })
})

describe("an acknowledgement", () => {
  it("is the map rid, sc, reason, det", () => {
    const answer = { requestId: 1, statusCode: 0x3002, reason: "no", details: fromHex("a0") }
    expect(toHex(encodeAcknowledgement(answer))).toBe("a4637269640162736319300266726561736f6e626e6f6364657441a0")
    expect(decodeAcknowledgement(encodeAcknowledgement(answer))).toEqual(answer)
  })

  it("has bounds on both sides", () => {
    const answer = { requestId: 1, statusCode: 0, reason: "x".repeat(257), details: new Uint8Array(0) }
    expect(() => encodeAcknowledgement(answer)).toThrow(RangeError)
    expect(() => encodeAcknowledgement({ ...answer, reason: "", details: new Uint8Array(1025) })).toThrow(RangeError)
  })
})
