import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ADMIN_ROLE, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE } from "./permissions.ts"
import { SignalLog } from "./signal-log.ts"
import type { LoggedSignal } from "./signal-log.ts"
import { decodeState, encodeState, initialState } from "./signal-state.ts"
import type { SignalState } from "./signal-state.ts"
import type { Signal } from "./signal.ts"

const ADMIN = 1
const BOB = 2
const CAROL = 3
const start = initialState(DEFAULT_ROLES, new Map([[ADMIN, ADMIN_ROLE]]))

const promote = (requestId: number, target: number): LoggedSignal => ({
  requestId,
  senderId: ADMIN,
  signal: { type: "role_change", target, role: MODERATOR_ROLE },
})
const demote = (requestId: number, target: number): LoggedSignal => ({
  requestId,
  senderId: ADMIN,
  signal: { type: "role_change", target, role: MEMBER_ROLE },
})
const mute = (requestId: number, senderId: number, target: number): LoggedSignal => ({
  requestId,
  senderId,
  signal: { type: "mute", target },
})

describe("the order of signals", () => {
  it("is that of their numbers, whatever order they come in", () => {
    const log = new SignalLog(start)
    expect(log.add(mute(2, BOB, CAROL))).toEqual({ kind: "added", refusal: "not_allowed", turned: [] })
    expect(log.add(promote(1, BOB))).toEqual({ kind: "added", refusal: undefined, turned: [mute(2, BOB, CAROL)] })
    expect(log.state.mutes).toEqual(new Map([[CAROL, BOB]]))
  })

  it("takes the effect of what stands behind a late demotion", () => {
    const log = new SignalLog(start)
    log.add(promote(1, BOB))
    log.add(mute(3, BOB, CAROL))
    expect(log.add(demote(2, BOB))).toEqual({ kind: "added", refusal: undefined, turned: [mute(3, BOB, CAROL)] })
    expect(log.state.mutes.size).toBe(0)
  })

  it("gives a new signal a number above all that were seen", () => {
    const log = new SignalLog(start)
    expect(log.nextRequestId).toBe(1)
    log.add(promote(41, BOB))
    log.add(promote(7, CAROL))
    expect(log.nextRequestId).toBe(42)
  })

  it("takes a number of a sender once", () => {
    const log = new SignalLog(start)
    log.add(promote(1, BOB))
    expect(log.add(demote(1, BOB))).toEqual({ kind: "duplicate" })
    expect(log.state.assignments.get(BOB)).toBe(MODERATOR_ROLE)
  })
})

describe("a full log", () => {
  it("settles its older half, and asks those who come behind it to try again", () => {
    const log = new SignalLog(start, 4)
    for (const requestId of [10, 20, 30, 40]) log.add(promote(requestId, BOB))
    expect(log.replay.signals).toHaveLength(4)
    log.add(mute(50, BOB, CAROL))
    expect(log.replay.signals.map(({ requestId }) => requestId)).toEqual([40, 50])
    expect(log.add(demote(15, BOB))).toEqual({ kind: "settled" })
    expect(log.add(promote(30, BOB))).toEqual({ kind: "duplicate" })
    expect(log.state.mutes.get(CAROL)).toBe(BOB)
    expect(log.nextRequestId).toBe(51)
  })

  it("gives whoever replays it the same state", () => {
    const log = new SignalLog(start, 4)
    for (const requestId of [1, 2, 3, 4, 5, 6])
      log.add(requestId % 2 === 0 ? promote(requestId, BOB) : demote(requestId, BOB))
    const { snapshot, signals } = log.replay
    const other = new SignalLog(decodeState(encodeState(snapshot)))
    for (const signal of signals) other.add(signal)
    expect(encodeState(other.state)).toEqual(encodeState(log.state))
  })
})

describe("the next epoch", () => {
  it("goes on from where the last one ended, with the group's roles and members", () => {
    const log = new SignalLog(start)
    log.add(promote(1, BOB))
    log.add(mute(2, BOB, CAROL))
    log.add(mute(3, BOB, BOB))
    log.enterEpoch(
      { roles: DEFAULT_ROLES, assignments: new Map([[CAROL, ADMIN_ROLE]]) },
      (memberId) => memberId !== BOB,
    )
    expect(log.state.assignments).toEqual(new Map([[CAROL, ADMIN_ROLE]]))
    expect(log.state.mutes).toEqual(new Map([[CAROL, BOB]]))
    expect(log.nextRequestId).toBe(1)
    expect(log.add(mute(1, BOB, CAROL)).kind).toBe("added")
  })
})

const memberId = fc.integer({ min: 1, max: 4 })
const anySignal: fc.Arbitrary<Signal> = fc.oneof(
  fc.constantFrom<Signal>({ type: "join" }, { type: "leave" }, { type: "codec_update", codec: 1 }),
  fc.record({ type: fc.constantFrom("mute" as const, "unmute" as const), target: memberId }),
  fc.record({
    type: fc.constant("role_change" as const),
    target: memberId,
    role: fc.constantFrom(MEMBER_ROLE, MODERATOR_ROLE, ADMIN_ROLE),
  }),
  fc.record({
    type: fc.constantFrom("stream_start" as const, "stream_stop" as const),
    stream: fc.constantFrom("audio" as const, "text" as const),
  }),
)
const anyLogged = fc.record({ requestId: fc.integer({ min: 1, max: 20 }), senderId: memberId, signal: anySignal })
const distinct = fc.uniqueArray(anyLogged, {
  maxLength: 30,
  selector: ({ requestId, senderId }) => `${requestId}/${senderId}`,
})

describe("members with the same signals", () => {
  it("agree on the state, whatever order the signals came in", () => {
    const shuffled = distinct.chain((signals) =>
      fc.tuple(fc.constant(signals), fc.shuffledSubarray(signals, { minLength: signals.length })),
    )
    fc.assert(
      fc.property(shuffled, ([first, second]) => {
        expect(encodeState(folded(second))).toEqual(encodeState(folded(first)))
      }),
      { numRuns: 500 },
    )
  })

  it("write a state that reads back as it was", () => {
    fc.assert(
      fc.property(distinct, (signals) => {
        const state = folded(signals)
        expect(encodeState(decodeState(encodeState(state)))).toEqual(encodeState(state))
        expect(decodeState(encodeState(state))).toEqual(state)
      }),
    )
  })
})

function folded(signals: readonly LoggedSignal[]): SignalState {
  const log = new SignalLog(start)
  for (const signal of signals) log.add(signal)
  return log.state
}
